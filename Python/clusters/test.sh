#!/bin/sh
# Tests the adapters of the Python package with clusters of dask, Ray and Spark on this machine.
#
#   test.sh --wheel             installs the wheel in Python/dist, and runs all tests
#   test.sh [PYTEST-ARGUMENT]   runs tests with the wheel that is installed
#
# Makes an environment, `.venv-cluster` in the root of the repository, with the newest Python from 3.12 on that is found,
# or the one that the variable PYTHON names.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
environment=$root/.venv-cluster

say() {
  echo "cluster-test: $*"
}

# shellcheck source=Scripts/python.sh
. "$root/Scripts/python.sh"

if ! python=$(find_package_python); then
  say "there is no Python of version 3.12 or later; name one with PYTHON=..." >&2
  exit 1
fi
command -v java >/dev/null 2>&1 || install_packages openjdk-17-jre-headless
sh "$root/Tests/Remote/setup.sh"

lock_environment "$environment"
if ! is_installed "$environment" "$here/requirements.txt"; then
  make_environment "$environment"
  say "installing dask, Ray and Spark"
  install_requirements "$environment" "$here/requirements.txt"
  mark_installed "$environment" "$here/requirements.txt"
fi
if [ "${1:-}" = --wheel ]; then
  shift
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
    --no-deps --force-reinstall "$root"/Python/dist/*.whl
fi
# Others may use the environment now.
exec 9>&-
# The processes of the clusters import the records from here.
cd "$here"
PYTHONPATH=$here exec "$environment/bin/python" -m pytest --quiet -c pytest.ini "$@"
