# table.awk: results and targets side by side.       awk -f table.awk targets results.tsv
#
# A target is absolute, or a factor of another median: of another workload, or of the same one in another system. Two
# loops of the same speed differ by 2 % from one run to the next: against another system as much is allowed.

BEGIN { FS = "\t" }

FNR == NR {
    if ($0 ~ /^#/ || split($0, word, / +/) < 4) next
    relation[word[1], word[2]] = word[3]
    factor[word[1], word[2]]   = word[4]
    of[word[1], word[2]]       = word[5]
    next
}

{
    rows++
    system_of[rows] = $1; workload[rows] = $2; unit[rows] = $3; median[rows] = $4; least[rows] = $5; most[rows] = $6
    medians[$1, $2, $3] = $4
}

# The median that a target refers to; 0: it was not measured.
function reference(row,    name) {
    name = of[workload[row], unit[row]]
    if ((name, workload[row], unit[row]) in medians) return medians[name, workload[row], unit[row]]
    if (("libfuture", name, unit[row]) in medians) return medians["libfuture", name, unit[row]]
    return 0
}

function target(row,    key) {
    key = workload[row] SUBSEP unit[row]
    return relation[key] " " factor[key] (of[key] == "" ? "" : " x " of[key])
}

function verdict(row,    key, value, slack) {
    key   = workload[row] SUBSEP unit[row]
    value = median[row]
    slack = relation[key] == ">=" ? 0.98 : 1
    if (of[key] != "") {
        if (!reference(row)) return "not measured: " of[key]
        value /= reference(row)
    }
    return ((relation[key] == "<=" ? value <= factor[key] : value >= factor[key] * slack) ? "met" : "NOT MET") \
        (of[key] == "" ? "" : sprintf(", is %.3f", value))
}

END {
    format = "%-18s %-10s %11s %11s %11s  %-15s %-24s %s\n"
    printf format, "workload", "system", "median", "min", "max", "unit", "target", ""
    for (row = 1; row <= rows; row++) {
        has_target = system_of[row] == "libfuture" && (workload[row], unit[row]) in factor
        printf format, workload[row], system_of[row], median[row], least[row], most[row], unit[row],
            has_target ? target(row) : "", has_target ? verdict(row) : ""
    }
}
