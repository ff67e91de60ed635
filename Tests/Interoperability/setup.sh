#!/bin/sh
# Makes the Python environments of the interoperability tests: `.venv` in the root of the repository, and in it
# `zarr2` with zarr-python 2.
#
# Uses the newest suitable Python on PATH (3.11 or later), or the one in the variable PYTHON, and installs
# requirements.txt and requirements-zarr2.txt. Returns at once if all is installed.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
environment=$root/.venv
stamp=$environment/.installed

say() {
  echo "setup: $*"
}

# shellcheck source=Scripts/python.sh
. "$root/Scripts/python.sh"

# The inputs of the installation: the requirements and the version of Python.
key() {
  cat "$here/requirements.txt" "$here/requirements-zarr2.txt" | cksum
  "$1" -c 'import sys; print(sys.version)' 2>/dev/null
}

is_installed() {
  [ -f "$stamp" ] && [ "$(key "$environment/bin/python")" = "$(cat "$stamp")" ]
}

if [ -z "${PYTHON:-}" ] && is_installed; then
  say "$environment is up to date"
  exit 0
fi

require_python python3.13 python3.12 python3 python3.11 /usr/bin/python3
lock_environment "$environment"
if is_installed && [ "$(key "$python")" = "$(cat "$stamp")" ]; then
  say "$environment is up to date"
  exit 0
fi

make_environment "$environment"
say "installing the requirements"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
  --requirement "$here/requirements.txt"
"$python" -m venv "$environment/zarr2"
"$environment/zarr2/bin/python" -m pip install --quiet --disable-pip-version-check \
  --requirement "$here/requirements-zarr2.txt"
key "$environment/bin/python" >"$stamp"
say "done: $("$environment/bin/python" -c 'import zarr, zarrista; print("zarr-python", zarr.__version__)')"
