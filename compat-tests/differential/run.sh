#!/usr/bin/env bash
# The same requests to an Apache Kafka and to us, the answers compared field by field. Needs Java 17 and Maven.
# usage: run.sh [PATTERN]   only the scenarios with that text. Last line: N passed, N failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
"$here/../kafka-tools/setup.sh"
build=$here/../../build/compat
mkdir -p "$build/differential"
[ "$here/Codec.java" -ot "$build/differential/Codec.class" ] && [ "$here/Records.java" -ot "$build/differential/Records.class" ] ||
  javac -d "$build/differential" -cp "$build/kafka-tools/jars/*" "$here"/*.java >&2
exec python3 "$here/run.py" "$@"
