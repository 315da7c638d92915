# json.awk: what results.awk printed, as JSON. What was not measured is null.

BEGIN { FS = "\t"; printf "[" }

function number(text) { return text == "" ? "null" : text }

{
    printf "%s\n  {\"system\": \"%s\", \"workload\": \"%s\", \"unit\": \"%s\", \"median\": %s, \"min\": %s, \"max\": %s, ",
        (NR > 1 ? "," : ""), $2, $1, $4, $5, $6, $7
    printf "\"version\": \"%s\", \"instructions\": %s, \"peak_kib\": %s}", $3, number($8), number($9)
}

END { print "\n]" }
