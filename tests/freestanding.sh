#!/bin/sh
# The core, and the groups beside it, compile where there is no libc, and ask the linker for nothing but what every
# compiler may: memcpy, memset, the compiler's own helpers, and abort where the machine has no instruction to trap.
# Compilers which are not there are skipped.
#
#     tests/freestanding.sh DIRECTORY         where the objects go
set -eu
out=$1
root=$(dirname "$0")/..
mkdir -p "$out"

on() { # COMPILER OPTIONS...: the core, then the groups
    command -v "$1" >/dev/null || { echo "skipped $1: not there"; return 0; }
    case "$*" in
        *-gcc*) nm="${1%gcc}nm -u" ;;
        *wasm*) nm=true ;; # binutils cannot read it
        *) nm="nm -u" ;;
    esac
    compiler=$1
    shift
    for program in core group; do
        for options in -O0 -O2 "-O2 -DFUT_COMPUTED_GOTO"; do
            # shellcheck disable=SC2086
            "$compiler" -std=c11 -Wall -Wextra -Wpedantic -Werror -ffreestanding -nostdlib -I"$root/include" $options "$@" \
                -c -o "$out/$program.o" "$root/tests/layers/$program.c"
            foreign=$($nm "$out/$program.o" | sed 's/.* //' | grep -vE '^(mem(cpy|set|move|cmp)|__.*|abort|_GLOBAL_OFFSET_TABLE_)$' || true)
            [ -z "$foreign" ] || { echo "$compiler $* $options: the $program needs $foreign"; exit 1; }
        done
    done
    echo "ok $compiler $*"
}

on gcc
on gcc -m32
on clang
on clang --target=wasm32
on arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb
on arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb
on avr-gcc -mmcu=atmega328p -Wno-pedantic # int has 16 bits there: 0xffff in an enum is an extension
