#!/bin/sh
# Keeps the documentation true: every relative link leads to a file (and to a heading of it), every program compiles.
#
#     scripts/check-docs.sh                   CC, and FLAGS to compile against another libfuture than this tree's
#
# A program is a block that begins with ```c and contains a main. Where cmark or pandoc is there, BUILD/docs gets HTML.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
failed=0
say() { echo "$*" && failed=1; }

# anchors FILE: its headings, as GitHub makes fragments of them
anchors() {
    sed -n 's/^##* *//p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

check_links() { # FILE
    # Links outside of code: ](target), one a line.
    sed '/^```/,/^```/d; s/`[^`]*`//g' "$1" | grep -o '](\([^)]*\))' | sed 's/^](//; s/)$//; s/ .*//' >"$work/links" || true
    while read -r link; do
        case $link in *://* | mailto:*) continue ;; esac
        target=${link%%#*} anchor=
        case $link in *#*) anchor=${link#*#} ;; esac
        path=$1
        [ -z "$target" ] || path=$(dirname "$1")/$target
        if [ ! -e "$path" ]; then
            say "$1: no such file: $link"
        elif [ -n "$anchor" ] && ! anchors "$path" | grep -qxF "$anchor"; then
            say "$1: no such heading: $link"
        fi
    done <"$work/links"
}

check_programs() { # FILE
    rm -f "$work"/program*
    awk -v stem="$work/program" '
        /^```c$/ { inside = 1; text = ""; next }
        /^```/   { if (inside && text ~ /int main/) { n++; file = stem n ".c"; printf "%s", text > file; close(file) } inside = 0 }
        inside   { text = text $0 "\n" }' "$1"
    for program in "$work"/program*.c; do
        [ -e "$program" ] || continue
        # shellcheck disable=SC2086
        ${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror ${FLAGS:--Iinclude} -fsyntax-only "$program" ||
            say "$1: a program does not compile"
    done
}

html() { # FILE -> standard output
    if command -v cmark >/dev/null; then cmark "$1"; else pandoc -f gfm "$1"; fi
}

for page in README.md CHANGELOG.md docs/*.md bench/*.md examples/*.md; do
    [ -e "$page" ] || continue
    check_links "$page"
    check_programs "$page"
    if [ -n "${BUILD:-}" ] && command -v cmark pandoc >/dev/null; then
        mkdir -p "$BUILD/docs"
        html "$page" | sed 's/\(href="[^":]*\)\.md/\1.html/g' >"$BUILD/docs/$(basename "$page" .md).html"
    fi
done
[ $failed = 0 ] && echo "ok docs"
