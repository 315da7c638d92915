/* patience.h: whether to search a little before sleeping.                                     layer: core
 *
 * To wake a thread that sleeps in the kernel takes ten to fifty times as long as to be seen by one that looks. So an
 * executor, or a worker, that was just woken by another thread, after a short sleep, looks for the next wake for a while
 * before it sleeps again. Each search that finds nothing makes it wait for twice as many short sleeps before the next one; one
 * that finds something makes up for all of them. Who is woken by nobody else never searches.
 */
#ifndef FUT_SRC_PATIENCE_H
#define FUT_SRC_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "cores.h"

enum { FUT__SEARCH = 20, FUT__SHORT_SLEEP = 100 * 1000, FUT__MOST_FAILURES = 10 };

typedef struct fut__patience {
    uint64_t limit;    /* nanoseconds of a search; 0: none    */
    uint32_t failures; /* searches in vain, one after another */
    uint32_t to_pass;  /* short sleeps before the next search */
} fut__patience_t;

static inline bool fut__is_hopeful(const fut__patience_t *patience) {
    return patience->limit > 0 && patience->to_pass == 0;
}

/* The option `search` in microseconds: 0 is the default. Where there is one core, the other thread waits for us to stop. */
static inline int fut__search_option(int search) { return search == 0 && fut__cores() > 1 ? FUT__SEARCH : search; }

/* Microseconds; none or fewer: never search. */
static inline void fut__patience_begin(fut__patience_t *patience, int search) {
    *patience = (fut__patience_t){.limit = search > 0 ? 1000u * (uint64_t)search : 0, .to_pass = 1};
}

static inline void fut__patience_slept(fut__patience_t *patience, uint64_t nanoseconds) {
    if (nanoseconds < FUT__SHORT_SLEEP && patience->to_pass > 0) patience->to_pass--;
}

static inline void fut__patience_searched(fut__patience_t *patience, bool found) {
    if (found) {
        patience->failures = 0;
    } else {
        if (patience->failures < FUT__MOST_FAILURES) patience->failures++;
        patience->to_pass = 1u << patience->failures;
    }
}

#endif
