# table.awk: the Markdown tables.      awk -f compare.awk -f table.awk rows results.tsv
#
# Of each part: first what we lose, then every row with all its systems.

function cell(line, who) {
    if (!((line, who) in value)) return ""
    return (who == best(line, 0) || who == best(line, 1) ? "**" short(value[line, who]) "**" : short(value[line, who]))
}

function sentence(line) {
    return sprintf("`%s` (%s): %s %s, %s %s", row_of[line], what[row_of[line]], best(line, 0), short(value[line, best(line, 0)]),
        best(line, 1), short(value[line, best(line, 1)])) " " unit_of[line]
}

# The median of numbers[1..count].
function median(numbers, count,    i, j, held) {
    for (i = 2; i <= count; i++)
        for (j = i; j > 1 && numbers[j] < numbers[j - 1]; j--) { held = numbers[j]; numbers[j] = numbers[j - 1]; numbers[j - 1] = held }
    return numbers[int((count + 1) / 2)]
}

function summary(part,    i, factor, lost, compared, leads, singles, single, middle) {
    for (i = 1; i <= lines; i++) {
        factor = part_of(order[i]) == part ? lead(order[i]) : 0
        if (!factor) continue
        leads[++compared] = factor
        if (is_single[row_of[order[i]]]) single[++singles] = factor
        if (factor < 1) lost = lost "\n- " sentence(order[i])
    }
    if (lost != "") print "libfuture is not first in these rows:\n" lost "\n"
    else if (compared) print "libfuture is first in every row.\n"
    if (!compared) return
    middle = median(leads, compared)
    printf "Against the best peer of each row, in the median row: %.2f times as good (least %.2f, most %.2f)", middle,
        leads[1], leads[compared]
    if (singles) printf "; in the median row of one thread: %.2f", median(single, singles)
    print ".\n"
}

# Has this system a value in this part?
function appears(who, part,    i) {
    for (i = 1; i <= lines; i++)
        if (part_of(order[i]) == part && ((order[i], who) in value)) return 1
    return 0
}

function table(part,    i, s, line, head, rule, text) {
    head = "| row | unit | best peer / libfuture |"; rule = "|---|---|---|"
    for (s = 1; s <= system_count; s++)
        if (appears(systems[s], part)) { head = head " " systems[s] " |"; rule = rule "---|" }
    print head; print rule
    for (i = 1; i <= lines; i++) {
        line = order[i]
        if (part_of(line) != part) continue
        text = sprintf("| `%s` | %s | %s |", row_of[line], unit_of[line], lead(line) ? sprintf("%.2f", lead(line)) : "")
        for (s = 1; s <= system_count; s++) if (appears(systems[s], part)) text = text " " cell(line, systems[s]) " |"
        print text
    }
    print ""
}

END {
    arrange()
    for (i = 1; i <= lines; i++) parts[part_of(order[i])] = 1
    for (part = 0; part <= 1; part++) {
        if (!(part in parts)) continue
        if (part) print "**Several workers**, two of them on two CPUs, but where the row says otherwise.\n"
        summary(part)
        table(part)
    }
    print "Medians. Bold: the best of the peers, and of libfuture. `hand` and `protothread` are limits, no peers. The third column says"
    print "how many times better libfuture is than the best peer. Smallest and largest values, instruction counts and peak"
    print "memory are in `results.json`. The channels and locks of `libfuture_local` belong to one thread, as Asio's; those of"
    print "the other peers, and of `libfuture`, may be shared by several. `libfuture_threads` is `libfuture` in a process which has a second"
    print "thread, so that locked instructions are needed."
}
