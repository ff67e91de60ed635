#!/bin/sh
# Tests the extension under AddressSanitizer, with a library that is built with it.
#
#   address.sh [--if-possible] [ARGUMENTS OF PYTEST...]
#
# The packages of `.venv-python` are used, as test.sh leaves it. Without it, this is an error, or with --if-possible a
# message. Swift builds into `.build-address`, with the tests of `make check`.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/.." && pwd)
python=$root/.venv-python/bin/python
scratch=$root/.build-address

say() {
  echo "python-address: $*"
}

optional=
if [ "${1:-}" = --if-possible ]; then
  optional=1
  shift
fi
[ -x "$python" ] || {
  say "there is no environment, which make python-test makes" >&2
  [ -n "$optional" ] || exit 1
  say "the Python package was left out"
  exit 0
}

cd "$root"
swift build --sanitize=address --product zarr_vlen --scratch-path "$scratch"
library=$(swift build --sanitize=address --scratch-path "$scratch" --show-bin-path)
compiler=$(dirname -- "$(command -v swift)")/clang
[ -x "$compiler" ] || compiler=$(dirname -- "$(readlink -f "$(command -v swift)")")/clang
runtime=$("$compiler" -print-file-name=libclang_rt.asan-x86_64.so)
[ -f "$runtime" ] || runtime=$("$compiler" -print-runtime-dir)/libclang_rt.asan-$(uname -m).so

# The package as it is installed, with an extension that is checked.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
installed=$("$python" -c 'import importlib.util; print(importlib.util.find_spec("zarr_vlen").submodule_search_locations[0])')
cp -r "$installed" "$(dirname -- "$installed")"/zarr_vlen-*.dist-info "$folder"
cp "$here"/src/zarr_vlen/*.py "$folder/zarr_vlen"
rm -f "$folder"/zarr_vlen/_native*.so
"$compiler" -g -O1 -fno-omit-frame-pointer -fsanitize=address -shared-libasan -shared -fPIC -Wall -Wextra \
  -Wno-unused-parameter -Wno-missing-field-initializers -Wno-cast-function-type \
  -I "$root/Sources/ZarrC/include" \
  -I "$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')" \
  "$here"/src/*.c -o "$folder/zarr_vlen/_native.abi3.so" -L "$library" -lzarr_vlen -Wl,-rpath,"$library"

# Python allocates by malloc, which AddressSanitizer sees. What Python keeps to the end is no leak.
export LD_PRELOAD="$runtime" PYTHONMALLOC=malloc PYTHONPATH="$folder"
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
cd "$here"
"$python" -c 'import zarr_vlen; print(zarr_vlen.__file__)'
if [ $# -eq 0 ]; then
  # Those that start other programs, or measure memory or time, are left out.
  set -- tests/test_bulk.py tests/test_pipeline.py tests/test_json.py tests/test_tuning.py tests/test_hostile.py \
    -k 'not processes and not memory and not interrupted and not hundred and not Bombs and not program and not lock and not zvlen'
fi
"$python" -m pytest --quiet -p no:cacheprovider "$@"
