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

say() {
  echo "setup: $*"
}

# shellcheck source=Scripts/python.sh
. "$root/Scripts/python.sh"

set -- "$here/requirements.txt" "$here/requirements-zarr2.txt"

if [ -z "${PYTHON:-}" ] && is_installed "$environment" "$@"; then
  say "$environment is up to date"
  exit 0
fi

require_python python3.13 python3.12 python3 python3.11 /usr/bin/python3
lock_environment "$environment"
if is_installed "$environment" "$@" &&
  [ "$(environment_key "$python" "$@")" = "$(cat "$environment/.installed")" ]; then
  say "$environment is up to date"
  exit 0
fi

make_environment "$environment"
say "installing the requirements"
install_requirements "$environment" "$here/requirements.txt"
"$python" -m venv "$environment/zarr2"
install_requirements "$environment/zarr2" "$here/requirements-zarr2.txt"
mark_installed "$environment" "$@"
say "done: $("$environment/bin/python" -c 'import zarr, zarrista; print("zarr-python", zarr.__version__)')"
