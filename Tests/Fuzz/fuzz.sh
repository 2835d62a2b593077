#!/bin/bash
# fuzz.sh run FUZZER SECONDS [TARGET …]: fuzzes each target for so many seconds of processor time.
# fuzz.sh keep FUZZER [TARGET …]: writes the smallest corpus that reaches as much to Tests/Fuzz/Corpus.
# What is found grows in .build/fuzz-corpus; inputs that crash are put into .build/fuzz-crashes.
set -eu
unset FUZZ_TARGET
cd "$(dirname "$0")/../.."
action=$1
fuzzer=$(realpath "$2")
shift 2
seconds=0
if [ "$action" = run ]; then
  seconds=$1
  shift
fi
targets=${*:-$("$fuzzer" | cut -d' ' -f1)}
grown=.build/fuzz-corpus
crashes=.build/fuzz-crashes
mkdir -p "$grown" "$crashes"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Files of the targets need no disk.
if [ -w /dev/shm ]; then export TMPDIR=/dev/shm; fi
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:allocator_may_return_null=1}

# Sets `used` to the seconds of processor time that this shell's children have used. Not a function that
# prints: a subshell, as in $(…) or a pipe, has had no children.
measure() {
  times > "$scratch/times"
  used=$(tail -1 "$scratch/times" | tr -d s | awk '{ split($1, u, "m"); split($2, s, "m");
    print int(60 * u[1] + u[2] + 60 * s[1] + s[2]) }')
}

run() {
  local target=$1 length begin spent=0 units=0 log=$scratch/log found=0 code wall=$SECONDS
  length=$("$fuzzer" | awk -v t="$target" '$1 == t { print $2 }')
  mkdir -p "$grown/$target" "Tests/Fuzz/Corpus/$target"
  "$fuzzer" --seeds "$target" "$grown/$target"
  measure
  begin=$used
  # libFuzzer counts seconds of the clock, of which a busy machine gives only a part.
  while [ "$spent" -lt "$seconds" ]; do
    code=0
    "$fuzzer" "$target" -max_total_time=$((seconds - spent)) -max_len="$length" -timeout=25 \
      -rss_limit_mb=2048 -malloc_limit_mb=1024 -print_final_stats=1 -verbosity=0 \
      -artifact_prefix="$crashes/$target-" "$grown/$target" "Tests/Fuzz/Corpus/$target" \
      > "$log" 2>&1 || code=$?
    units=$((units + $(awk '/stat::number_of_executed_units/ { n = $2 } END { print n + 0 }' "$log")))
    measure
    spent=$((used - begin))
    if [ "$code" -ne 0 ]; then
      found=1
      cat "$log"
      break
    fi
  done
  printf '%-12s %10d executions %7d/s %6d inputs %5d CPU s %5d s  %s\n' "$target" "$units" \
    $((units / (spent > 0 ? spent : 1))) "$(ls "$grown/$target" | wc -l)" "$spent" \
    $((SECONDS - wall)) "$([ $found -eq 0 ] && echo "no crash" || echo "CRASH, see $crashes")"
  return $found
}

keep() {
  local target=$1 corpus=Tests/Fuzz/Corpus/$1
  mkdir -p "$scratch/$target" "$corpus"
  "$fuzzer" --seeds "$target" "$scratch/$target"
  rm -rf "$scratch/kept" && mkdir "$scratch/kept"
  "$fuzzer" "$target" -set_cover_merge=1 -rss_limit_mb=2048 "$scratch/kept" "$scratch/$target" \
    "$corpus" "$grown/$target" > "$scratch/log" 2>&1 || { cat "$scratch/log"; return 1; }
  # Files named by hand stay: each was a crash.
  find "$corpus" -type f -regextype posix-extended -regex '.*/[0-9a-f]{40}' -delete
  [ -n "$(ls "$scratch/kept")" ] || { cat "$scratch/log"; return 1; }
  cp "$scratch/kept"/* "$corpus"
  printf '%-12s %5d inputs %8d bytes\n' "$target" "$(ls "$corpus" | wc -l)" \
    "$(cat "$corpus"/* | wc -c)"
}

failed=0
for target in $targets; do
  "$action" "$target" || failed=1
done
exit $failed
