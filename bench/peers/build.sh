# build.sh: sourced by run.sh after ../build.sh. Builds the peers that it finds, each by its folder's `build`.
#
# Sets built, the programs; missing, the peers that are not here; versions, a file with system and version.

tab=$(printf '\t')
peers_results=$RESULTS/peers
peers_bin=$BUILD/bench/peers
versions=$peers_results/versions.tsv
built=
missing=

# is_wanted PEER: PEERS names it, or a system of its, or nothing at all. What is ours or by hand needs nobody's package.
is_wanted() {
    case $1 in libfuture | hand) return 0 ;; esac
    [ -n "${PEERS:-}" ] || return 0
    set -f
    for pattern in $PEERS; do
        # shellcheck disable=SC2254
        case $1 in $pattern) break ;; esac
        case $pattern in "$1"-*) break ;; esac
        pattern=
    done
    set +f
    [ -n "$pattern" ]
}

# Each folder's build is called with the program to be made, and prints a line for each of its systems: name, version.
# Where it fails the peer is missing; its words are in OUT.log.
peers_build() {
    mkdir -p "$peers_results" "$peers_bin"
    bench_build
    for tool in launch client; do
        is_stale "$peers_bin/$tool" "bench/peers/tools/$tool.c" || continue
        $CC -std=gnu11 -O2 -Wall -Wextra -o "$peers_bin/$tool" "bench/peers/tools/$tool.c"
    done
    {
        echo "libfuture $(MAKEFLAGS= make -s version)"
        echo "libfuture_local $(MAKEFLAGS= make -s version)"
        echo "libfuture_threads $(MAKEFLAGS= make -s version)"
        echo "libfuture_mt $(MAKEFLAGS= make -s version)"
        echo "hand $(basename "$CC")-$($CC -dumpversion)"
        echo "protothread $(basename "$CC")-$($CC -dumpversion)"
    } >"$versions"
    for folder in bench/peers/*/build; do
        peer=$(basename "$(dirname "$folder")")
        program=$peers_bin/$peer
        is_wanted "$peer" || continue
        case $peer in libfuture) with=$BUILD/libfuture.a ;; *) with= ;; esac
        if ! is_stale "$program" "bench/peers/$peer" bench/harness.[ch] bench/peers/*.rs bench/peers/cargo.sh \
            bench/peers/size.build $with; then
            :
        elif ! CC=$CC BUILD=$BUILD "$folder" "$program" >"$program.versions" 2>"$program.log"; then
            rm -f "$program"
            missing="$missing $peer"
            echo "bench-peers: $peer: missing ($(tail -n 1 "$program.log"))" >&2
            continue
        fi
        built="$built $program"
        cat "$program.versions" >>"$versions"
    done
}
