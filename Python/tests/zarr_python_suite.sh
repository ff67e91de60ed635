#!/bin/sh
# Runs zarr-python's own tests where this package is installed, with its pipeline for all arrays.
#
#   zarr_python_suite.sh [ARGUMENTS OF PYTEST...]
#
# The tests come from the source distribution of the version in requirements.txt. The wheel is that of Python/dist, as
# `make wheel` leaves it. Fails if other tests fail than those of zarr_python_failures.txt, for which README.md has the
# reasons. The environment is `.venv-zarr-python` in the root of the repository. It takes from ten minutes to an hour.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
environment=$root/.venv-zarr-python
stamp=$environment/.installed

say() {
  echo "zarr-python-suite: $*"
}

# shellcheck source=Scripts/python.sh
. "$root/Scripts/python.sh"

if ! python=$(find_package_python); then
  say "there is no Python of version 3.12 or later; name one with PYTHON=..." >&2
  exit 1
fi
version=$(sed -n 's/^zarr==//p' "$here/requirements.txt")
pip="$environment/bin/python -m pip --quiet --disable-pip-version-check"

lock_environment "$environment"
if ! [ -f "$stamp" ] || [ "$(cat "$stamp")" != "$version" ]; then
  make_environment "$environment"
  say "installing the requirements"
  $pip install --requirement "$here/zarr_python_requirements.txt"
  (cd "$environment" && $pip download --no-deps --no-binary zarr "zarr==$version" && tar xzf "zarr-$version.tar.gz")
  # `tests/test_dtype/conftest.py` goes through the registry of data types while zarr-python loads entry points into it,
  # also in the processes that tests start. So they are loaded first.
  echo "import zarr_vlen" >"$environment/zarr-$version/tests/__init__.py"
  echo "$version" >"$stamp"
fi
$pip install --no-deps --force-reinstall "$root"/Python/dist/*.whl

cd "$environment/zarr-$version"
log=$environment/failures.log
export ZARR_CODEC_PIPELINE__PATH=zarr_vlen.pipeline.VlenCodecPipeline
export PATH="$environment/bin:$PATH"
if [ $# -eq 0 ]; then
  # The examples install packages from the network.
  "$environment/bin/python" -m pytest tests --quiet -p no:cacheprovider -n auto --ignore=tests/test_examples.py \
    >"$log" 2>&1 || true
else
  "$environment/bin/python" -m pytest --quiet -p no:cacheprovider "$@"
  exit
fi
tail -1 "$log"
if ! tail -1 "$log" | grep -Eq '[0-9]+ passed'; then
  tail -50 "$log" >&2
  exit 1
fi
sed -En 's/^(FAILED|ERROR) (tests.*)$/\2/p' "$log" | sed 's/ - .*//' | LC_ALL=C sort >"$environment/failures.txt"
if ! diff "$here/zarr_python_failures.txt" "$environment/failures.txt"; then
  say "other tests fail than zarr_python_failures.txt says (> are new, < pass now); the log is $log" >&2
  exit 1
fi
say "nothing but the known tests fails"
