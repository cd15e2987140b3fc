#!/usr/bin/env bash
# kafka-clients, the Java client. See ../README.md for the subcommands.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$here/../../build/compat/java"
build=$(cd "$here/../../build/compat/java" && pwd)
command=$1
shift
case "$command" in
  setup)
    if ! cmp -s "$here/pom.xml" "$build/pom.xml"; then
      rm -rf "$build/jars"
      mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$build/jars" >&2
      cp "$here/pom.xml" "$build/pom.xml"
    fi
    javac -d "$build/classes" -cp "$build/jars/*" "$here/Client.java" >&2
    ;;
  version) echo "kafka-clients $(ls "$build"/jars/kafka-clients-*.jar | sed 's/.*kafka-clients-\(.*\)\.jar/\1/')" ;;
  codecs) echo "none gzip snappy lz4 zstd" ;;
  limits) echo ;;
  own) exit 3 ;;
  *) exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$build/jars/*:$build/classes" Client "$command" "$@" ;;
esac
