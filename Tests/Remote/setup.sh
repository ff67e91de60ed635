#!/bin/sh
# Makes `.venv-remote` in the root of the repository: the servers that the tests of ZarrRemote run against.
#
# Uses the newest suitable Python on PATH (3.11 or later), or the one in the variable PYTHON, and installs
# requirements.txt. Returns at once if all is installed.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
environment=$root/.venv-remote

say() {
  echo "remote: $*"
}

# shellcheck source=Scripts/python.sh
. "$root/Scripts/python.sh"

if is_installed "$environment" "$here/requirements.txt"; then
  say "$environment is up to date"
  exit 0
fi
lock_environment "$environment"
if is_installed "$environment" "$here/requirements.txt"; then
  say "$environment is up to date"
  exit 0
fi
require_python python3.13 python3.12 python3 python3.11 /usr/bin/python3
make_environment "$environment"
say "installing the servers"
install_requirements "$environment" "$here/requirements.txt"
mark_installed "$environment" "$here/requirements.txt"
say "done"
