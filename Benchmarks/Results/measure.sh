#!/bin/sh
# Measures what `make results` shows, or only the named parts, and prints the time of each.
#
#   sh Benchmarks/Results/measure.sh [PART...]
#
# RUN is a command prefix for each part, such as one that waits for a quiet machine. REPEATS is the number of
# measurements of each library.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/../.."

# Rows of later parts, with all libraries, replace those with zarrs alone.
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
run-01-arena-64KiB    run --from arena --chunk-bytes 64KiB
run-02-arena-1MiB     run --from arena --chunk-bytes 1MiB
run-03-arena-16MiB    run --from arena --chunk-bytes 16MiB
run-04-objects-64KiB  run --from objects --chunk-bytes 64KiB
run-05-objects-1MiB   run --from objects --chunk-bytes 1MiB
run-06-objects-16MiB  run --from objects --chunk-bytes 16MiB
run-07-data-64KiB     run --from data --chunk-bytes 64KiB
run-08-data-1MiB      run --from data --chunk-bytes 1MiB
run-09-data-16MiB     run --from data --chunk-bytes 16MiB
run-10-stream-64KiB   run --from stream --chunk-bytes 64KiB
run-11-stream-1MiB    run --from stream --chunk-bytes 1MiB
run-12-stream-16MiB   run --from stream --chunk-bytes 16MiB
run-13-shards-1KiB    run --chunk-bytes 1KiB --shard-bytes 64MiB
run-14-shards-8KiB    run --chunk-bytes 8KiB --shard-bytes 64MiB
run-15-shards-64KiB   run --chunk-bytes 64KiB --shard-bytes 64MiB
run-16-shards-1MiB    run --chunk-bytes 1MiB --shard-bytes 64MiB
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
    # Only the part that is drawn measures memory, and taking many at random.
    compare-3-middle) ;;
    compare-*) set -- "$@" --without-memory --work write read random append ;;
  esac
  case $name in
    compare-*) set -- "$@" --repeat "${REPEATS:-5}" ;;
    run-*) set -- "$@" --blobs 600000 --repeat "${REPEATS:-5}" ;;
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
.venv-peers/bin/python Benchmarks/Charts results
