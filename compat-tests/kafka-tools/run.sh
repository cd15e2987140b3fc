#!/usr/bin/env bash
# Kafka's own tools run on us and on an Apache Kafka, and their outputs are compared. Needs Java 17 and Maven.
# usage: run.sh [PATTERN]   only the commands with that text. Last line: N passed, N failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
"$here/setup.sh"
exec python3 "$here/compare.py" "$@"
