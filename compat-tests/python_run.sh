# Sourced by the run.sh of each Python client, which has set `package`, `pins`, `codecs` and `limits`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
client=$(basename "$here")
venv=$here/../../build/compat/$client/venv
command=$1
shift
case "$command" in
  setup)
    if [ "$(cat "$venv/pins" 2>/dev/null)" != "$pins" ]; then
      rm -rf "$venv"
      mkdir -p "$(dirname "$venv")"
      python3 -m venv "$venv" >&2
      "$venv/bin/pip" install --quiet --disable-pip-version-check $pins >&2
      echo "$pins" >"$venv/pins"
    fi
    ;;
  version) echo "${pins%% *}" | sed 's/==/ /' ;;
  codecs) echo "$codecs" ;;
  limits) echo "$limits" ;;
  own)
    [ -e "$here/own.py" ] || exit 3
    exec "$venv/bin/python" "$here/own.py" "$@"
    ;;
  *) PYTHONPATH=$here/.. exec "$venv/bin/python" "$here/client.py" "$command" "$@" ;;
esac
