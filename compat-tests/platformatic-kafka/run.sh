#!/usr/bin/env bash
# @platformatic/kafka. It reads as a group only. See ../README.md for the subcommands.
codecs="none gzip snappy lz4 zstd"
limits="reading null-header-value repeated-header null-record"
. "$(dirname "$0")/../node_run.sh"
