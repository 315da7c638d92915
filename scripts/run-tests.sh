#!/bin/sh
# Runs test programs; the last line says `N passed, N failed`.
#
#     T=suite/pattern scripts/run-tests.sh CRITERION_PROGRAM... -- PLAIN_PROGRAM...
#
# A Criterion program counts test by test, a plain one as one test named threads/NAME. A program that ends without its
# synthesis, or not at all, is one failure more. No test at all is a failure, too, lest a mistyped T look like success.
#
# WRAP      a command to run each program under, with its options
# LIMIT     seconds for one program
# JOBS      tests at the same time
set -u
T=${T:-} WRAP=${WRAP:-} LIMIT=${LIMIT:-600} JOBS=${JOBS:-$(nproc 2>/dev/null || echo 1)}
passed=0 failed=0
log=$(mktemp) && trap 'rm -f "$log"' EXIT

# report NAME PASSED FAILED: a line if all is well or nothing was asked for, otherwise also what the program said
report() {
    passed=$((passed + $2)) failed=$((failed + $3))
    [ $(($2 + $3)) -gt 0 ] || return
    [ "$3" = 0 ] && [ -z "$T" ] || grep -vE '^\[(RUN |PASS|SKIP|====|----\] Criterion v)' "$log"
    printf '%-24s %4d passed, %d failed\n' "$1" "$2" "$3"
}

# The tests which began and neither passed nor failed, by the program's own account.
unfinished() {
    awk '/^\[RUN/ { on[$3] } /^\[(PASS|FAIL)/ { sub(":$", "", $2); delete on[$2] } END { for (test in on) printf "%s ", test }' "$log"
}

criterion() {
    # shellcheck disable=SC2086
    timeout -k 5 "$LIMIT" $WRAP "$1" --color=never --verbose=1 -j"$JOBS" ${T:+--filter "$T"} >"$log" 2>&1 </dev/null
    status=$?
    # [====] Synthesis: Tested: 3 | Passing: 2 | Failing: 1 | Crashing: 0      Failing includes Crashing.
    counts=$(sed -n 's/.*Synthesis: Tested: \([0-9]*\) | Passing: \([0-9]*\) |.*/\1 \2/p' "$log" | tail -n 1)
    if [ -z "$counts" ]; then
        echo "$1 did not come to its end: status $status. It was running: $(unfinished)" >>"$log"
        report "${1##*/}" 0 1
    else
        ok=${counts#* } bad=$((${counts% *} - ${counts#* }))
        if [ $status != 0 ] && [ $bad = 0 ]; then bad=1 && echo "$1: all tests passed, yet its status is $status" >>"$log"; fi
        report "${1##*/}" "$ok" "$bad"
    fi
}

plain() {
    name=threads/${1##*/}
    if [ -n "$T" ]; then
        # shellcheck disable=SC2254
        case $name in $T) ;; *) return ;; esac
    fi
    # shellcheck disable=SC2086
    if timeout -k 5 "$LIMIT" $WRAP "$1" >"$log" 2>&1 </dev/null; then
        report "$name" 1 0
    else
        echo "$1: status $?" >>"$log"
        report "$name" 0 1
    fi
}

kind=criterion
for program; do
    if [ "$program" = -- ]; then kind=plain; else $kind "$program"; fi
done
[ $((passed + failed)) -gt 0 ] || echo "no test was run${T:+: none matches $T}"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
