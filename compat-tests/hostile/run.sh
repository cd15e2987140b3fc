#!/usr/bin/env bash
# The hostile bytes against a fresh broker. Last line: N passed, N failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../broker.sh"
dir=$(mktemp -d)
trap 'kill -9 $BROKER_PID 2>/dev/null || true; rm -rf "$dir"' EXIT
start_broker "$dir"
status=0
python3 "$here/hostile.py" "$BOOTSTRAP" "$BROKER_PID" >"$dir/out" || status=1
grep -v '^ok' "$dir/out" || true
stop_broker || { cat "$dir/broker.err"; echo "0 passed, 1 failed"; exit 1; }
exit $status
