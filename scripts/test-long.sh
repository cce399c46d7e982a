#!/usr/bin/env bash
# What is too long for `make test`: more kills, simulation, soak, searching for inputs.
#
#   scripts/test-long.sh            all of it
#   LONG_BUDGET_S=1800 …            leaves out, and says so, what would not end in that time
#
# Every part runs even if one before it failed; the exit code tells whether all of them held.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo=${CARGO:-cargo}
budget=${LONG_BUDGET_S:-0}
seed=${LONG_SEED:-$(date +%s)}
ran=0 failed=() skipped=()

# part NAME SECONDS COMMAND...: SECONDS is what it takes on two idle cores, builds included.
part() {
  local name=$1 takes=$2 begun=$SECONDS
  shift 2
  if [ "$budget" -gt 0 ] && [ $((SECONDS + takes)) -gt "$budget" ]; then
    printf 'test-long: %s LEFT OUT: %s s are left, it takes about %s\n' \
      "$name" "$((budget - SECONDS))" "$takes"
    skipped+=("$name")
    return
  fi
  printf 'test-long: %s\n' "$name"
  ran=$((ran + 1))
  "$@" || failed+=("$name")
  printf 'test-long: %s took %s s\n' "$name" "$((SECONDS - begun))"
}

kills() {
  # Of the whole workspace, as `make test` builds it, or half of it would be built again.
  FAULT_KILLS=200 FAULT_SEED=$seed "$cargo" test --workspace --locked --test fault_kill -- --nocapture
}

bench() {
  "$cargo" run -q --release --locked -p bench -- "$@"
}

# The most telling for their time first.
part 'kills at 200 moments' 600 kills
part 'simulated calls, 60,000' 600 bench simulate --seed "$seed" --calls 60000
part 'inputs searched for, a minute for each parser' 1500 scripts/fuzz.sh 60
part 'soak, 30 minutes' 1900 bench soak --minutes 30

[ "${#skipped[@]}" -eq 0 ] || printf 'test-long: left out: %s\n' "${skipped[@]}"
if [ "${#failed[@]}" -gt 0 ]; then
  printf 'test-long: FAILED: %s\n' "${failed[@]}" >&2
  exit 1
fi
printf 'test-long: %s parts ran and held\n' "$ran"
