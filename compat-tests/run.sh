#!/usr/bin/env bash
# Stock clients, unchanged, against a fresh broker. usage: run.sh [CLIENT...]   (all by default)
# run.sh --all: the suites that clients ship besides, and one table of everything.
# BOOTSTRAP=host:port uses a broker that runs already; OTTLA=path another binary. Last line: N passed, N failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ "${1:-}" != --all ] || exec "$here/all_clients.py"
. "$here/broker.sh"
work=$here/../build/compat/log
rm -rf "$work"
mkdir -p "$work"
clients=("$@")
[ ${#clients[@]} -gt 0 ] ||
  clients=(kcat librdkafka java franz-go sarama kafka-python aiokafka confluent-kafka kafkajs platformatic-kafka)
status=0
if [ -n "${BOOTSTRAP:-}" ]; then
  python3 "$here/run.py" "$BOOTSTRAP" "$work" "${clients[@]}" || status=1
else
  dir=$(mktemp -d)
  trap 'kill -9 $BROKER_PID 2>/dev/null || true; rm -rf "$dir"' EXIT
  start_broker "$dir"
  DATA=$dir/data python3 "$here/run.py" "$BOOTSTRAP" "$work" "${clients[@]}" || status=1
  stop_broker || { status=1; tail -50 "$dir/broker.err"; echo "0 passed, 1 failed (the broker did not end well)"; }
fi
exit $status
