# Sourced by the run.sh of each Node client, which has set `codecs` and `limits`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
client=$(basename "$here")
mkdir -p "$here/../../build/compat/$client"
build=$(cd "$here/../../build/compat/$client" && pwd)
. "$here/../toolchains.sh"
use_node
command=$1
shift
case "$command" in
  setup)
    if ! cmp -s "$here/package.json" "$build/package.json"; then
      cp "$here/package.json" "$build/package.json"
      (cd "$build" && npm install --silent --no-audit --no-fund --no-package-lock) >&2 || { rm "$build/package.json"; exit 1; }
    fi
    cp "$here"/*.mjs "$here"/../*.mjs "$build/"
    ;;
  version) node -e "const d=require('$here/package.json').dependencies; const n=Object.keys(d)[0]; console.log(n, d[n])" ;;
  codecs) echo "$codecs" ;;
  limits) echo "$limits" ;;
  own) exit 3 ;;
  *) exec node "$build/client.mjs" "$command" "$@" ;;
esac
