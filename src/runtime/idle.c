/* idle.c: idle.h has the protocol. */
#include "idle.h"

static unsigned long bit_of(unsigned worker) { return 1ul << worker % FUT__BITS; }

/* The order of the two matters: a maker that sees one searcher less must see the bit. */
void fut__idle_enter(fut__idle_t *idle, unsigned worker, bool was_searching) {
    fut__set(&idle->asleep[worker / FUT__BITS], bit_of(worker)); /* (1) */
    if (was_searching) fut__add(&idle->searching, (uint32_t)-1); /* (2) */
    fut__fence();                                                /* pairs with fut__idle_choose */
}

bool fut__idle_leave(fut__idle_t *idle, unsigned worker) {
    return !(fut__clear(&idle->asleep[worker / FUT__BITS], bit_of(worker)) & bit_of(worker));
}

static bool is_anybody_asleep(const fut__idle_t *idle) {
    for (int word = 0; word < FUT__BIT_WORDS; word++)
        if (fut__load_relaxed(&idle->asleep[word])) return true;
    return false;
}

/* The one with the lowest number: it slept shortest, most likely, and those above it may go on sleeping. */
static int take_sleeper(fut__idle_t *idle) {
    for (int word = 0; word < FUT__BIT_WORDS; word++) {
        unsigned long bits = fut__load_relaxed(&idle->asleep[word]);
        while (bits)
            if (fut__cas(&idle->asleep[word], &bits, bits & (bits - 1)))
                return word * (int)FUT__BITS + __builtin_ctzl(bits);
    }
    return -1;
}

int fut__idle_choose(fut__idle_t *idle) {
    for (;;) {
        uint32_t nobody = 0;
        int      worker;
        fut__fence(); /* between the push and the look: pairs with fut__idle_enter */
        if (fut__load_relaxed(&idle->searching) != 0 || !is_anybody_asleep(idle)) return -1;
        if (!fut__cas(&idle->searching, &nobody, 1)) continue;
        worker = take_sleeper(idle);
        if (worker >= 0) return worker;
        fut__add(&idle->searching, (uint32_t)-1); /* once more */
    }
}
