#!/bin/sh
# Builds the fuzzers and runs each in turn: run.sh SECONDS [TARGET ...]. See README.md beside this file.
set -eu
seconds=${1:-60}
[ $# -eq 0 ] || shift
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

build=.build-fuzz
export ZARR_VLEN_FUZZ=1
swift build -c release --product fuzz --scratch-path "$build"
binaries=$(swift build -c release --show-bin-path --scratch-path "$build")

# Other tools look for leaks. A short quarantine and no stacks of allocations make a run twice as fast.
export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=8:malloc_context_size=0
export SWIFT_BACKTRACE=enable=no
rm -rf "$build/seeds"
all=$("$binaries/fuzz" "$build/seeds")

failed=
for target in ${*:-$all}; do
  # LZMA streams can ask for windows of up to 128 MiB.
  case $target in
  bytes-decoders | chains | arrays) memory=512 allocation=192 ;;
  frames) memory=512 allocation=32 ;;
  *) memory=256 allocation=32 ;;
  esac
  case $target in
  json | json2) dictionary=json length=1024 ;;
  metadata-* | consolidated | arrays | segments) dictionary=metadata length=4096 ;;
  frames) dictionary=binary length=4096 ;;
  *) dictionary=binary length=1024 ;;
  esac
  mkdir -p "$build/corpus/$target" "$here/Findings/$target"
  ln -sf "$binaries/fuzz" "$build/fuzz-$target"
  echo "== $target"
  "$build/fuzz-$target" "$build/corpus/$target" "$build/seeds/$target" \
    "-artifact_prefix=$here/Findings/$target/" "-dict=$here/Dictionaries/$dictionary.dict" \
    "-max_len=$length" "-max_total_time=$seconds" -timeout=10 -print_final_stats=1 \
    "-rss_limit_mb=$memory" "-malloc_limit_mb=$allocation" >"$build/$target.log" 2>&1 || failed="$failed $target"
  grep -E 'DONE|Fatal error|^SUMMARY|Test unit written|number_of_executed_units' "$build/$target.log" || true
  rmdir "$here/Findings/$target" 2>/dev/null || true
done
[ -z "$failed" ] || { echo "failed:$failed; the inputs are in Tests/Fuzz/Findings, the logs in $build" >&2; exit 1; }
