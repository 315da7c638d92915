/* gather.h: what join_all and for_each_concurrent have in common: futures in an array, and an end.           layer: set
 *
 * Spokes are taken at the first poll of a future and given back at once if it is ready then; so only those that wait
 * have one, and a thousand that are ready at once use the same.
 */
#ifndef FUT_SRC_GATHER_H
#define FUT_SRC_GATHER_H

#include <errno.h>

#include "future/set.h"
#include "hub.h"

static inline fut_future_t *fut__nth(const fut_futures_t *futures, size_t n) {
    if (futures->stride == 0) return ((fut_future_t *const *)futures->first)[n];
    return (fut_future_t *)(void *)((char *)futures->first + n * futures->stride);
}

static inline void fut__gather_init(fut_gather_t *all) { *all = (fut_gather_t){.hub = NULL}; }

/* The others are cancelled; the first error counts. */
void fut__gather_stop(fut_gather_t *all, int error);
/* A future is the next to be polled. When it cannot be, for want of memory, it is dropped, and the others are
 * cancelled. */
void fut__gather_begin(fut_gather_t *all, fut_future_t *started);
/* Poll the futures that were woken, or only the next one: one that is done, or NULL. */
fut_future_t *fut__gather_turn(fut_gather_t *all, fut_context_t *cx, bool one);
/* The turn ended because its time was over, and goes on in the next poll. */
static inline bool fut__gather_is_over(const fut_gather_t *all) { return all->hub && all->hub->over; }
/* No more polls: the wakers are given back. */
void fut__gather_end(fut_gather_t *all);
/* The same, and the futures that were begun are dropped. */
void fut__gather_drop(fut_gather_t *all);

#endif
