#!/bin/sh
# Measures what `make results` shows, or only the parts that are named, and says how long each took.
#
#   sh Benchmarks/Results/measure.sh [PART...]
#
# RUN is put before each part, for machines where a program waits until nothing else runs; REPEATS says how often
# each library is measured.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/../.."

# The rows that a later part measures with all libraries take the place of those with zarrs alone.
parts='
compare-0-zarrs   compare --library zarrs --blob 16B 126B 300B 8KB 1MB --chunk-bytes 1KiB 8KiB 64KiB 1MiB 16MiB
compare-1-zarrs   compare --library zarrs --codec none zstd:3 --blob 16B 126B 300B 8KB 1MB --chunk-bytes 8KiB 1MiB
compare-2-zarrs   compare --library zarrs --workers 1 --chunk-bytes 1KiB 8KiB 64KiB 16MiB
compare-3-middle  compare --blob 126B
compare-4-chunks  compare --chunk-bytes 1KiB 8KiB
compare-5-chunks  compare --chunk-bytes 64KiB 16MiB
compare-6-blobs   compare --blob 16B 300B
compare-7-blobs   compare --blob 8KB 1MB
compare-8-codecs  compare --codec zstd:3 lz4 none
compare-9-workers compare --workers 1
grow-blobs        grow --axis blobs --blob-bytes 16 --largest 100000000
grow-workers      grow --axis workers
grow-chunks       grow --axis chunks
'

sh Benchmarks/Peers/setup.sh
swift build -c release --product zvlen-bench
bench=$(swift build -c release --show-bin-path)/zvlen-bench

measure() {
  name=$1
  shift
  case $name in
    # Memory is measured where it is drawn.
    compare-3-middle) ;;
    compare-*) set -- "$@" --without-memory ;;
  esac
  case $name in
    compare-*) set -- "$@" --repeat "${REPEATS:-5}" ;;
  esac
  start=$(date +%s)
  ${RUN:-} "$bench" "$@" --json "Benchmarks/Results/$name.json"
  echo "$name took $(($(date +%s) - start)) s"
}

for part in ${*:-$(echo "$parts" | awk 'NF { print $1 }')}; do
  line=$(echo "$parts" | awk -v name="$part" '$1 == name { $1 = ""; print }')
  if [ -z "$line" ]; then
    echo "measure.sh: there is no part $part" >&2
    exit 1
  fi
  # shellcheck disable=SC2086  # The words of a line are arguments.
  measure "$part" $line
done
"$bench" publish --readme README.md
