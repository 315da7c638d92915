# chart.awk: the chart, as SVG.        awk -f compare.awk -f chart.awk rows results.tsv
#
# A bar for each row: how many times better than the best peer, on a logarithmic scale. To the right of the middle we
# are first, to the left the peer whose name stands there. Each system has a dot in the row: the whole field is seen.
# Rows of several workers come last, under a heading of their own.

BEGIN { WIDTH = 1040; LEFT = 370; RIGHT = 880; TOP = 78; STEP = 24; BAR = 13; MOST = 32 }

function log2(x) { return log(x) / log(2) }

function x_of(factor) {
    if (factor > MOST) factor = MOST
    if (factor < 1 / MOST) factor = 1 / MOST
    return (LEFT + RIGHT) / 2 + (RIGHT - LEFT) / 2 * log2(factor) / log2(MOST)
}

function text(x, y, anchor, size, colour, words) {
    gsub(/&/, "\\&amp;", words); gsub(/</, "\\&lt;", words)
    printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\" fill=\"%s\">%s</text>\n", x, y, anchor, size, colour, words
}

function vertical(x, from, to, colour) {
    printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x, from, x, to, colour
}

# How many times as good as the best peer this system is.
function standing(line, who,    reference) {
    reference = value[line, best(line, 0)]
    if (value[line, who] == 0 || reference == 0) return 0
    return is_rate(line) ? value[line, who] / reference : reference / value[line, who]
}

function scale(bottom,    factor) {
    for (factor = 1 / MOST; factor <= MOST; factor *= 2) {
        vertical(x_of(factor), TOP - 8, bottom, factor == 1 ? "#555" : "#e4e4e4")
        if (factor < MOST) text(x_of(factor), TOP - 14, "middle", 11, "#666", factor == 1 ? "equal" : factor > 1 ? factor "x" : "1/" (1 / factor))
    }
}

function bar(line, y,    factor, from, to, s) {
    factor = lead(line)
    from = factor < 1 ? x_of(factor) : x_of(1)
    to   = factor < 1 ? x_of(1) : x_of(factor)
    text(LEFT - 12, y + 4, "end", 12, "#222", what[row_of[line]] (only_unit[row_of[line]] > 1 ? ", " unit_of[line] : ""))
    printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"/>\n", from, y - BAR / 2, to - from, BAR,
        (factor < 1 ? "#d1495b" : "#2a9d6f")
    for (s = 1; s <= system_count; s++) {
        if (!((line, systems[s]) in value) || is_ours(systems[s]) || !standing(line, systems[s])) continue
        printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\" stroke=\"%s\"><title>%s: %s %s</title></circle>\n", \
            x_of(standing(line, systems[s])), y, (is_peer(systems[s]) ? "#7a7a7a" : "#fff"), (is_peer(systems[s]) ? "#fff" : "#222"), systems[s], \
            short(value[line, systems[s]]), unit_of[line]
    }
    text(RIGHT + 12, y + 4, "start", 12, "#222", sprintf("%.2gx", factor) " " best(line, 0))
}

END {
    for (i = 1; i <= lines; i++) only_unit[row_of[order[i]]]++
    for (part = 0; part <= 1; part++)
        for (i = 1; i <= lines; i++) {
            if (part_of(order[i]) != part || !lead(order[i])) continue
            if (part && !headed++) shown[++bars] = ""
            shown[++bars] = order[i]
        }
    height = TOP + bars * STEP + 34
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" ", WIDTH, height, WIDTH, height
    print "font-family=\"Helvetica, Arial, sans-serif\">"
    print "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    text(18, 28, "start", 18, "#111", "libfuture against the best peer of each row")
    text(18, 47, "start", 12, "#555", "To the right: libfuture is so many times faster or smaller.")
    text(RIGHT + 12, TOP - 14, "start", 11, "#666", "best peer")
    scale(TOP + bars * STEP)
    for (i = 1; i <= bars; i++)
        if (shown[i] != "") bar(shown[i], TOP + (i - 0.5) * STEP)
        else text(LEFT - 12, TOP + (i - 0.5) * STEP + 6, "end", 13, "#111", "Two workers on two CPUs")
    text(18, height - 12, "start", 11, "#555", "Green or red: libfuture, against the peer named on the right. Grey dots: the peers; white dots: code by hand. Ends at " MOST "x.")
    print "</svg>"
}
