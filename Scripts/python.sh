# Finds a Python and makes environments. Source this file from a script that defines `say`.

# The least version of Python 3 that is suitable.
minor=11

# A candidate must run: a name on PATH can be a stub for a version that is not installed.
is_suitable() {
  "$1" -c "import sys; sys.exit(sys.version_info < (3, $minor))" >/dev/null 2>&1
}

# Prints the Python in the variable PYTHON, or the first argument that is a suitable Python.
find_python() {
  if [ -n "${PYTHON:-}" ]; then
    is_suitable "$PYTHON" && echo "$PYTHON"
    return
  fi
  for candidate in "$@"; do
    if is_suitable "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# Prints the newest Python from 3.12 on that is found, also among the versions of pyenv, or the one in PYTHON.
find_package_python() {
  minor=12
  find_python python3.14 python3.13 python3.12 python3 \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python
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

# Sets `python` to the first suitable Python, and installs one if there is none.
require_python() {
  if ! python=$(find_python "$@"); then
    if [ -n "${PYTHON:-}" ]; then
      say "$PYTHON is not a Python of version 3.11 or later" >&2
      exit 1
    fi
    install_packages python3 python3-venv
    if ! python=$(find_python "$@"); then
      say "there is no Python of version 3.11 or later" >&2
      exit 1
    fi
  fi
  say "using $(command -v "$python") ($("$python" --version))"
}

# If two runs start at once, the second waits and then finds the environment made.
lock_environment() {
  mkdir -p "$1"
  if command -v flock >/dev/null 2>&1; then
    exec 9>"$1/.lock"
    flock 9
  fi
}

# Prints what an environment follows from: the files of requirements after $1, and the version of the Python $1.
environment_key() (
  python=$1
  shift
  cat "$@" | cksum
  "$python" -c 'import sys; print(sys.version)' 2>/dev/null
)

# Whether the environment $1 has what the files of requirements after it ask for.
is_installed() (
  environment=$1
  shift
  [ -f "$environment/.installed" ] &&
    [ "$(environment_key "$environment/bin/python" "$@")" = "$(cat "$environment/.installed")" ]
)

# Writes down that it has.
mark_installed() (
  environment=$1
  shift
  environment_key "$environment/bin/python" "$@" >"$environment/.installed"
)

# Installs what the file of requirements $2 asks for into the environment $1. To compile all modules would take as long
# again, and Python compiles those that it imports.
install_requirements() {
  "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --requirement "$2"
}

# Makes the environment $1 from scratch, with the Python that `require_python` found.
make_environment() {
  # Debian has `venv` and `ensurepip` in a separate package.
  if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    install_packages "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
  fi
  say "making $1"
  find "$1" -mindepth 1 -maxdepth 1 ! -name .lock -exec rm -rf {} +
  "$python" -m venv "$1"
}
