#!/usr/bin/env bash
# Stock clients as members of consumer groups, against a fresh broker; then those that know it by the new consumer protocol;
# then with brokers that die and come back, and with clients that mean harm.
# usage: run.sh [CLIENT...] (all by default), or run.sh new (the new protocol alone). OTTLA=path names another binary.
# Last line: N passed, N failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../broker.sh"
work=$here/../../build/compat/log/groups
mkdir -p "$work"
work=$(cd "$work" && pwd)
clients=("$@")
new_clients=(confluent-kafka franz-go java)
only_new=
[ "${1:-}" = new ] && only_new=yes && clients=("${new_clients[@]}")
[ ${#clients[@]} -gt 0 ] || clients=(kcat confluent-kafka java kafka-python aiokafka franz-go sarama kafkajs platformatic-kafka)
for client in confluent-kafka java "${clients[@]}"; do
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
# with_broker NAME [serve options] -- SCRIPT CLIENT...: runs a script against a broker of its own.
with_broker() {
  local name=$1 options=()
  shift
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  local script=$2
  shift 2
  start_broker "$dir/$name" "${options[@]}"
  count "$python" "$here/$script" "$BOOTSTRAP" "$work" "$@"
  cp "$dir/$name/broker.err" "$work/$name.err"
  if ! stop_broker; then
    echo "FAIL the broker did not end well"
    failed=$((failed + 1))
  fi
}
# Not every client knows every kind: sarama and aiokafka have no cooperative assignor, kafkajs no static members, and those
# of @platformatic/kafka leave when they stop.
kinds=(kcat confluent-kafka java franz-go kafka-python static=sarama static=aiokafka)
if [ -z "$only_new" ]; then
  with_broker classic -- groups.py "${clients[@]}"
  with_broker kinds -- kinds.py "$dir/kinds/broker.err" "${kinds[@]}"
fi
with_broker new --set group.consumer.session.timeout.ms=4000 --set group.consumer.heartbeat.interval.ms=500 -- \
  consumer_protocol.py "${new_clients[@]}"
if [ -z "$only_new" ]; then
  OTTLA="$(cd "$(dirname "$OTTLA")" && pwd)/$(basename "$OTTLA")"
  export OTTLA
  count "$python" "$here/restart.py" "$work" confluent-kafka
  count "$here/hostile_groups.py"
  count "$here/explain.py"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
