/* notify.h: something has changed, look again.                               layer: sync; needs: core
 *
 *     while (!work(self->queue)) AWAIT(self->wait, fut_notify_wait, &queue->changed);
 *
 * notify_one lets one wait end: the one that came first, or, where nobody waits, the next that comes. At most one such permit is kept,
 * so many notifies before a wait are one. notify_waiters ends all that wait now, and keeps nothing.
 */
#ifndef FUT_NOTIFY_H
#define FUT_NOTIFY_H

#include "waiter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Any thread --------------------------------------------------------------------------- */

/* 16 bytes. All zero: no permit. It stays where it is. */
typedef struct fut_notify {
    uint32_t      word;  /* atomic. Bit 0: the lock of the list; PERMIT: one is kept, and nobody waits */
    uint32_t      round; /* the lock of the list: how often all were notified. Who comes later has a later number */
    fut_waiters_t waiters;
} fut_notify_t;
enum { FUT_NOTIFY_PERMIT_ = 2 };
#define FUT_NOTIFY_INIT                                                                                                \
    {                                                                                                                  \
        0, 0, { NULL }                                                                                                 \
    }

void fut_notify_init(fut_notify_t *notify);
/* Stops where somebody waits. It need not be called: there is nothing to release. */
void fut_notify_destroy(fut_notify_t *notify);

/* Any thread. What was written before is visible to whoever's wait it ends. */
void fut_notify_one(fut_notify_t *notify);
void fut_notify_waiters(fut_notify_t *notify);

#ifndef __cplusplus
/* fut_notify_wait: ready once notified; it waits from its first poll on. Output: 0, or -ECANCELED. Any executor's thread.
 * Cancelling loses the place in the queue; a notify_one that had reached it goes to the next. */
typedef struct fut_notify_wait {
    FUT_FUTURE(fut_notify_wait, int, fut_notify_t *notify);
    fut_waiter_t waiter;
} fut_notify_wait_t;
FUT_DECLARE(fut_notify_wait);
#endif

/* ---- One thread --------------------------------------------------------------------------- */

/* The same for futures which are all polled by one thread: no atomics. An executor sees a deadlock among those who wait. */
typedef struct fut_local_notify {
    uint32_t      permit, round;
    fut_waiters_t waiters;
} fut_local_notify_t;
#define FUT_LOCAL_NOTIFY_INIT                                                                                          \
    {                                                                                                                  \
        0, 0, { NULL }                                                                                                 \
    }

void fut_local_notify_init(fut_local_notify_t *notify);
void fut_local_notify_destroy(fut_local_notify_t *notify);
void fut_local_notify_one(fut_local_notify_t *notify);
void fut_local_notify_waiters(fut_local_notify_t *notify);

#ifndef __cplusplus
typedef struct fut_local_notify_wait {
    FUT_FUTURE(fut_local_notify_wait, int, fut_local_notify_t *notify);
    fut_waiter_t waiter;
} fut_local_notify_wait_t;
FUT_DECLARE(fut_local_notify_wait);
#endif

#ifdef __cplusplus
}
#endif
#endif
