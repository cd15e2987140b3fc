#!/usr/bin/env bash
# The hostile bytes to a fresh broker and to an Apache Kafka, which needs Java 17 and Maven; the whole table goes to
# build/compat/hostile.txt. HOSTILE_WITHOUT_KAFKA=1: to our broker alone. Last line: N passed, N failed.
# usage: run.sh [TEXT]   only the rows with that in number and name
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ "${HOSTILE_WITHOUT_KAFKA:-}" = 1 ] || "$here/../kafka-tools/setup.sh"
mkdir -p "$here/../../build/compat"
exec python3 "$here/hostile.py" "$here/../../build/compat/hostile.txt" "$@"
