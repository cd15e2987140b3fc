#!/usr/bin/env bash
# See ../README.md for the subcommands.
module=github.com/twmb/franz-go
codecs="none gzip snappy lz4 zstd"
limits=""
. "$(dirname "$0")/../go_run.sh"
