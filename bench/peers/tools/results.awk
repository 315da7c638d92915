# results.awk: medians.      awk -f results.awk versions.tsv insn.tsv samples.tsv
#
# -> row, system, version, unit, median, min, max, instructions, peak KiB: a line for each row, system and unit.

BEGIN { FS = OFS = "\t" }

FILENAME == ARGV[1] { split($0, word, " "); version[word[1]] = word[2]; next }

FILENAME == ARGV[2] { instructions[$1, $2] = $3; next }

$4 == "process s" { next }

$4 == "process KiB" { if ($5 + 0 > peak[$1, $2]) peak[$1, $2] = $5 + 0; next }

{
    key = $1 OFS $2 OFS $4
    if (!(key in count)) order[++keys] = key
    value[key, ++count[key]] = $5 + 0
}

function sort(key,    i, j, held) {
    for (i = 2; i <= count[key]; i++) {
        held = value[key, i]
        for (j = i - 1; j >= 1 && value[key, j] > held; j--) value[key, j + 1] = value[key, j]
        value[key, j + 1] = held
    }
}

function median(key,    half) {
    half = int((count[key] + 1) / 2)
    return count[key] % 2 ? value[key, half] : (value[key, half] + value[key, half + 1]) / 2
}

END {
    for (k = 1; k <= keys; k++) {
        split(order[k], part, OFS)
        sort(order[k])
        print part[1], part[2], version[part[2]], part[3], median(order[k]), value[order[k], 1],
            value[order[k], count[order[k]]], (part[3] == "ns" ? instructions[part[1], part[2]] : ""),
            peak[part[1], part[2]]
    }
}
