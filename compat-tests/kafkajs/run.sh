#!/usr/bin/env bash
# kafkajs with its snappy plugin and the zstd of Node. It reads as a group only. See ../README.md for the subcommands.
codecs="none gzip snappy zstd"
limits="reading null-header-value repeated-header"
. "$(dirname "$0")/../node_run.sh"
