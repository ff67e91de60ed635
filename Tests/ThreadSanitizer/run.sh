#!/bin/sh
# Runs the tests under ThreadSanitizer, which learns of Swift's mutexes from mutex.c.
#
#     run.sh [arguments of swift test]
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
scratch=$(CDPATH='' cd -- "$here/../.." && pwd)/.build-thread

# Uses the toolchain's clang, which knows Swift's calling convention.
clang=$(dirname -- "$(readlink -f -- "$(command -v swift)")")/clang
mkdir -p "$scratch"
"$clang" -Wall -Wextra -Werror -O1 -fPIC -shared "$here/mutex.c" -o "$scratch/mutex.so" -ldl

swift build --build-tests --sanitize=thread --scratch-path "$scratch"
LD_PRELOAD=$scratch/mutex.so exec swift test --skip-build --sanitize=thread --scratch-path "$scratch" "$@"
