#!/usr/bin/env bash
# kafka-python with the packages it names for its codecs. See ../README.md for the subcommands.
pins="kafka-python==3.0.12 python-snappy==0.7.3 lz4==4.4.4 zstandard==0.23.0"
codecs="none gzip snappy lz4 zstd"
limits="null-header-value null-record"
. "$(dirname "$0")/../python_run.sh"
