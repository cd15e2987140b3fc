#!/usr/bin/env bash
# aiokafka with cramjam, which brings its codecs. See ../README.md for the subcommands.
pins="aiokafka==0.14.0 cramjam==2.11.0"
codecs="none gzip snappy lz4 zstd"
limits="null-record"
. "$(dirname "$0")/../python_run.sh"
