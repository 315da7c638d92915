#!/bin/sh
# `make install` puts down what `cc x.c $(pkg-config --cflags --libs future)` needs, `make uninstall` leaves nothing behind.
#
#     tests/install.sh DIRECTORY              where to install; the library is built in BUILD
set -eu
stage=$(mkdir -p "$1" && cd "$1" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
prefix=/opt/future
rm -rf "${stage:?}/opt"
make -s -C "$root" DEPS=no BUILD="$BUILD" DESTDIR="$stage" PREFIX=$prefix install
export PKG_CONFIG_PATH="$stage$prefix/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$stage" LD_LIBRARY_PATH="$stage$prefix/lib"

# hello COMPILER OPTIONS...: compile, run, look at what it says
hello() {
    # shellcheck disable=SC2068
    $@ -o "$stage/hello"
    [ "$("$stage/hello")" = "hello world
hello world" ] || { echo "install: hello, built with $*, does not greet twice"; exit 1; }
    echo "ok $*"
}

cd "$stage"
cp "$root/tests/install/hello.c" .
for cc in gcc clang; do
    hello $cc hello.c $(pkg-config --cflags --libs future)
    hello $cc hello.c -static $(pkg-config --cflags --libs --static future)
    hello $cc -std=c11 -O2 -Wpedantic -Werror hello.c $(pkg-config --cflags --libs future-strict)
done
[ "$(pkg-config --modversion future)" = "$(make -s -C "$root" version)" ]
readelf -d "$stage$prefix/lib/libfuture.so" | grep -q 'SONAME.*\[libfuture\.so\.0\]'

# The programs in the documentation are promises about the installed library, too.
FLAGS="$(pkg-config --cflags future)" "$root/scripts/check-docs.sh"

make -s -C "$root" DEPS=no BUILD="$BUILD" DESTDIR="$stage" PREFIX=$prefix uninstall
left=$(find "$stage/opt" ! -type d)
[ -z "$left" ] || { echo "install: uninstall left" $left; exit 1; }
echo "ok uninstall"
