#!/bin/sh
# Installs what a command of the Makefile needs, and nothing where it is there already.
#
#     scripts/install-deps.sh GROUP...        build, test, check, bench, bench-insn, bench-peers, cross
#
# What is missing is found by asking for the header or the command itself, not for the package, so hand-made installations
# count, on any system. Installing is for Debian and its children; elsewhere the script says what is missing, and fails.
set -eu

# One line each: group, what to look for (a header with .h, else a command), Debian's package. Groups in brackets are nice
# to have: `make check` skips what they would serve, and `make bench-peers` names the peers that are missing.
needs='
build       uthash.h                  uthash-dev
test        criterion/criterion.h     libcriterion-dev
test        pkg-config                pkg-config
check       gcc                       gcc
check       g++                       g++
check       clang                     clang
check       libclang_rt.asan          libclang-rt-14-dev
check       clang-format              clang-format
check       valgrind                  valgrind
check       spin                      spin
bench-insn  valgrind                  valgrind
(cross)     arm-none-eabi-gcc         gcc-arm-none-eabi
(cross)     avr-gcc                   gcc-avr
(peers)     cargo                     cargo
(peers)     crate:tokio               librust-tokio-dev
(peers)     crate:futures             librust-futures-dev
(peers)     crate:smol                librust-smol-dev
(peers)     go                        golang-go
(peers)     uv.h                      libuv1-dev
(peers)     ev.h                      libev-dev
(peers)     g++                       g++
(peers)     asio.hpp                  libasio-dev
(peers)     valgrind                  valgrind
'

is_there() {
    case $1 in
        *.hpp) echo "#include <$1>" | ${CXX:-c++} ${CPPFLAGS:-} -E -x c++ - >/dev/null 2>&1 ;;
        crate:*) ls "/usr/share/cargo/registry/${1#crate:}"-[0-9]*/Cargo.toml >/dev/null 2>&1 ;;
        *.h) echo "#include <$1>" | ${CC:-cc} ${CPPFLAGS:-} -E -x c - >/dev/null 2>&1 ;;
        libclang_rt.*) command -v clang >/dev/null && [ -e "$(clang -print-file-name="$1-$(uname -m).a" 2>/dev/null)" ] ||
            ls "$(clang -print-resource-dir 2>/dev/null)/lib/linux/$1-$(uname -m).a" >/dev/null 2>&1 ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

# missing GROUP -> "probe:package" for each need that is not met; the group in brackets is asked for with its brackets
missing() {
    echo "$needs" | while read -r group probe package; do
        [ "$group" = "$1" ] || continue
        is_there "$probe" || echo "$probe:$package"
    done
}

apt_install() {
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    if [ -z "${updated:-}" ]; then
        echo "install-deps: ${sudo:+$sudo }apt-get update" >&2
        $sudo apt-get update -qq >&2 || true # an old list is better than none
        updated=1
    fi
    echo "install-deps: ${sudo:+$sudo }apt-get install $*" >&2
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 \
        "$@" >&2
}

# group NAME required|optional
group() {
    lacking=$(missing "$1")
    [ -n "$lacking" ] || return 0
    packages=$(echo "$lacking" | sed 's/.*://' | sort -u)
    if command -v apt-get >/dev/null; then
        # shellcheck disable=SC2086
        if ! apt_install $packages; then
            [ "$2" = optional ] || exit 1
            for package in $packages; do apt_install "$package" || true; done # one unknown package stops all of them
        fi
        lacking=$(missing "$1")
    fi
    if [ -n "$lacking" ]; then
        echo "install-deps: not found:" $(echo "$lacking" | sed 's/\(.*\):\(.*\)/\1 (Debian: \2)/') >&2
        [ "$2" = optional ] || exit 1
    fi
}

for name; do
    case $name in
        build | test | check | bench-insn) group "$name" required ;;
        bench) ;; # only what build has
        cross) group "(cross)" optional ;;
        bench-peers) group "(peers)" optional ;;
        *) echo "install-deps: no group named $name" >&2; exit 2 ;;
    esac
done
