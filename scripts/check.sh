#!/usr/bin/env bash
# Everything that guards main. One line for each step, then one line of verdict.
#
#     scripts/check.sh [STEP...]      all steps, or some of those below; JOBS of them at the same time
#
# SKIP=STEP leaves one out, for those who have just done the same.
#
# The library and its symbols are looked at in BUILD, where `make check` has just built it. Each step builds for itself in
# BUILD/check/STEP and writes BUILD/check/STEP.log. A step that lacks what it needs says so, answers $skip and is no failure.
set -uo pipefail
cd "$(dirname "$0")/.."
BUILD=$(mkdir -p "${BUILD:-build}" && cd "${BUILD:-build}" && pwd)
JOBS=${JOBS:-$(nproc)}
skip=77
unset MAKEFLAGS MFLAGS # the options of the `make check` that called us are not for our own makes,
export MAKELEVEL=1     # which shall not use all cores each

# The slow ones first: they overlap with all the others.
steps=(valgrind models interleave asan-clang headers asan-gcc gcc-O0 gcc-O2 clang-O0 clang-O2 checked tsan-gcc tsan-clang
    misuse install layers freestanding tour docs format symbols)

# make_in DIRECTORY COMPILER FLAGS TARGET...
make_in() {
    make -s DEPS=no BUILD="$1" CC="$2" CFLAGS="$3" "${@:4}"
}

# compiles_clean_and_passes STEP COMPILER LEVEL LOWERINGS: all that can be compiled, without a warning, and the tests. Each
# compiler has both lowerings, at one level or the other.
compiles_clean_and_passes() {
    make_in "$1" "$2" "$3 -g -Werror" LOWERINGS="$4" programs test
}
step_gcc-O0()   { compiles_clean_and_passes "$1" gcc -O0 goto; }
step_gcc-O2()   { compiles_clean_and_passes "$1" gcc -O2 "switch goto"; }
step_clang-O0() { compiles_clean_and_passes "$1" clang -O0 switch; }
step_clang-O2() { compiles_clean_and_passes "$1" clang -O2 goto; }

# The library and the tests with the checks of FUT_CHECKED: they must find nothing in correct programs.
step_checked() {
    make_in "$1" gcc "-O1 -g -Werror -DFUT_CHECKED" LOWERINGS=switch lib test
}

# Under a sanitizer tests/runner.c runs the tests. A test that was optimised would be more like the real thing, but there are
# functions with hundreds of resume points, over which the compilers brood for minutes. One lowering with each compiler: both
# have both above.
sanitized() { # STEP COMPILER FLAGS LOWERING
    make_in "$1" "$2" "-O0 -g $3" RUNNER=fork LOWERINGS="$4" test
}
addresses="-fsanitize=address,undefined -fno-sanitize-recover=all" # and leaks
step_asan-gcc()   { sanitized "$1" gcc "$addresses" switch; }
step_asan-clang() { sanitized "$1" clang "$addresses" goto; }
# A child of a fork makes threads of its own in some tests; clang's runtime allows that if asked.
export TSAN_OPTIONS=die_after_fork=0${TSAN_OPTIONS:+:$TSAN_OPTIONS}
step_tsan-gcc()   { sanitized "$1" gcc -fsanitize=thread switch; }
step_tsan-clang() { sanitized "$1" clang -fsanitize=thread goto; }

# Uninitialised values, and leaks once more. Valgrind 3.19 does not know epoll_pwait2.
step_valgrind() {
    make_in "$1" gcc "-O1 -g -DFUT_NO_EPOLL_PWAIT2" RUNNER=fork LOWERINGS=switch test-programs
    LIMIT=900 WRAP="valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite" \
        scripts/run-tests.sh "$1"/tests/*-switch
}

step_headers() {
    make_in "$1" gcc "" dist
    tests/headers.sh "$1/dist"
}
step_layers() {
    CC=gcc tests/layers/run.sh "$1/gcc"
    CC=clang CFLAGS=-DFUT_COMPUTED_GOTO tests/layers/run.sh "$1/clang"
}
step_freestanding() { tests/freestanding.sh "$1"; }
step_symbols()      { tests/symbols.sh "$BUILD"; }
step_install()      { BUILD=$BUILD tests/install.sh "$1"; }
step_docs()         { scripts/check-docs.sh; }
step_format()       { make -s check-format; }

# The library's own code, step by step, in every order of its threads that a bound allows.
step_interleave() {
    make_in "$1" gcc "-O1 -g -Werror" interleave
}

# The lock-free protocols, as models; and each model must be able to fail.
step_models() {
    command -v spin >/dev/null || { echo "spin is not there" && return $skip; }
    JOBS=1 tests/models/run.sh "$1"
}

step_misuse() {
    [ -x tests/misuse/run.sh ] || { echo "tests/misuse/run.sh is not there" && return $skip; }
    BUILD=$1 tests/misuse/run.sh
}
step_tour() {
    ls examples/tour/*.c >/dev/null 2>&1 || { echo "examples/tour is empty" && return $skip; }
    make_in "$1" gcc "-O2 -g" "$1/tour"
    timeout 300 "$1/tour" </dev/null
}

# one STEP: run it, say how it went, leave the answer in STEP.status
one() {
    local dir=$BUILD/check/$1 log=$BUILD/check/$1.log start=$SECONDS status word
    mkdir -p "$dir"
    (
        set -e
        "step_$1" "$dir"
    ) >"$log" 2>&1
    status=$?
    case $status in
        0) word=ok ;;
        "$skip") word="skipped: $(tail -n 1 "$log")" ;;
        *) word="FAILED, see ${log#"$PWD"/}" ;;
    esac
    printf '%-13s %3d s  %s\n' "$1" $((SECONDS - start)) "$word"
    echo $status >"$BUILD/check/$1.status"
}

[ $# = 0 ] || steps=("$@")
[ -z "${SKIP:-}" ] || read -ra steps <<<"$(printf '%s\n' "${steps[@]}" | grep -vx -- "$SKIP" | tr '\n' ' ')"
for step in "${steps[@]}"; do
    declare -F "step_$step" >/dev/null || { echo "check: no step named $step; there are: ${steps[*]}" && exit 2; }
    mkdir -p "$BUILD/check" && rm -f "$BUILD/check/$step.status"
done
for step in "${steps[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do wait -n || true; done
    one "$step" &
done
wait

failed=() skipped=()
for step in "${steps[@]}"; do
    case $(cat "$BUILD/check/$step.status" 2>/dev/null) in
        0) ;;
        "$skip") skipped+=("$step") ;;
        *) failed+=("$step") ;;
    esac
done
for step in "${failed[@]}"; do # why, for those who see no more than this output
    echo "---- $step, the end of its log without what passed:"
    grep -vE ' 0 failed$' "$BUILD/check/$step.log" | tail -n 60
done
[ ${#failed[@]} = 0 ] || { echo "check: ${#failed[@]} of ${#steps[@]} steps FAILED: ${failed[*]}" && exit 1; }
echo "check: all ok, $((${#steps[@]} - ${#skipped[@]})) steps${skipped:+, skipped: ${skipped[*]}}"
