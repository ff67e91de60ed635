#!/bin/sh
# Makes the Python environments of the interoperability tests: `.venv` in the root of the repository, and in
# it `zarr2` with zarr-python 2.
#
# Takes the newest suitable Python on PATH (3.11 or later), or the one that the variable PYTHON names, and
# installs what requirements.txt and requirements-zarr2.txt name. Returns at once when that is done already.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
environment=$(CDPATH='' cd -- "$here/../.." && pwd)/.venv
stamp=$environment/.installed

say() {
  echo "setup: $*"
}

# What the installation depends on: the requirements and the version of Python.
key() {
  cat "$here/requirements.txt" "$here/requirements-zarr2.txt" | cksum
  "$1" -c 'import sys; print(sys.version)' 2>/dev/null
}

is_installed() {
  [ -f "$stamp" ] && [ "$(key "$environment/bin/python")" = "$(cat "$stamp")" ]
}

# A candidate counts only if it runs: a name on PATH may be a stub for a version that is not installed.
is_suitable() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
  if [ -n "${PYTHON:-}" ]; then
    is_suitable "$PYTHON" && echo "$PYTHON"
    return
  fi
  for candidate in python3.13 python3.12 python3 python3.11 /usr/bin/python3; do
    if is_suitable "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

install_packages() {
  if ! command -v apt-get >/dev/null 2>&1; then
    say "cannot install $*: there is no apt-get" >&2
    exit 1
  fi
  say "installing $* with apt-get"
  run=
  [ "$(id -u)" -eq 0 ] || run=sudo
  $run apt-get update -qq
  $run env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

if [ -z "${PYTHON:-}" ] && is_installed; then
  say "$environment is up to date"
  exit 0
fi

if ! python=$(find_python); then
  if [ -n "${PYTHON:-}" ]; then
    say "$PYTHON is not a Python of version 3.11 or later" >&2
    exit 1
  fi
  install_packages python3 python3-venv
  if ! python=$(find_python); then
    say "there is no Python of version 3.11 or later" >&2
    exit 1
  fi
fi
say "using $(command -v "$python") ($("$python" --version))"

# Two test runs may start at once. The second waits, and then finds the work done.
mkdir -p "$environment"
if command -v flock >/dev/null 2>&1; then
  exec 9>"$environment/.lock"
  flock 9
fi
if is_installed && [ "$(key "$python")" = "$(cat "$stamp")" ]; then
  say "$environment is up to date"
  exit 0
fi

# Debian keeps what fills a new environment in a package of its own.
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
  install_packages "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
fi

say "making $environment"
find "$environment" -mindepth 1 -maxdepth 1 ! -name .lock -exec rm -rf {} +
"$python" -m venv "$environment"
say "installing the requirements"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
  --requirement "$here/requirements.txt"
"$python" -m venv "$environment/zarr2"
"$environment/zarr2/bin/python" -m pip install --quiet --disable-pip-version-check \
  --requirement "$here/requirements-zarr2.txt"
key "$environment/bin/python" >"$stamp"
say "done: $("$environment/bin/python" -c 'import zarr, zarrista; print("zarr-python", zarr.__version__)')"
