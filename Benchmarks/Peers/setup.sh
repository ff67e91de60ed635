#!/bin/sh
# Makes `.venv-peers` in the root of the repository: the Python environment of the rivals of `zvlen-bench compare`, and of
# Benchmarks/Charts.
#
# Uses the newest suitable Python (3.12 or later has a newer zarr-python, with its fused pipeline), or the one in the
# variable PYTHON, and installs requirements.txt, which takes minutes. Names what cannot be installed; the comparison
# then lacks it. Returns at once if all is installed.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
environment=$root/.venv-peers

say() {
  echo "peers: $*"
}

# shellcheck source=Scripts/python.sh
. "$root/Scripts/python.sh"

lock_environment "$environment"
if is_installed "$environment" "$here/requirements.txt"; then
  say "$environment is up to date"
  exit 0
fi
# Versions of pyenv may not be on PATH.
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
  # Without a mark the next run tries again.
  say "could not install$missing; the comparison goes without"
else
  mark_installed "$environment" "$here/requirements.txt"
  say "done"
fi
