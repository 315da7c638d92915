#!/bin/sh
# Counts instructions with callgrind: what one more iteration costs, from two runs of n and 2 n. Prints a table and
# writes BUILD/bench/instructions.json. Unlike times, these numbers are the same on a busy machine.
#
#     make bench-insn
#     BENCH_ONLY=yield_1 make bench-insn     some of it: a pattern, as in a shell
#     bench/insn.sh --update                 and write what was counted, plus 5 %, to bench/instructions.max
#
# Fails if a yield costs more than 60 instructions, or anything more than bench/instructions.max allows. That file holds
# for one compiler; with another one only the 60 are checked.
set -eu
cd "$(dirname "$0")/.."
. bench/build.sh

hard_limit=60 # of yield_1 and yield_1000
limits=bench/instructions.max
results=$RESULTS/instructions
log=$RESULTS/callgrind.log

# program, workload, n
workloads='
core/ready_chain  ready_chain_5      20000
core/yield        yield_1            20000
core/yield        yield_1000         50000
core/await_depth  await_depth_1      20000
core/await_depth  await_depth_1000   20000
core/spawn        spawn_seq          20000
core/spawn        spawn_join_1m     100000
core/timers       timer_churn        20000
compose/set       set_wake_10        20000
compose/set       set_wake_10000     20000
compose/set       set_push           20000
compose/join      await_2            20000
compose/join      join_2             20000
compose/join      select_2           20000
compose/join      race_2             20000
compose/join      timeout_ready      20000
compose/join      map_ready          20000
compose/join      and_then_ready     20000
compose/join      token_ready        20000
compose/join      deadline_ready     20000
compose/join      local_ready        20000
compose/stream    stream_generator   20000
compose/stream    stream_chain       20000
compose/stream    stream_forward     20000
sync/locks        mutex_free         20000
sync/locks        local_mutex_free   20000
sync/locks        mutex_100          20000
sync/locks        local_mutex_100    20000
sync/locks        semaphore_free     20000
sync/locks        notify_free        20000
sync/channel      channel_mpsc_1024  20000
sync/channel      local_channel_1024 20000
sync/channel      channel_unbounded  20000
sync/channel      channel_ping_pong  20000
sync/channel      local_ping_pong    20000
sync/channel      oneshot            20000
threads/blocking  pool_withdraw      20000
'

# instructions PROGRAM WORKLOAD COUNT
instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$BUILD/bench/$1" --once libfuture "$2" "$3" \
        >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    awk '/Collected *:/ { print $NF }' "$log"
}

wanted() {
    # shellcheck disable=SC2254 # a pattern is meant
    case $1 in ${BENCH_ONLY:-*}) true ;; *) false ;; esac
}

compiler() {
    case $($CC --version) in *clang*) printf 'clang ' ;; *) printf 'gcc ' ;; esac
    echo "$($CC -dumpversion | cut -d . -f 1) $($CC -dumpmachine | cut -d - -f 1)"
}

# limit WORKLOAD: of the file, if it holds for this compiler
limit() {
    awk -v compiler="$(compiler)" -v workload="$1" '
        /^# compiler: / { holds = substr($0, 13) == compiler }
        $1 == workload && holds { print $2 }' "$limits" 2>/dev/null || true
}

[ "${1:-}" != --update ] || [ -z "${BENCH_ONLY:-}" ] || { echo "bench-insn: --update needs all workloads" >&2; exit 2; }
bench_build
: >"$results.tsv"
format='%-18s %14s %10s   %s\n'
# shellcheck disable=SC2059
printf "$format" workload instructions "at most" ""
failed=
while read -r program workload count; do
    [ -n "$program" ] && wanted "$workload" || continue
    once=$(instructions "$program" "$workload" "$count")
    twice=$(instructions "$program" "$workload" $((2 * count)))
    each=$(awk "BEGIN { printf \"%.2f\", ($twice - $once) / $count }")
    most=$(limit "$workload")
    case $workload in yield_*) awk "BEGIN { exit !(${most:-1e9} > $hard_limit) }" && most=$hard_limit ;; esac
    verdict=
    if [ -n "$most" ]; then
        verdict=ok
        if awk "BEGIN { exit !($each > $most) }"; then verdict='TOO MANY' failed="$failed $workload"; fi
    fi
    # shellcheck disable=SC2059
    printf "$format" "$workload" "$each" "${most:--}" "$verdict"
    printf '%s\t%s\n' "$workload" "$each" >>"$results.tsv"
done <<END
$workloads
END

awk -F '\t' '
    BEGIN { printf "[" }
    { printf "%s\n  {\"system\": \"libfuture\", \"workload\": \"%s\", \"unit\": \"instructions\", \"median\": %s}",
             (NR > 1 ? "," : ""), $1, $2 }
    END { print "\n]" }
' "$results.tsv" >"$results.json"
echo "bench-insn: written to $results.json"

if [ "${1:-}" = --update ]; then
    {
        echo "# The most instructions for each iteration, with -O2: what was counted, plus 5 %."
        echo "# bench/insn.sh --update writes it, from what is built."
        echo "# compiler: $(compiler)"
        awk -F '\t' -v hard_limit=$hard_limit '{
            most = $2 * 1.05
            if ($1 ~ /^yield_/ && most > hard_limit) most = hard_limit
            printf "%-18s %6.1f\n", $1, most
        }' "$results.tsv"
    } >"$limits"
    echo "bench-insn: $limits is up to date"
elif [ -n "$failed" ]; then
    echo "bench-insn: too many instructions:$failed"
    exit 1
fi
