#!/bin/sh
# Do the benchmarks notice? The library is built once more without optimisation: times and instruction counts must tell
# the two apart, the same library measured again must not differ as much, and a missed target must be called missed.
# The results of a real run stay as they are.
set -eu
cd "$(dirname "$0")/.."
. bench/build.sh

workload=yield_1000
slow=$BUILD/bench/slow
export RESULTS="$BUILD/bench/selftest"

fail() {
    echo "bench selftest: $*"
    exit 1
}

# result COLUMN: median, min or max of libfuture in the last run
result() {
    sed -n "s/.*\"libfuture\", \"workload\": \"$workload\".*\"$1\": \([^,}]*\).*/\1/p" "$RESULTS/results.json"
}

measure() {
    BUILD=$1 BENCH_ONLY=$workload ROUNDS=9 CC=$CC bench/run.sh 2>/dev/null
}

holds() {
    awk "BEGIN { exit !($1) }"
}

bench_build
make -s DEPS=no BUILD="$slow" CC="$CC" CFLAGS=-O0 lib bench-programs >"$BUILD/bench/slow.log" 2>&1 ||
    fail "no slow build"

measure "$BUILD" >/dev/null
first=$(result median) min=$(result min)
measure "$slow" >"$slow/table"
slowed=$(result median) slow_min=$(result min)
measure "$BUILD" >/dev/null
again=$(result median)
echo "bench selftest: $workload: $first ns, slowed $slowed ns, again $again ns"

holds "$slow_min > 1.3 * $min" || fail "the slowed build does not show"
holds "$slowed > $first && $slowed > $again" || fail "the slowed build was not the slowest"
grep -q 'NOT MET' "$slow/table" || fail "a missed target was not called missed"

if command -v valgrind >/dev/null; then
    BENCH_ONLY=$workload bench/insn.sh >/dev/null || true
    BENCH_ONLY=$workload BUILD=$slow bench/insn.sh >"$slow/table" && fail "a slowed yield passed for 60 instructions"
    grep -q 'TOO MANY' "$slow/table" || fail "bench/insn.sh failed for another reason"
fi

# The same for the runner that starts each turn as a process of its own. It needs no peer for it.
side_by_side() {
    BUILD=$1 PEERS=nobody ROWS=$workload ROUNDS=9 INSN=no DOCS=no CC=$CC bench/peers/run.sh >/dev/null 2>&1 ||
        fail "bench/peers/run.sh failed"
}

side_by_side "$BUILD"
first=$(result median) min=$(result min)
side_by_side "$slow"
slowed=$(result median) slow_min=$(result min)
echo "bench selftest: side by side: $first ns, slowed $slowed ns"
holds "$slow_min > 1.3 * $min && $slowed > $first" || fail "the slowed build does not show side by side"
! PEERS=nobody ROWS=no_such_row bench/peers/run.sh >/dev/null 2>&1 || fail "a row that does not exist was measured"

! BENCH_ONLY=no_such_workload bench/run.sh >/dev/null 2>&1 || fail "a workload that does not exist was measured"
echo "bench selftest: ok"
