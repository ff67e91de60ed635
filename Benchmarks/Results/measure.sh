#!/bin/sh
# Measures everything that `make results` shows, in pieces of at most two minutes.
#
# RUN is put before each piece, for machines where a program waits until nothing else runs; REPEATS says how often
# each library is measured.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/../.."
sh Benchmarks/Peers/setup.sh
swift build -c release --product zvlen-bench
bench=$(swift build -c release --show-bin-path)/zvlen-bench

compare() {
  name=$1
  shift
  ${RUN:-} "$bench" compare "$@" --repeat "${REPEATS:-7}" --json "Benchmarks/Results/compare-$name.json"
}

grow() {
  ${RUN:-} "$bench" grow --axis "$@" --json "Benchmarks/Results/grow-$1.json"
}

# The setting in the middle comes first.
compare 1-middle --blob 126B
compare 2-chunks --chunk-bytes 8KiB 64KiB
compare 3-chunks --chunk-bytes 16MiB
compare 4-blobs --blob 16B 300B
compare 5-blobs --blob 8KB 1MB
compare 6-codecs --codec zstd:3 lz4
compare 7-codecs --codec none
compare 8-workers --workers 1
grow blobs --largest 100000000
grow workers
grow chunks
"$bench" publish --readme README.md
