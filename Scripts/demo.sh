#!/bin/bash
# The main job, end to end: imports a directory of files and exports it again byte for byte, then writes and reads a
# million synthetic blobs beside the floor. DATA is the directory, SCRATCH the place for the arrays.
set -euo pipefail

data=${DATA:-/usr/share/doc}
scratch_parent=${SCRATCH:-$([ -d /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")}
binaries=$(swift build -c release --show-bin-path)
scratch=$(mktemp -d "$scratch_parent/zvlen-demo.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

echo
echo "== Import every regular file under $data"
time "$binaries/zvlen" import "$data" -o "$scratch/files.zarr"
"$binaries/zvlen" info "$scratch/files.zarr/blobs"

echo
echo "== Verify every chunk"
"$binaries/zvlen" verify "$scratch/files.zarr"

echo
echo "== Export them again and compare each byte"
time "$binaries/zvlen" export "$scratch/files.zarr" -o "$scratch/files"
list() { (cd "$1" && find . -type f -printf '%s %P\0' | LC_ALL=C sort -z); }
bytes() { (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r cat); }
cmp <(list "$data") <(list "$scratch/files")
cmp <(bytes "$data") <(bytes "$scratch/files")
echo "Equal: $(list "$data" | tr -cd '\0' | wc -c) files, $(bytes "$data" | wc -c) bytes."
rm -rf "$scratch"/files*

echo
echo "== Write and read a million synthetic blobs"
"$binaries/zvlen-bench" run --blobs 1000000 --blob-bytes 300 --codec zstd:1 --repeat 5 --store "$scratch"
