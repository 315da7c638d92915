/* rwlock.h: many who read, or one who writes.                                layer: sync; needs: core
 *
 *     AWAIT(self->read, fut_rwlock_read, &table->lock);
 *     ...                                                     // may AWAIT
 *     fut_rwlock_unlock_read(&table->lock);
 *
 * First come, first served: readers who come after a waiting writer wait behind it, so writers do not starve; those who come
 * together are let in together. A task that reads and asks to read again may therefore wait for a writer who waits for it:
 * do not nest.
 */
#ifndef FUT_RWLOCK_H
#define FUT_RWLOCK_H

#include "waiter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 16 bytes. All zero, or FUT_RWLOCK_INIT: free. It stays where it is.
 *
 *     bit 0       the lock of the list: src/sync/waiters.h
 *     WAITERS     the list is not empty: who comes lines up, who unlocks looks
 *     WRITER      one writes; then the rest is 0
 *     the rest    how many read, times FUT_RWLOCK_READER_ */
typedef struct fut_rwlock {
    uint32_t      word; /* atomic */
    fut_waiters_t waiters;
} fut_rwlock_t;
enum { FUT_RWLOCK_WAITERS_ = 2, FUT_RWLOCK_WRITER_ = 4, FUT_RWLOCK_READER_ = 8 };
#define FUT_RWLOCK_INIT                                                                                                \
    {                                                                                                                  \
        0, { NULL }                                                                                                    \
    }

void fut_rwlock_init(fut_rwlock_t *lock);
/* Stops where it is locked or somebody waits. It need not be called: there is nothing to release. */
void fut_rwlock_destroy(fut_rwlock_t *lock);

/* Any thread. False: not now; it never passes who waits. */
FUT_MUST_USE bool fut_rwlock_try_read(fut_rwlock_t *lock);
FUT_MUST_USE bool fut_rwlock_try_write(fut_rwlock_t *lock);
/* Any thread. Each stops where it is not locked so. */
void fut_rwlock_unlock_read(fut_rwlock_t *lock);
void fut_rwlock_unlock_write(fut_rwlock_t *lock);
/* From writing to reading, with nobody in between; readers who are next come in, too. */
void fut_rwlock_downgrade(fut_rwlock_t *lock);
/* For plain threads. 0; -EDEADLK as in fut_wait_on_thread. */
FUT_MUST_USE int fut_rwlock_read_blocking(fut_rwlock_t *lock);
FUT_MUST_USE int fut_rwlock_write_blocking(fut_rwlock_t *lock);

#ifndef __cplusplus

/* fut_rwlock_read, fut_rwlock_write: ready when it is locked so for whoever awaits. Output: 0, or -ECANCELED: not
 * locked. Any executor's thread. Cancelling loses the place in the queue; what was granted already is unlocked. */
typedef struct fut_rwlock_read {
    FUT_FUTURE(fut_rwlock_read, int, fut_rwlock_t *lock);
    fut_waiter_t waiter;
} fut_rwlock_read_t;
FUT_DECLARE(fut_rwlock_read);

typedef struct fut_rwlock_write {
    FUT_FUTURE(fut_rwlock_write, int, fut_rwlock_t *lock);
    fut_waiter_t waiter;
} fut_rwlock_write_t;
FUT_DECLARE(fut_rwlock_write);

#endif

#ifdef __cplusplus
}
#endif
#endif
