# Sourced by the run.sh of each Go client, which has set `module`, `codecs` and `limits`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
client=$(basename "$here")
mkdir -p "$here/../../build/compat/$client"
build=$(cd "$here/../../build/compat/$client" && pwd)
. "$here/../toolchains.sh"
command=$1
shift
case "$command" in
  setup)
    use_go
    (cd "$here" && go build -o "$build/client" .) >&2
    ;;
  version) echo "$client $(sed -n "s|^.*$module \(v[^ ]*\).*|\1|p" "$here/go.mod" | head -1)" ;;
  codecs) echo "$codecs" ;;
  limits) echo "$limits" ;;
  own) exit 3 ;;
  *) exec "$build/client" "$command" "$@" ;;
esac
