#!/usr/bin/env bash
# Kafka's files: Apache Kafka's own tools and broker read our directory, and we read theirs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$here/../../build/compat/interop"
build=$(cd "$here/../../build/compat/interop" && pwd)
if ! cmp -s "$here/pom.xml" "$build/pom.xml"; then
  rm -rf "$build/jars"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$build/jars" >&2
  cp "$here/pom.xml" "$build/pom.xml"
fi
javac -d "$build/classes" -cp "$build/jars/*" "$here/Interop.java" >&2
exec python3 "$here/interop.py" "$build" "$@"
