# compare.awk: before table.awk and chart.awk, which are given `rows` and results.tsv; what each line is about.
#
# A line is a row in one unit. Of this library's systems the best one stands for it; `hand` and `protothread` are
# limits, not peers. Rows of several workers (mt_) stand apart: what is for one thread has no place in them.

BEGIN { FS = "\t" }

FNR == NR {
    sub(/^[+]/, "", $0)
    if ($0 ~ /^#/ || split($0, word, / +/) < 6) next
    sub(/^[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +/, "", $0)
    what[word[1]] = $0
    is_single[word[1]] = word[2] == "turn" && word[4] == 1
    next
}

{
    line = $1 FS $4
    if (!(line in has)) { order[++lines] = line; has[line] = 1; row_of[line] = $1; unit_of[line] = $4 }
    value[line, $2] = $5; least[line, $2] = $6; most[line, $2] = $7; counted[line, $2] = $8
    if (!($2 in known)) { known[$2] = 1; systems[++system_count] = $2 }
}

function is_ours(who) { return who ~ /^libfuture/ }

function is_peer(who) { return !is_ours(who) && who !~ /^(hand|protothread)$/ }

# Ours, the peers, the limits.
function arrange(    kind, i, who, sorted, count) {
    for (kind = 1; kind <= 3; kind++)
        for (i = 1; i <= system_count; i++) {
            who = systems[i]
            if ((is_ours(who) ? 1 : is_peer(who) ? 2 : 3) == kind) sorted[++count] = who
        }
    for (i = 1; i <= count; i++) systems[i] = sorted[i]
}

# 0: one thread; 1: several workers.
function part_of(line) { return row_of[line] ~ /^mt_/ }

# More is better only where it is a rate, or how many times faster.
function is_rate(line) { return unit_of[line] ~ /(\/s|^times)$/ }

function beats(line, a, b) { return is_rate(line) ? value[line, a] + 0 > value[line, b] + 0 : value[line, a] + 0 < value[line, b] + 0 }

# The best of ours, or of the peers; "": there is none.
function best(line, ours,    i, who, found) {
    for (i = 1; i <= system_count; i++) {
        who = systems[i]
        if (!((line, who) in value) || (ours ? !is_ours(who) : !is_peer(who))) continue
        if (found == "" || beats(line, who, found)) found = who
    }
    return found
}

# How many times better than the best peer we are; 0: there is nothing to compare.
function lead(line,    our, peer) {
    our = best(line, 1); peer = best(line, 0)
    if (our == "" || peer == "" || value[line, our] == 0 || value[line, peer] == 0) return 0
    return is_rate(line) ? value[line, our] / value[line, peer] : value[line, peer] / value[line, our]
}

# Three digits.
function short(number,    text) {
    number += 0
    if (number >= 100) {
        text = sprintf("%.0f", number)
        while (match(text, /[0-9][0-9][0-9][0-9](,|$)/)) text = substr(text, 1, RSTART) "," substr(text, RSTART + 1)
        return text
    }
    return sprintf(number >= 10 ? "%.1f" : number >= 0.01 ? "%.2f" : "%.4f", number)
}
