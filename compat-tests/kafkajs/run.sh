#!/usr/bin/env bash
# kafkajs with its snappy plugin. It reads as a group only. See ../README.md for the subcommands.
codecs="none gzip snappy"
limits="null-header-value repeated-header"
reads=no
. "$(dirname "$0")/../node_run.sh"
