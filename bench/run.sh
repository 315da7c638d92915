#!/bin/sh
# Measures, prints a table, and writes BUILD/bench/results.json. README.md says what is measured.
#
#     make bench                         everything, about three minutes
#     BENCH_ONLY='yield_*' make bench    some of it
#     ROUNDS=3 make bench                fewer rounds than each workload asks for
#
# Works without make, too: what is missing or older than its sources is compiled. A target that is missed is no
# failure; a wrong result is.
set -eu
cd "$(dirname "$0")/.."
. bench/build.sh

results=$RESULTS/results
bench_build
: >"$results.tsv"
for program in $bench_programs; do
    echo "bench: $program" >&2
    "$BUILD/bench/$program" >>"$results.tsv"
done
[ -s "$results.tsv" ] || { echo "bench: no workload is named $BENCH_ONLY" >&2; exit 2; }

awk -F '\t' '
    BEGIN { printf "[" }
    {
        printf "%s\n  {\"system\": \"%s\", \"workload\": \"%s\", \"unit\": \"%s\", ", (NR > 1 ? "," : ""), $1, $2, $3
        printf "\"median\": %s, \"min\": %s, \"max\": %s}", $4, $5, $6
    }
    END { print "\n]" }
' "$results.tsv" >"$results.json"
awk -f bench/table.awk bench/targets "$results.tsv"
echo "bench: written to $results.json"
