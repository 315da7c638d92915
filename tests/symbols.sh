#!/bin/sh
# The names that the library defines for others: fut_*, and nothing else. The shared library keeps fut__* to itself.
#
#     tests/symbols.sh DIRECTORY              where libfuture.so and libfuture.a are
set -eu
dir=$1
exported=$(nm -D --defined-only "$dir/libfuture.so" | sed 's/.* //; s/@.*//' | grep -v '^LIBFUTURE_')
global=$(nm -g --defined-only "$dir/libfuture.a" | sed -n 's/^[0-9a-f]\{8,\} . //p')

echo "$exported" | grep -qx fut_executor_init || { echo "symbols: libfuture.so does not export fut_executor_init"; exit 1; }
foreign=$({ echo "$exported" | grep -v '^fut_[a-z]'; echo "$global" | grep -v '^fut_'; } || true)
[ -z "$foreign" ] || { echo "symbols: not ours to define:" $foreign; exit 1; }
twice=$(ar t "$dir/libfuture.a" | sort | uniq -d)
[ -z "$twice" ] || { echo "symbols: two objects of one name, which some linkers and archivers take for one:" $twice; exit 1; }
echo "ok $(echo "$exported" | wc -l) names exported"
