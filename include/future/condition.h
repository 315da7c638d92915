/* condition.h: under a mutex, until something holds.                         layer: sync; needs: core
 *
 *     START(self->lock, fut_mutex_lock, &queue->mutex);
 *     AWAIT(self->lock, fut_mutex_lock, &queue->mutex);
 *     while (queue->count == 0) AWAIT(self->wait, fut_condition_wait, &queue->filled, &self->lock);
 *     ...
 *     ASYNC_FINALLY();
 *     fut_mutex_release(&self->lock);                         // right in any case
 *
 * Waiting unlocks the mutex, and locks it again before it ends; notifying between the two is not lost. Ask again after a
 * wait: others may have been there before.
 *
 * Cancelled gracefully, a wait locks the mutex again, too, so that FINALLY finds what it guards as before. Dropped, it
 * cannot wait, and the mutex is not locked. The lock's slot tells: fut_mutex_release does what is right.
 */
#ifndef FUT_CONDITION_H
#define FUT_CONDITION_H

#include "mutex.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 16 bytes. All zero, or FUT_CONDITION_INIT. It stays where it is. */
typedef struct fut_condition {
    uint32_t      word;  /* atomic. Bit 0: the lock of the list */
    uint32_t      round; /* see fut_notify_t                    */
    fut_waiters_t waiters;
} fut_condition_t;
#define FUT_CONDITION_INIT                                                                                             \
    {                                                                                                                  \
        0, 0, { NULL }                                                                                                 \
    }

void fut_condition_init(fut_condition_t *condition);
/* Stops where somebody waits. It need not be called: there is nothing to release. */
void fut_condition_destroy(fut_condition_t *condition);

/* One that waits, the first; or all that do. Nobody: nothing happens. Any thread, with or without the mutex. */
void fut_condition_notify_one(fut_condition_t *condition);
void fut_condition_notify_all(fut_condition_t *condition);

#ifndef __cplusplus
/* fut_condition_wait: ready when it was notified and `lock` holds the mutex again. Output: 0; -EPERM: the slot does not hold
 * a mutex; -ECANCELED: fut_mutex_is_held(lock) says whether the mutex is locked. The slot belongs to the caller, outlives the
 * wait, and is not touched meanwhile. Any executor's thread. Cancelling loses the place in the queue; a notify_one that
 * had reached it goes to the next. */
typedef struct fut_condition_wait {
    FUT_FUTURE(fut_condition_wait, int, fut_condition_t *condition; fut_mutex_lock_t *lock);
    fut_waiter_t waiter;
    bool         cancelled;
} fut_condition_wait_t;
FUT_DECLARE(fut_condition_wait);
#endif

#ifdef __cplusplus
}
#endif
#endif
