# Sourced: finds or installs Go and Node below build/toolchains, from Debian, the Go module proxy and npm alone.
toolchains=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/toolchains
node_wanted=22.22.0

at_least() { printf '%s\n%s\n' "$1" "$2" | sort -V -C; }

# Debian 12 has Go 1.19, which cannot switch toolchains (that began with 1.21). Its backports have newer ones, which fetch
# the version that go.mod asks for from the module proxy (GOTOOLCHAIN=auto).
use_go() {
  local found
  found=$(go env GOVERSION 2>/dev/null | sed 's/^go//') || true
  if [ -z "$found" ] || ! at_least 1.21 "$found"; then
    local newest
    newest=$(ls -d /usr/lib/go-1.2[1-9]/bin 2>/dev/null | sort -V | tail -1)
    [ -n "$newest" ] || { echo "no Go from 1.21 on; ./dev installs one" >&2; return 1; }
    PATH=$newest:$PATH
  fi
  export PATH GOTOOLCHAIN=auto GOSUMDB=${GOSUMDB:-sum.golang.org}
}

# Debian 12 has Node 18, too old for @platformatic/kafka. npm's package `node` carries the program itself.
use_node() {
  local found
  found=$(node --version 2>/dev/null | sed 's/^v//') || true
  if [ -z "$found" ] || ! at_least "$node_wanted" "$found"; then
    if [ ! -x "$toolchains/node/node_modules/node/bin/node" ]; then
      mkdir -p "$toolchains/node"
      (cd "$toolchains/node" && npm install --silent --no-audit --no-fund --no-package-lock "node@$node_wanted") >&2
    fi
    PATH=$toolchains/node/node_modules/node/bin:$PATH
  fi
  export PATH
}
