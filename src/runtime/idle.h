/* idle.h: which workers sleep, and who is to be woken.                                              layer: runtime
 *
 * A worker that finds nothing to do searches: it looks at every queue. Then it sleeps, in its driver. Whoever makes a task
 * ready wakes a sleeper, but only if nobody searches: a searcher will find the task. So a burst of tasks wakes one
 * worker, which, when it has found one of them and there are more, wakes the next (the rule is Go's).
 *
 *     searching   atomic: workers that will look at every queue once more before they sleep. A promise: whoever lets this
 *                 number fall, lets others look (finds: fut__idle_found) or looks itself (sleeps: fut__idle_enter)
 *     asleep      atomic: a bit for each worker that sleeps, or is about to. Set by the worker; taken away by whoever
 *                 wakes it, who has counted it as searching before; or by the worker itself when something else woke it
 *
 *     maker of a task                               worker without one
 *     ---------------                               ------------------
 *     put it on a queue                             set the bit                          (1)
 *     fence                                         searching--                          (2)
 *     searching != 0: done                          fence
 *     searching 0 -> 1                              look at every queue:                 (3)
 *     take a bit away                                 something there: take the bit away, unless it was gone
 *       got one: ring that worker                       searching++, and search anew      (4)
 *       none: searching--, and once more              nothing: sleep until the bell rings
 *                                                   take the bit away
 *                                                     it was gone: counted as searching already
 *
 * No task is left alone. The fences make one of the two see the other (Dekker): either (3) finds the task, or the maker
 * sees what (1) and (2) wrote, that is: a bit, and one searcher less. If it sees another searcher, the same holds for
 * that one, and so on to the last. "And once more" is needed because a maker who holds `searching` and finds nobody to
 * ring has promised what it will not do: another maker may have trusted it meanwhile.
 *
 * tests/models/idle.pml checks all of this, and finds the lost task without either fence, without the second look (3),
 * with (2) after it, without "once more", and without (4): the worker could find one task on the way, take it for one of
 * its own, and leave another one which it had seen to those who trust it.
 */
#ifndef FUT_SRC_IDLE_H
#define FUT_SRC_IDLE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "../core/atomic.h"

enum {
    FUT__MOST_WORKERS = 254, /* a task names its worker in a byte, see worker.h */
    FUT__BITS         = sizeof(unsigned long) * CHAR_BIT,
    FUT__BIT_WORDS    = FUT__MOST_WORKERS / FUT__BITS + 1
};

typedef struct fut__idle {
    uint32_t      searching;
    unsigned long asleep[FUT__BIT_WORDS];
} fut__idle_t;

/* (1) (2). Then a fence, the look, and sleep. */
void fut__idle_enter(fut__idle_t *idle, unsigned worker, bool was_searching);
/* Up again. True: somebody woke it on purpose and has counted it as searching. */
bool fut__idle_leave(fut__idle_t *idle, unsigned worker);
/* After the push. The worker that is to be rung, or -1: nobody need be. Any thread, signal handlers. */
int fut__idle_choose(fut__idle_t *idle);

static inline void fut__idle_search(fut__idle_t *idle) { fut__add(&idle->searching, 1); }
/* A searcher has found something. True: it was the last one, so if anything is left on any queue, call
 * fut__idle_choose. */
static inline bool fut__idle_found(fut__idle_t *idle) { return fut__add(&idle->searching, (uint32_t)-1) == 1; }

#endif
