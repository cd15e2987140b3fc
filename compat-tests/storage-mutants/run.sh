#!/usr/bin/env bash
# Breaks the storage code in one place at a time, in a copy, and expects the storage tests to notice. Prints for each
# mutant the first test that fails; the last line is "N passed, N failed". "power-cut": the power cut test instead, on
# the mutants that it must catch.
set -euo pipefail
cd "$(dirname "$0")/../.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r CMakeLists.txt CMakePresets.json protocol storage replication broker compat-tests "$copy"
exec python3 compat-tests/storage-mutants/mutants.py "$copy" "$@"
