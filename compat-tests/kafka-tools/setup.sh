#!/usr/bin/env bash
# Fetches the jars of Apache Kafka 4.3.1 and compiles what is here, below build/compat/kafka-tools; quick when that is
# done. Needs Java 17 and Maven.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$here/../../build/compat/kafka-tools"
build=$(cd "$here/../../build/compat/kafka-tools" && pwd)
if ! cmp -s "$here/pom.xml" "$build/pom.xml"; then
  rm -rf "$build/jars"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$build/jars" >&2
  cp "$here/pom.xml" "$build/pom.xml"
fi
mkdir -p "$build/classes"
[ "$here/Tools.java" -ot "$build/classes/Tools.class" ] && [ "$here/Server.java" -ot "$build/classes/Server.class" ] &&
  [ "$here/Definitions.java" -ot "$build/classes/Definitions.class" ] ||
  javac -d "$build/classes" -cp "$build/jars/*" "$here"/*.java >&2
