#!/bin/sh
# Compiles every program of this folder and looks whether its mistake is diagnosed as its first lines say, and whether
# the right way, under #ifdef FIXED in the same file, is silent and works.
#
#     // flags: FLAGS                     for everything that follows, and for FIXED
#     // needs: the library               link all of libfuture, not only src/core
#     // expect COMPILER [FLAGS]: TEXT    gcc, clang or both: the diagnostics contain TEXT. Where TEXT begins with
#                                         "error:" it does not compile, with "warning:" it does
#     // run [FLAGS]: TEXT                it compiles, is stopped by SIGABRT, and TEXT is on stderr
#     // says [FLAGS]: TEXT               it compiles, works all the same, and TEXT is on stderr, once; under FIXED
#                                         nothing is
#     // works: FLAGS                     with these it is no mistake
#
#     COMPILERS="gcc-12 clang-14" tests/misuse/run.sh [program ...]
#
# A line for each program, then `N passed, N failed`; not 0 if one failed.
set -u
export LC_ALL=C
ulimit -c 0

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
compilers=${COMPILERS:-gcc clang}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

dialect="-std=c11 -I$root/include"
silent="-Wall -Wextra -Wpedantic -Werror"
passed=0
failed=0

kind_of() { # COMPILER -> gcc or clang
    if "$1" --version 2>/dev/null | grep -qi clang; then echo clang; else echo gcc; fi
}

# The library's objects, made once for each compiler and each choice of layers. Objects and not an archive: fut_panic is a weak
# symbol, which would not pull its member out of one.
library() { # COMPILER core|all; then the objects are $objects
    objects=$scratch/$(basename "$1")-$2
    if [ ! -d "$objects" ]; then
        mkdir "$objects"
        if [ "$2" = core ]; then sources=$(echo "$root"/src/core/*.c); else sources=$(echo "$root"/src/*/*.c); fi # no two have the same name
        # shellcheck disable=SC2086 # lists of words
        (cd "$objects" && "$1" $dialect -I"$root/src" -O1 -g -pthread -w -c $sources) >"$scratch/said" 2>&1 || {
            rm -r "$objects"
            return 1
        }
    fi
    objects=$(echo "$objects"/*.o)
}

complain() { # what went wrong, then what was printed
    [ -n "$trouble" ] || : >"$scratch/trouble"
    trouble=yes
    echo "    $1" >>"$scratch/trouble"
    sed 's/^/        /' "$scratch/said" | head -n 20 >>"$scratch/trouble"
}

compile() { # COMPILER FLAGS OUTPUT-ARGUMENTS...; what it said is in $scratch/said
    compiler=$1 extra=$2
    shift 2
    # shellcheck disable=SC2086 # FLAGS are words
    (cd "$here" && "$compiler" $dialect $flags $extra "$program.c" "$@") >"$scratch/said" 2>&1
}

build() { # COMPILER FLAGS; a program in $scratch/program
    library "$1" "$layers" || return 1
    # shellcheck disable=SC2086 # a list of files
    compile "$1" "$2" -o "$scratch/program" $objects -pthread
}

must_be_diagnosed() { # COMPILER FLAGS TEXT
    compile "$1" "$2" -c -o "$scratch/object.o"
    status=$?
    grep -qF -e "$3" "$scratch/said" || complain "$1 $2: did not say: $3"
    case $3 in
        error:*) [ $status -ne 0 ] || complain "$1 $2: compiled" ;;
        warning:*) [ $status -eq 0 ] || complain "$1 $2: did not compile" ;;
    esac
}

must_stop() { # COMPILER FLAGS TEXT
    build "$1" "$2" || { complain "$1 $2: did not compile"; return; }
    sh -c '"$0"; exit $?' "$scratch/program" >"$scratch/said" 2>&1 # a shell of its own, which may say "Aborted"
    status=$?
    [ $status -eq 134 ] || complain "$1 $2: ended with status $status, not with SIGABRT"
    grep -qF -e "$3" "$scratch/said" || complain "$1 $2: did not say: $3"
}

must_say() { # COMPILER FLAGS TEXT
    build "$1" "$2" || { complain "$1 $2: did not compile"; return; }
    "$scratch/program" >"$scratch/said" 2>&1
    status=$?
    [ $status -eq 0 ] || complain "$1 $2: ended with status $status"
    [ "$(grep -cF -e "$3" "$scratch/said")" = 1 ] || complain "$1 $2: did not say once: $3"
}

must_work() { # COMPILER FLAGS
    build "$1" "$2" || { complain "$1 $2: did not compile silently"; return; }
    [ ! -s "$scratch/said" ] || complain "$1 $2: was not silent"
    "$scratch/program" >"$scratch/said" 2>&1
    status=$?
    [ $status -eq 0 ] || complain "$1 $2: ended with status $status"
    [ -z "$quiet" ] || [ ! -s "$scratch/said" ] || complain "$1 $2: said something"
}

# The directives of a program as lines "verb|words|text".
directives() {
    sed -n 's,^// \(expect\|run\|says\|works\|flags\|needs\)\( [^:]*\)\{0\,1\}: *\(.*\)$,\1|\2|\3,p' "$here/$program.c"
}

examine() {
    flags='' layers=core strict='' quiet=''
    directives >"$scratch/directives"
    while IFS='|' read -r verb words text; do
        case $verb in
            flags) flags=$text ;;
            needs) layers='all' ;;
            says) quiet=yes ;;
        esac
    done <"$scratch/directives"
    for cc in $compilers; do
        kind=$(kind_of "$cc") strict=''
        while IFS='|' read -r verb words text; do
            words=${words# }
            case $verb in
                expect)
                    whom=${words%% *} more=${words#"$whom"}
                    if [ "$whom" = "$kind" ] || [ "$whom" = both ]; then
                        must_be_diagnosed "$cc" "$more" "$text"
                        strict="$strict $more"
                    fi
                    ;;
                run) for level in -O0 -O2; do must_stop "$cc" "$level $words" "$text"; done ;;
                says) for level in -O0 -O2; do must_say "$cc" "$level $words" "$text"; done ;;
                works) for level in -O0 -O2; do must_work "$cc" "$level $silent $text"; done ;;
            esac
        done <"$scratch/directives"
        for level in -O0 -O2; do
            must_work "$cc" "$silent $strict $level -DFIXED"
            must_work "$cc" "$silent $strict $level -DFIXED -DFUT_COMPUTED_GOTO"
        done
    done
    grep -q '^\(expect\|run\|says\)|' "$scratch/directives" || complain "expects nothing"
}

[ $# -gt 0 ] || set -- "$here"/*.c
for file in "$@"; do
    program=$(basename "$file" .c)
    trouble=''
    : >"$scratch/said"
    examine
    if [ -z "$trouble" ]; then
        passed=$((passed + 1))
        echo "ok      $program"
    else
        failed=$((failed + 1))
        echo "FAILED  $program"
        cat "$scratch/trouble"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
