#!/bin/sh
# Every public header compiles by itself: as C11 and as C++17, with gcc and clang, in both ways to lower AWAIT, without the
# short names, and in checked builds. So does the single-file header.
#
#     tests/headers.sh DIRECTORY              where the single-file future.h was made
set -eu
single=$1
root=$(dirname "$0")/..
failed=0

alone() { # HEADER INCLUDE-DIRECTORY
    for how in "gcc -std=c11" "clang -std=c11" "g++ -x c++ -std=c++17" "clang++ -x c++ -std=c++17"; do
        for option in "" -DFUT_COMPUTED_GOTO -DFUT_NO_SHORT_NAMES -DFUT_CHECKED; do
            # <future> is a header of C++ and a directory of ours: neither may hide the other.
            { case $how$option in *c++17) echo "#include <future>" ;; esac
              echo "#include <$1>"
              echo "#include <$1>"
              echo "int main(void);"; } >"$single/alone.c"
            # shellcheck disable=SC2086
            $how $option -Wall -Wextra -Wpedantic -Werror -I"$2" -fsyntax-only "$single/alone.c" ||
                { failed=1 && echo "<$1> does not compile alone: $how $option"; }
        done
    done
}

for header in future.h $(cd "$root/include" && echo future/*.h); do alone "$header" "$root/include"; done
alone future.h "$single"
exit $failed
