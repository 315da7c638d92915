# build.sh: sourced by the scripts beside it, from the root of the tree. Sets BUILD, CC, RESULTS and bench_programs.
#
# `make bench` has compiled everything before it calls them; then this does nothing.

BUILD=${BUILD:-build}
CC=${CC:-cc}
RESULTS=${RESULTS:-$BUILD/bench} # the directory for what is written
bench_programs=$(cd bench && for source in */*.c; do echo "${source%.c}"; done) # core/yield

# is_stale FILE SOURCE...: it is not there, or a source is newer
is_stale() {
    [ -e "$1" ] || return 0
    stale_file=$1
    shift
    [ -n "$(find "$@" -newer "$stale_file")" ]
}

bench_build() {
    mkdir -p "$RESULTS"
    [ -e "$BUILD/libfuture.a" ] || make -s DEPS=no BUILD="$BUILD" CC="$CC" lib
    for program in $bench_programs; do
        binary=$BUILD/bench/$program
        mkdir -p "$(dirname "$binary")"
        is_stale "$binary" "bench/$program.c" bench/harness.c bench/harness.h "$BUILD/libfuture.a" || continue
        $CC -std=gnu11 -O2 -g -pthread -Iinclude -Ibench -o "$binary" "bench/$program.c" bench/harness.c \
            "$BUILD/libfuture.a" -lm
    done
}
