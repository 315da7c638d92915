#!/bin/sh
# size.sh PROGRAM: does it run, and how many bytes of code and constants has it? PROGRAM-arm, where it is there, is the
# same for Cortex-M, with everything it needs in it.
set -eu
"$1"
size "$1" | awk 'NR == 2 { printf "bytes\t%d\n", $1 }'
[ ! -e "$1-arm" ] || size "$1-arm" | awk 'NR == 2 { printf "bytes, Cortex-M\t%d\n", $1 }'
