#!/usr/bin/env bash
# librdkafka, from Debian, by its C++ interface. See ../README.md for the subcommands.
set -euo pipefail
build=$(cd "$(dirname "$0")/../.." && pwd)/build/release
command=$1
shift
case "$command" in
  setup) cmake --build "$build" --target librdkafka_client librdkafka_test >&2 ;;
  version) echo "librdkafka $(dpkg-query -W -f '${Version}' librdkafka++1)" ;;
  codecs) echo "none gzip snappy lz4 zstd" ;;
  limits) echo ;;
  own) BOOTSTRAP=$1 exec "$build/librdkafka_test" ;;
  *) exec "$build/librdkafka_client" "$command" "$@" ;;
esac
