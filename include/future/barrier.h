/* barrier.h: until all have come.                                            layer: sync; needs: core
 *
 *     AWAIT(self->wait, fut_barrier_wait, &shared->barrier);
 *     if (self->wait.output == 1) merge(shared);              // one of them is the leader
 *
 * The last of n parties lets all of them go, and is the leader; then the next round begins. A wait that is cancelled has not
 * come: its party may come again, in the same round. A party that will not come again says so (fut_barrier_leave), in its
 * FINALLY for instance, or the others wait for ever.
 */
#ifndef FUT_BARRIER_H
#define FUT_BARRIER_H

#include "waiter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 24 bytes. It stays where it is. All but the word: under the lock of the list. */
typedef struct fut_barrier {
    uint32_t      word;    /* atomic. Bit 0: the lock of the list */
    uint32_t      round;   /* see fut_notify_t                    */
    uint32_t      parties; /* how many are to come                */
    uint32_t      arrived; /* how many have, in this round        */
    fut_waiters_t waiters;
} fut_barrier_t;

/* 0; -EINVAL: no parties. */
int fut_barrier_init(fut_barrier_t *barrier, uint32_t parties);
/* Stops where somebody waits. It need not be called: there is nothing to release. */
void fut_barrier_destroy(fut_barrier_t *barrier);

/* One party less, for good. If all the others have come, they go; the one who came first leads. Stops where there are no parties.
 * Any thread. */
void fut_barrier_leave(fut_barrier_t *barrier);

#ifndef __cplusplus
/* fut_barrier_wait: ready when all have come. Output: 1 for one of them, the leader, 0 for the others; -ECANCELED. Any
 * executor's thread. Cancelling takes the arrival back; once all have come it changes nothing for the others, and if it is
 * the leader's, there is none. */
typedef struct fut_barrier_wait {
    FUT_FUTURE(fut_barrier_wait, int, fut_barrier_t *barrier);
    fut_waiter_t waiter;
} fut_barrier_wait_t;
FUT_DECLARE(fut_barrier_wait);
#endif

#ifdef __cplusplus
}
#endif
#endif
