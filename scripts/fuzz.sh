#!/usr/bin/env bash
# Searches for inputs that break a parser, with libFuzzer, on stable Rust.
#
#   scripts/fuzz.sh SECONDS [TARGET...]   searches with each target for that long; all by default
#   scripts/fuzz.sh replay                runs every stored input once, without searching
#
# A search keeps what it learns in fuzz/found/TARGET, which git does not; an input that breaks
# something is left in fuzz/artifacts/TARGET.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../fuzz"

cargo=${CARGO:-cargo}
mapfile -t all < <(sed -n 's/^name = "\(.*\)"$/\1/p' Cargo.toml | tail -n +2)

fail() { printf 'fuzz: %s\n' "$@" >&2; exit 1; }

# What cargo-fuzz passes too, but for its sanitizer, which needs a nightly compiler and finds
# nothing in safe Rust that the panics do not: counters at every branch and compared values.
coverage="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares"

replay() {
  "$cargo" test --locked -p fuzz --test replay
}

search() {
  local seconds=$1 target host status=0
  shift
  [ "$#" -gt 0 ] || set -- "${all[@]}"
  # Named, so that build scripts and macros of this machine are built without counters.
  host=$(rustc -vV | sed -n 's/^host: //p')
  # In a folder of its own, or the project would be built anew after each search.
  RUSTFLAGS="$coverage" "$cargo" build --locked --profile fuzz --target "$host" \
    --target-dir target --bins
  for target in "$@"; do
    mkdir -p "found/$target" "artifacts/$target"
    printf 'fuzz: %s for %s s\n' "$target" "$seconds"
    "target/$host/fuzz/$target" "found/$target" "corpus/$target" \
      -artifact_prefix="artifacts/$target/" -max_total_time="$seconds" -timeout=60 \
      -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 -verbosity=0 \
      || { status=1; printf 'fuzz: %s FOUND SOMETHING: fuzz/artifacts/%s\n' "$target" "$target"; }
  done
  return "$status"
}

case "${1:-}" in
  replay) replay ;;
  '' | *[!0-9]*) fail "usage: scripts/fuzz.sh SECONDS [TARGET...] | scripts/fuzz.sh replay" ;;
  *) search "$@" ;;
esac
