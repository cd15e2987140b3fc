#!/usr/bin/env bash
# Compares our messages with Kafka's: their declarations with the schemas in the kafka-clients jar
# (compare_schemas.py), their bytes with what Kafka's codec writes (Oracle.java).
#
# usage: run.sh [BUILD_DIR]     (holds ottla_oracle; the jars are kept in BUILD_DIR/oracle)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../../build/release}" && pwd)
oracle=$build/ottla_oracle
jars=$build/oracle/jars

if [[ ! -x $oracle ]]; then
  echo "no $oracle: build the target ottla_oracle first" >&2
  exit 2
fi

resolve() {
  mvn -q -B "$@" -f "$here/pom.xml" dependency:copy-dependencies \
    -DoutputDirectory="$jars" -DincludeArtifactIds=kafka-clients,slf4j-api
}
if [[ ! -e $jars/resolved || $here/pom.xml -nt $jars/resolved ]]; then
  rm -rf "$jars"
  mkdir -p "$jars"
  resolve -o >/dev/null 2>&1 || resolve
  touch "$jars/resolved"
fi
clients=("$jars"/kafka-clients-*.jar)

# Runs one part, prints what it says, and keeps its last line: "MESSAGES COMPARISONS DIFFERENCES".
failed=0
part() {
  local title=$1 output numbers
  shift
  output=$("$@") || failed=1
  numbers=$(tail -n 1 <<<"$output")
  if [[ ! $numbers =~ ^[0-9]+\ [0-9]+\ [0-9]+$ ]]; then
    echo "$output"
    echo "oracle: $title did not finish"
    exit 1
  fi
  head -n -1 <<<"$output"
  read -r messages comparisons differences <<<"$numbers"
  echo "$title: $messages messages, $comparisons comparisons, $differences differences"
}

part declarations python3 "$here/compare_schemas.py" "$oracle" "${clients[0]}" "$here/../../protocol/api"
declared=("$messages" "$comparisons" "$differences")
part bytes java -cp "$jars/*" "$here/Oracle.java" "$oracle"
if ((declared[0] != messages)); then
  echo "the two parts did not see the same messages"
  failed=1
fi
echo "oracle: $messages messages, $((declared[1] + comparisons)) comparisons, $((declared[2] + differences)) differences"
exit $failed
