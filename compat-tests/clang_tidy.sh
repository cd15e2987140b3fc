#!/usr/bin/env bash
# The checks of .clang-tidy over our sources and headers, two files at a time.
#   clang_tidy.sh        by clangd, which looks at a file's own declarations and not, for every file anew, at all that it
#                        includes: a sixth of the time. It has no path-sensitive analyzer.
#   clang_tidy.sh deep   by clang-tidy itself, analyzer and all
# A file is not read again while neither its text, nor any header, nor the rules have changed since it was found clean.
set -euo pipefail
cd "$(dirname "$0")/.."
how=${1:-quick}
stamps=build/clang-tidy/$how
mkdir -p "$stamps"
shared=$(cat .clang-tidy .clangd $(git ls-files -co --exclude-standard '*.h') "$0" | sha256sum | cut -c1-32)
export how stamps shared

check() {
  local stamp found=0
  stamp="$stamps/$(cat "$1" <(echo "$shared") | sha256sum | cut -c1-32)"
  [ -f "$stamp" ] && return 0
  if [ "$how" = deep ]; then
    clang-tidy-19 --quiet -p build/release --extra-arg=-Wno-ignored-gch "$1" >"$stamp.log" 2>/dev/null || found=1
  else
    clangd-19 --check="$1" --check-locations=0 --compile-commands-dir=build/release --log=error --enable-config \
      >"$stamp.log" 2>&1 || found=1
    grep -q '^E' "$stamp.log" && found=1
  fi
  if [ "$found" = 0 ]; then
    mv "$stamp.log" "$stamp"
  else
    sed "s|^E\[[0-9:.]*\]|$1:|" "$stamp.log"
    rm -f "$stamp.log"
    return 1
  fi
}
export -f check

files=('*.cc')
[ "$how" = deep ] || files+=('*.h')  # clang-tidy sees the headers with the sources
git ls-files -co --exclude-standard "${files[@]}" | grep -v asio_source | xargs -P 2 -I{} bash -c 'check {}'
