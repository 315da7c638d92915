/* waiter.h: a place in a queue, kept in the future that waits.               layer: sync; needs: core
 *
 * For those who write a primitive: a mutex, a channel, a pool. Its users read sync.h.
 *
 * All waits are intrusive: the leaf owns a waiter, the object links it, and whoever comes first, the event or fut_drop,
 * takes it out. So waiting allocates nothing, and an object is a few words: a word that is its own lock, and a pointer
 * to the first of a circular list, in which first->prev is the last.
 *
 * An object of zeros has an empty list.
 */
#ifndef FUT_WAITER_H
#define FUT_WAITER_H

#include "../future.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a waiter stands; atomic, written under the object's lock. A poll without the lock sees the truth or QUEUED, and
 * in the second case its waker will be woken.
 *
 *     IDLE        in no list; its owner's first poll says so
 *     QUEUED      in the list; neighbours and the object point to it
 *     GRANTED     taken out, and what it waited for is already its own: dropping it must give that back
 *     RELEASED    taken out, and there is nothing to give back: everybody was let go, or the object closed
 */
enum { FUT_WAITER_IDLE, FUT_WAITER_QUEUED, FUT_WAITER_GRANTED, FUT_WAITER_RELEASED };

typedef struct fut_waiter {
    struct fut_waiter *prev, *next; /* the object's lock */
    fut_waker_t        waker;       /* the object's lock */
    uint32_t           state;       /* see above         */
    uint32_t           number;      /* the object's own: permits wanted, reader or writer, a round */
} fut_waiter_t;

typedef struct fut_waiters {
    fut_waiter_t *first; /* NULL: nobody waits */
} fut_waiters_t;

/* For a plain thread: poll a started leaf and sleep while it is PENDING. No driver: a leaf that needs one ends with -ENOTSUP.
 * 0: it is READY, read its output. -EDEADLK: called inside of a poll, which would stop its executor; the future was
 * dropped. Checked builds can tell, and only where it would have to wait. Any thread. Allocates nothing. */
FUT_MUST_USE int fut_wait_on_thread(fut_future_t *started);

#ifdef __cplusplus
}
#endif
#endif
