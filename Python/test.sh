#!/bin/sh
# Builds the wheel, tests the Python package as it is when the wheel is installed, and runs ruff and mypy.
#
#   test.sh [--if-possible]
#
# Makes an environment, `.venv-python` in the root of the repository, with the newest Python from 3.12 on that is
# found on PATH or among the versions of pyenv, or the one that the variable PYTHON names. Without one, this is
# an error, or with --if-possible a message.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/.." && pwd)
environment=$root/.venv-python

say() {
  echo "python-test: $*"
}

# shellcheck source=Scripts/python.sh
. "$root/Scripts/python.sh"

if ! python=$(find_package_python); then
  say "there is no Python of version 3.12 or later, which zarr-python 3.4 needs; name one with PYTHON=..." >&2
  [ "${1:-}" = --if-possible ] || exit 1
  say "the Python package was left out"
  exit 0
fi

lock_environment "$environment"
if ! is_installed "$environment" "$here/tests/requirements.txt"; then
  make_environment "$environment"
  say "installing the requirements"
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
    --requirement "$here/tests/requirements.txt"
  mark_installed "$environment" "$here/tests/requirements.txt"
fi
say "using $("$environment/bin/python" --version)"
PYTHON=$python sh "$here/wheel.sh"
sh "$root/Tests/ZarrC/run.sh" "${ZARR_VLEN_SCRATCH:-$root/.build-python}/release"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
  --no-deps --force-reinstall "$here"/dist/*.whl

cd "$here"
"$environment/bin/ruff" check .
"$environment/bin/ruff" format --check .
"$environment/bin/mypy"
"$environment/bin/python" -m pytest --quiet --numprocesses auto --dist worksteal
