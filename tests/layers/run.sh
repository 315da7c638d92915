#!/bin/sh
# Each program here includes one header alone and links the folders of src/ that it names, no other: so a layer that came to
# need one above it no longer compiles, or no longer links.
#
#     tests/layers/run.sh DIRECTORY         where the programs go; CC and CFLAGS are the caller's
set -eu
out=$1
root=$(dirname "$0")/../..
mkdir -p "$out"
for program in "$root"/tests/layers/*.c; do
    name=$(basename "$program" .c)
    sources=
    for layer in $(sed -n 's/^ \* links: //p' "$program"); do
        [ "$layer" = nothing ] || sources="$sources $(echo "$root"/src/"$layer"/*.c)"
    done
    # shellcheck disable=SC2086
    ${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$root/include" -pthread ${CFLAGS:-} -o "$out/$name" "$program" $sources
    "$out/$name" || { echo "layers: $name does not work with its own layers alone"; exit 1; }
    echo "ok $name"
done
