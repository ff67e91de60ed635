#!/bin/sh
# Tests the C interface with a library that is built already.
#
#   run.sh DIRECTORY-OF-THE-LIBRARY
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
library=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
compiler=$(command -v cc || command -v gcc || command -v clang)
"$compiler" -std=c11 -Wall -Wextra -Werror -I "$here/../../Sources/ZarrC/include" "$here/test.c" -o "$folder/test" \
  -D_POSIX_C_SOURCE=200809L -L "$library" -lzarr_vlen -Wl,-rpath,"$library"
mkdir "$folder/data"
"$folder/test" "$folder/data"
