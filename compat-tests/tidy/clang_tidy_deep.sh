#!/usr/bin/env bash
# All the checks of .clang-tidy by clang-tidy itself, path-sensitive analyzer and all, two files at a time. Slow.
# A file is not read again while neither its text, nor any header, nor the rules have changed since it was found clean.
set -euo pipefail
cd "$(dirname "$0")/../.."
stamps=build/clang-tidy
mkdir -p "$stamps"
shared=$(cat .clang-tidy $(git ls-files -co --exclude-standard '*.h') "$0" | sha256sum | cut -c1-32)
export stamps shared

check() {
  local stamp
  stamp="$stamps/$(cat "$1" <(echo "$shared") | sha256sum | cut -c1-32)"
  [ -f "$stamp" ] && return 0
  if clang-tidy-19 --quiet -p build/release --extra-arg=-Wno-ignored-gch "$1" >"$stamp.log" 2>/dev/null; then
    mv "$stamp.log" "$stamp"
  else
    cat "$stamp.log"
    rm -f "$stamp.log"
    return 1
  fi
}
export -f check

# clang-tidy sees the headers with the sources.
git ls-files -co --exclude-standard '*.cc' | grep -v asio_source | xargs -P 2 -I{} bash -c 'check {}'
