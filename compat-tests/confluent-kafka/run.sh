#!/usr/bin/env bash
# confluent-kafka: the newest librdkafka, inside its wheel. See ../README.md for the subcommands.
pins="confluent-kafka==2.16.1"
codecs="none gzip snappy lz4 zstd"
limits=""
. "$(dirname "$0")/../python_run.sh"
