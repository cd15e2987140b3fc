# Sourced by test scripts: a broker of one's own. OTTLA names another binary (a sanitizer build, say).
OTTLA=${OTTLA:-$(dirname "${BASH_SOURCE[0]}")/../build/release/ottla}

# start_broker DIR [serve options]: sets BROKER_PID and BOOTSTRAP; stdout and stderr go to DIR/broker.out and .err.
start_broker() {
  local dir=$1
  shift
  mkdir -p "$dir"
  : >"$dir/broker.out"  # looked into below, perhaps before the broker has begun
  "$OTTLA" serve --set listeners=PLAINTEXT://127.0.0.1:0 --set http.listener= --set log.dirs="$dir/data" \
    --set num.partitions=3 "$@" >"$dir/broker.out" 2>>"$dir/broker.err" &
  BROKER_PID=$!
  for _ in $(seq 200); do
    BOOTSTRAP=$(sed -n 's/^ottla ready: PLAINTEXT:\/\/\([^ ]*\).*/\1/p' "$dir/broker.out")
    [ -n "$BOOTSTRAP" ] && return 0
    kill -0 "$BROKER_PID" 2>/dev/null || break
    sleep 0.05
  done
  echo "the broker did not start:" >&2
  cat "$dir/broker.err" >&2
  return 1
}

# Ends it and gives its exit status.
stop_broker() {
  kill "$BROKER_PID" 2>/dev/null
  wait "$BROKER_PID"
}
