#!/usr/bin/env bash
# Stock clients as members of consumer groups, against a fresh broker. usage: run.sh [CLIENT...]   (all by default)
# BOOTSTRAP=host:port uses a broker that runs already; OTTLA=path another binary. Last line: N passed, N failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../broker.sh"
work=$here/../../build/compat/log/groups
mkdir -p "$work"
clients=("$@")
[ ${#clients[@]} -gt 0 ] || clients=(kcat confluent-kafka kafka-python aiokafka franz-go sarama kafkajs)
for client in confluent-kafka "${clients[@]}"; do
  "$here/../$client/run.sh" setup >"$work/setup-$client.log" 2>&1 ||
    { cat "$work/setup-$client.log"; echo "0 passed, 1 failed (setup of $client)"; exit 1; }
done
if [ -z "${BOOTSTRAP:-}" ]; then
  dir=$(mktemp -d)
  trap 'kill -9 $BROKER_PID 2>/dev/null || true; rm -rf "$dir"' EXIT
  start_broker "$dir"
fi
status=0
"$here/../../build/compat/confluent-kafka/venv/bin/python" "$here/groups.py" "$BOOTSTRAP" "$work" "${clients[@]}" || status=1
[ -z "${dir:-}" ] || cp "$dir/broker.err" "$work/broker.err"
exit $status
