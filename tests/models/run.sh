#!/usr/bin/env bash
# The models of the lock-free protocols, each checked exhaustively by spin; and each with one step weakened at a time
# (-DWEAKEN_...), which must be found out: a model that cannot fail shows nothing.
#
#     tests/models/run.sh [DIRECTORY [MODEL...]]     builds below DIRECTORY; JOBS models at the same time
#
# One line for each model: its states, and how many of its weakened variants were caught. Exit 1 if the model has an error or was
# not searched to the end, or if a variant passed.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-build/models}
[ $# -gt 0 ] && shift
JOBS=${JOBS:-$(nproc)}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
command -v spin >/dev/null || { echo "models: spin is not there (Debian: spin)" && exit 1; }

# search MODEL VARIANT: the verifier's report in OUT/MODEL/VARIANT/report
search() {
    local dir=$out/$1/$2 level=-O0 table=20 weaken=()
    rm -rf "$dir" && mkdir -p "$dir" && cd "$dir" || return 1
    if [ "$2" = plain ]; then level=-O2 table=24; else weaken=("-D$2"); fi
    {
        spin "${weaken[@]}" -a "$here/$1.pml" &&
            ${CC:-cc} -w $level -DSAFETY -DCOLLAPSE -DMEMLIM=1900 -o pan pan.c &&
            timeout 600 ./pan -m100000 -w$table
    } >report 2>&1
}

# Every state was looked at, and none is bad.
is_verified() { grep -q 'errors: 0' "$1" && ! grep -qE 'Search not completed|max search depth too small|out of memory' "$1"; }
# Not by accident: an assertion, or somebody who waits for ever.
is_caught() { grep -qE '^pan:1: (assertion violated|invalid end state)' "$1"; }

model() {
    local name=$1 variant caught=0 missed=() states report=$out/$1/plain/report
    local variants
    variants=$(grep -oE 'WEAKEN_[A-Z0-9_]+' "$here/$name.pml" | sort -u)
    search "$name" plain
    for variant in $variants; do
        search "$name" "$variant"
        if is_caught "$out/$name/$variant/report"; then caught=$((caught + 1)); else missed+=("$variant"); fi
    done
    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$report")
    if ! is_verified "$report"; then
        printf '%-12s FAILED: see %s\n' "$name" "$report"
    elif [ ${#missed[@]} -gt 0 ] || [ -z "$variants" ]; then
        printf '%-12s FAILED: not caught: %s\n' "$name" "${missed[*]:-it has no variants}"
    else
        printf '%-12s ok  %9.0f states  %2d variants caught\n' "$name" "$states" "$caught"
    fi >"$out/$name/verdict"
    cat "$out/$name/verdict"
}

[ $# -gt 0 ] || set -- $(cd "$here" && ls ./*.pml | sed 's|.*/||; s/\.pml$//')
for name; do
    rm -f "$out/$name/verdict"
    while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do wait -n || true; done
    model "$name" &
done
wait

failed=0
for name; do grep -q ' ok ' "$out/$name/verdict" 2>/dev/null || failed=$((failed + 1)); done
echo "models: $(($# - failed)) passed, $failed failed"
[ $failed = 0 ]
