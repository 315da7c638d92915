#!/bin/sh
# The core compiles where there is no libc, and asks the linker for nothing but what every compiler may: memcpy, memset,
# the compiler's own helpers, and abort where the machine has no instruction to trap. Compilers which are not there are
# skipped.
#
#     tests/freestanding.sh DIRECTORY         where the objects go
set -eu
out=$1
root=$(dirname "$0")/..
mkdir -p "$out"

core_on() { # COMPILER OPTIONS...
    command -v "$1" >/dev/null || { echo "skipped $1: not there"; return 0; }
    case "$*" in
        *-gcc*) nm="${1%gcc}nm -u" ;;
        *wasm*) nm=true ;; # binutils cannot read it
        *) nm="nm -u" ;;
    esac
    compiler=$1
    shift
    for options in -O0 -O2 "-O2 -DFUT_COMPUTED_GOTO"; do
        # shellcheck disable=SC2086
        "$compiler" -std=c11 -Wall -Wextra -Wpedantic -Werror -ffreestanding -nostdlib -I"$root/include" $options "$@" \
            -c -o "$out/core.o" "$root/tests/layers/core.c"
        foreign=$($nm "$out/core.o" | sed 's/.* //' | grep -vE '^(mem(cpy|set|move|cmp)|__.*|abort|_GLOBAL_OFFSET_TABLE_)$' || true)
        [ -z "$foreign" ] || { echo "$compiler $* $options: the core needs $foreign"; exit 1; }
    done
    echo "ok $compiler $*"
}

core_on gcc
core_on gcc -m32
core_on clang
core_on clang --target=wasm32
core_on arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb
core_on arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb
core_on avr-gcc -mmcu=atmega328p -Wno-pedantic # int has 16 bits there: 0xffff in an enum is an extension
