#!/usr/bin/env bash
# @platformatic/kafka. It reads as a group only. See ../README.md for the subcommands.
codecs="none gzip snappy lz4 zstd"
limits="null-header-value repeated-header null-record"
reads=no
. "$(dirname "$0")/../node_run.sh"
