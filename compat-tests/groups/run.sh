#!/usr/bin/env bash
# Stock clients as members of consumer groups, against a fresh broker; then with brokers that die and come back,
# and with clients that mean harm.
# usage: run.sh [CLIENT...]   (all by default). OTTLA=path names another binary. Last line: N passed, N failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../broker.sh"
work=$here/../../build/compat/log/groups
mkdir -p "$work"
work=$(cd "$work" && pwd)
clients=("$@")
[ ${#clients[@]} -gt 0 ] || clients=(kcat confluent-kafka kafka-python aiokafka franz-go sarama kafkajs)
for client in confluent-kafka "${clients[@]}"; do
  "$here/../$client/run.sh" setup >"$work/setup-$client.log" 2>&1 ||
    { cat "$work/setup-$client.log"; echo "0 passed, 1 failed (setup of $client)"; exit 1; }
done
python=$here/../../build/compat/confluent-kafka/venv/bin/python
passed=0
failed=0
# Shows what a script says, and adds its last line to ours.
count() {
  local log counts
  log=$(mktemp)
  "$@" | tee "$log" | grep -v ' passed, ' || true
  counts=$(tail -1 "$log")
  rm -f "$log"
  if [[ $counts =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
  else
    failed=$((failed + 1))
  fi
}

dir=$(mktemp -d)
trap 'kill -9 $BROKER_PID 2>/dev/null || true; rm -rf "$dir"' EXIT
start_broker "$dir"
count "$python" "$here/groups.py" "$BOOTSTRAP" "$work" "${clients[@]}"
cp "$dir/broker.err" "$work/broker.err"
if ! stop_broker; then
  echo "FAIL the broker did not end well"
  failed=$((failed + 1))
fi
count env OTTLA="$(cd "$(dirname "$OTTLA")" && pwd)/$(basename "$OTTLA")" "$python" "$here/restart.py" "$work" confluent-kafka
count env OTTLA="$(cd "$(dirname "$OTTLA")" && pwd)/$(basename "$OTTLA")" "$here/hostile_groups.py"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
