#!/bin/sh
# Side by side: this library, what can be had of its peers, and code by hand. README.md defines the rows.
#
#     make bench-peers                                 everything, about fourteen minutes
#     PEERS='tokio go' ROWS='yield_*' make bench-peers    some systems (beside this library), some rows: patterns
#     ROUNDS=9 INSN=no make bench-peers                more rounds than five; instructions are not counted
#     ROWS='*_10m *_10000' ROUNDS=1 LIMIT=300 make bench-peers    the large rows, which need 16 GiB, or 20,000 descriptors
#
# All systems of a row take turns, A B C A B C, each turn a process of its own on the same CPUs. Writes results.json,
# peers/table.md and peers/chart.svg below BUILD/bench; a run of everything also writes docs/performance.md and its
# chart. A peer that cannot be built is named as missing. Status 1: a result was wrong, or a program did not end.
set -eu
cd "$(dirname "$0")/../.."
. bench/build.sh
. bench/peers/build.sh

ROUNDS=${ROUNDS:-5}
export CC
samples=$peers_results/samples.tsv   # row, system, round, unit, value
counted=$peers_results/insn.tsv      # row, system, instructions for each iteration
failures=$peers_results/failures
jobs=$peers_results/jobs             # row, kind, system, count, cpus, insn, command

say() { echo "bench-peers: $*" >&2; }

# matches WORD PATTERNS: one of the patterns, as in a shell, fits; no patterns fit everything
matches() {
    matches_word=$1
    shift
    [ $# -gt 0 ] || return 0
    for pattern; do
        # shellcheck disable=SC2254
        case $matches_word in $pattern) return 0 ;; esac
    done
    return 1
}

# ---- Who does what --------------------------------------------------------------------------------------------------

# Where locked instructions have a part in it, this library's rows also run beside a second thread, which sleeps: a
# process that has one needs them.
locking='spawn_seq spawn_join_1m pingpong mpsc_1024 mutex_free mutex_100 join_all_1000 select_loop semaphore_100'

# A larger row is a smaller one with another count.
larger='sleepers_1m=sleepers_10m tcp_echo_1000=tcp_echo_10000'

# offers -> system, row, command, for all that was built. The command of a turn lacks the count, which comes last.
offers() {
    offers_once | awk -F "$tab" -v OFS="$tab" -v locking="$locking" -v larger="$larger" '
        BEGIN {
            for (i = split(locking, word, " "); i > 0; i--) locks[word[i]] = 1
            for (i = split(larger, word, " "); i > 0; i--) { split(word[i], pair, "="); grown[pair[1]] = pair[2] }
        }
        { print }
        $2 in grown { print $1, grown[$2], $3 }
        $1 == "libfuture" && $2 in locks { print "libfuture_threads", $2, "env BENCH_SECOND_THREAD=yes " $3 }'
}

offers_once() {
    while read -r system row program its_system name; do
        case $system in '#'* | '') continue ;; esac
        printf '%s\t%s\t%s --turn %s %s\n' "$system" "$row" "$BUILD/bench/$program" "$its_system" "$name"
    done <bench/peers/ours
    for program in $built; do
        [ ! -e "$program.size" ] || printf '%s\tcode_size\t%s\n' "$(basename "$program")" "$program.size"
        "$program" --list | while read -r system row _; do
            printf '%s\t%s\t%s --turn %s %s\n' "$system" "$row" "$program" "$system" "$row"
        done
    done
}

plan() {
    set -f
    offers | while IFS="$tab" read -r system row command; do
        # shellcheck disable=SC2086
        matches "$system" libfuture* ${PEERS:-'*'} || matches "${system%-*}" ${PEERS:-} || continue
        printf '%s\t%s\t%s\n' "$system" "$row" "$command"
    done >"$peers_results/offers"
    while read -r row kind count cpus insn what; do
        case $row in '#'* | '') continue ;; esac
        large=${row%%[!+]*}
        row=${row#+}
        [ -z "$large" ] || [ -n "${ROWS:-}" ] || continue
        # shellcheck disable=SC2086
        matches "$row" ${ROWS:-} || continue
        awk -F "$tab" -v OFS="$tab" -v row="$row" -v rest="$kind$tab$count$tab$cpus$tab$insn" \
            '$2 == row { print row, $1, rest, $3 }' "$peers_results/offers"
    done <bench/peers/rows >"$jobs"
    set +f
    [ -s "$jobs" ] || { say "no row is named $ROWS"; exit 2; }
}

# ---- Measuring ------------------------------------------------------------------------------------------------------

# command KIND COUNT COMMAND: the whole command of a turn
command_of() {
    case $1 in
        turn) echo "$3 $2" ;;
        size) echo "bench/peers/tools/size.sh $3" ;;
        *) echo "$peers_bin/client $1 $2 $3" ;;
    esac
}

# turn ROUND ROW SYSTEM KIND COUNT CPUS COMMAND
turn() {
    # shellcheck disable=SC2046
    if "$peers_bin/launch" "$6" "${LIMIT:-60}" $(command_of "$4" "$5" "$7") >"$peers_results/answer" 2>"$peers_results/complaint"; then
        awk -F "$tab" -v OFS="$tab" -v row="$2" -v who="$3" -v round="$1" '
            $1 == "process s" { cpu = $2 }
            { unit[NR] = $1; value[NR] = $2 }
            END { for (i = 1; i <= NR; i++) print row, who, round, unit[i], (value[i] == "process" ? cpu : value[i]) }
        ' "$peers_results/answer" >>"$samples"
    else
        say "$3, $2: failed: $(head -c 300 "$peers_results/complaint")"
        echo "$2 $3" >>"$failures"
    fi
}

measure() {
    : >"$samples"
    for row in $(cut -f 1 "$jobs" | uniq); do
        say "$row: $(awk -F "$tab" -v row="$row" '$1 == row { print $2 }' "$jobs" | uniq | tr '\n' ' ')"
        round=0 rounds=$ROUNDS
        grep -q "^$row$tab\(echo\|echo_all\|pace\)$tab" "$jobs" && rounds=$((ROUNDS + 2)) # the network is noisier
        while [ $((round += 1)) -le "$rounds" ]; do
            while IFS="$tab" read -r name system kind count cpus insn command; do
                [ "$name" = "$row" ] || continue
                ! grep -qx "$row $system" "$failures" || continue # once is enough
                turn "$round" "$row" "$system" "$kind" "$count" "$cpus" "$command" </dev/null
            done <"$jobs"
        done
    done
}

# What n more iterations add, each done twice: once for the warm-up.
count_instructions() {
    : >"$counted"
    [ "${INSN:-yes}" = yes ] && command -v valgrind >/dev/null || return 0
    say "counting instructions"
    while IFS="$tab" read -r row system kind count cpus insn command; do
        [ "$insn" -gt 0 ] && [ "$system" != go ] || continue # valgrind does not know goroutines' stacks
        ! grep -qx "$row $system" "$failures" || continue
        instructions "$command" "$insn" >"$peers_results/once" &
        instructions "$command" $((2 * insn)) >"$peers_results/twice"
        wait $!
        paste "$peers_results/once" "$peers_results/twice" | awk -v OFS="$tab" -v row="$row" -v who="$system" \
            -v insn="$insn" 'NF == 2 { printf "%s\t%s\t%.1f\n", row, who, ($2 - $1) / (2 * insn) }' >>"$counted"
    done <"$jobs"
}

# instructions COMMAND COUNT: how many, or nothing
instructions() {
    # shellcheck disable=SC2086
    "$peers_bin/launch" 0 60 valgrind --tool=callgrind --callgrind-out-file=/dev/null $1 "$2" 2>&1 </dev/null |
        awk '/Collected *:/ { print $NF }'
}

# ---- Results --------------------------------------------------------------------------------------------------------

# What failed once has no result.
report() {
    awk -F "$tab" 'FILENAME == ARGV[1] { failed[$0]; next } !(($1 " " $2) in failed)' "$failures" "$samples" >"$samples.good"
    awk -f bench/peers/tools/results.awk "$versions" "$counted" "$samples.good" >"$peers_results/results.tsv"
    awk -f bench/peers/tools/json.awk "$peers_results/results.tsv" >"$RESULTS/results.json"
    {
        echo "$(machine)"
        echo
        awk -f bench/peers/tools/compare.awk -f bench/peers/tools/table.awk bench/peers/rows "$peers_results/results.tsv"
        [ -z "$missing" ] || printf '\nMissing on that machine:%s.\n' "$missing"
    } >"$peers_results/table.md"
    awk -f bench/peers/tools/compare.awk -f bench/peers/tools/chart.awk bench/peers/rows "$peers_results/results.tsv" >"$peers_results/chart.svg"
    cat "$peers_results/table.md"
    say "written to $RESULTS/results.json, $peers_results/table.md, $peers_results/chart.svg"
}

machine() {
    cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
    echo "One run on $(date +%Y-%m-%d): $(getconf _NPROCESSORS_ONLN) CPUs${cpu:+ ($cpu)}, $(uname -sr)," \
        "$($CC --version | head -n 1). Rounds: $ROUNDS; when they began, the machine's load was $load."
}

# Between the two marks.
publish() {
    page=docs/performance.md
    grep -q '<!-- peers: begin -->' $page || return 0
    awk -v table="$peers_results/table.md" '
        /<!-- peers: end -->/ { inside = 0 }
        !inside
        /<!-- peers: begin -->/ {
            inside = 1
            print "\n![libfuture against the best peer of each row](performance-peers.svg)\n"
            while ((getline line <table) > 0) print line
            print ""
        }
    ' $page >"$peers_results/page" && cat "$peers_results/page" >$page
    cp "$peers_results/chart.svg" docs/performance-peers.svg
    say "written to $page and docs/performance-peers.svg"
}

# ---- The run --------------------------------------------------------------------------------------------------------

load=$(cut -d ' ' -f 1 /proc/loadavg)
peers_build
: >"$failures"
plan
measure
count_instructions
report
case ${DOCS:-} in
    yes) publish ;;
    no) ;;
    *) [ -n "${PEERS:-}${ROWS:-}" ] || [ "$ROUNDS" -lt 5 ] || publish ;;
esac
[ ! -s "$failures" ] || { say "failed: $(sort -u "$failures" | tr '\n' ',')"; exit 1; }
