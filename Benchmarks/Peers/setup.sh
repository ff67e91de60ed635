#!/bin/sh
# Makes the Python environment of the rivals that `zvlen-bench compare` runs, and of Benchmarks/Charts: `.venv-peers` in
# the root of the repository.
#
# Takes the newest suitable Python (3.12 or later has a newer zarr-python, with its fused pipeline), or the one that
# the variable PYTHON names, and installs what requirements.txt names, some minutes' work. What cannot be installed is
# said, and is missing in the comparison. Returns at once when that is done already.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
environment=$root/.venv-peers
stamp=$environment/.installed

say() {
  echo "peers: $*"
}

# shellcheck source=Scripts/python.sh
. "$root/Scripts/python.sh"

key() {
  cksum <"$here/requirements.txt"
  "$environment/bin/python" -c 'import sys; print(sys.version)' 2>/dev/null
}

is_installed() {
  [ -f "$stamp" ] && [ "$(key)" = "$(cat "$stamp")" ]
}

lock_environment "$environment"
if is_installed; then
  say "$environment is up to date"
  exit 0
fi
# Versions that pyenv has need not be on PATH.
require_python python3.13 python3.12 "${HOME:-}"/.pyenv/versions/3.1[23]*/bin/python3 python3 /usr/bin/python3
make_environment "$environment"
missing=
while read -r requirement; do
  case $requirement in '' | '#'*) continue ;; esac
  if ! "$environment/bin/python" -m pip install --quiet --disable-pip-version-check "$requirement"; then
    missing="$missing ${requirement%%[=;]*}"
  fi
done <"$here/requirements.txt"
if [ -n "$missing" ]; then
  # Without a stamp the next run tries again.
  say "could not install$missing; the comparison goes without"
else
  key >"$stamp"
  say "done"
fi
