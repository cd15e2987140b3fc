#!/usr/bin/env bash
# kcat, from Debian. It reads lines and has one set of headers for all messages, so its records are text without headers
# (see `limits`). See ../README.md for the subcommands.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
command=$1
shift
case "$command" in
  setup) command -v kcat >/dev/null ;;
  version) echo "kcat $(kcat -V 2>&1 | sed -n 's/^Version \([0-9.]*\).*/\1/p')" ;;
  codecs) echo "none gzip snappy lz4 zstd" ;;
  limits) echo "text header null-value null-key empty-value empty-key" ;;
  metadata) kcat -b "$1" -L -t "$2" | sed -n 's/^ *topic ".*" with \([0-9]*\) partitions.*/\1/p' ;;
  produce)
    once=()
    [ -n "${IDEMPOTENT:-}" ] && once=(-X enable.idempotence=true)
    for partition in 0 1 2; do
      python3 "$here/text.py" lines "$4" "$partition" | kcat -b "$1" -P -t "$2" -p "$partition" -z "$3" -K '|' "${once[@]}"
    done
    ;;
  consume)
    for partition in 0 1 2; do
      kcat -b "$1" -C -t "$2" -p "$partition" -o beginning -e -q -f '%p %K %S %k|%s\n'
    done | python3 "$here/text.py" records "$3"
    ;;
  member)
    more=()
    [ "${4:-}" = cooperative ] && more=(-X partition.assignment.strategy=cooperative-sticky)
    [ -n "${5:-}" ] && more+=(-X "group.instance.id=$5")
    exec kcat -b "$1" -q -u -f 'R %p %o\n' -X session.timeout.ms=6000 -X heartbeat.interval.ms=1000 \
      -X auto.offset.reset=earliest "${more[@]}" -G "$2" "$3"
    ;;
  transaction | own) exit 3 ;;
esac
