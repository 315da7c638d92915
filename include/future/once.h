/* once.h: only the first does it, all wait until it is done.                 layer: sync; needs: core
 *
 *     START(self->open, open_database, path);
 *     AWAIT_TRY(self->once, fut_once_run, &database_once, &self->open.future);
 *
 * Each brings a future that would do it. One of them is polled; the others wait, and their futures, which were never polled, are
 * dropped once it is done. If the one that runs fails (a negative integer output) or is cancelled, the next takes over with
 * its own. After that everybody passes for the price of a load.
 */
#ifndef FUT_ONCE_H
#define FUT_ONCE_H

#include "waiter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 16 bytes. All zero, or FUT_ONCE_INIT: not done. It stays where it is. */
typedef struct fut_once {
    uint32_t      word; /* atomic. Bit 0: the lock of the list; RUNNING: one has its turn; DONE: never cleared */
    fut_waiters_t waiters;
} fut_once_t;
enum { FUT_ONCE_RUNNING_ = 2, FUT_ONCE_DONE_ = 4 };
#define FUT_ONCE_INIT                                                                                                  \
    {                                                                                                                  \
        0, { NULL }                                                                                                    \
    }

void fut_once_init(fut_once_t *once);
/* Stops where somebody runs it or waits. It need not be called: there is nothing to release. */
void fut_once_destroy(fut_once_t *once);
/* Any thread. What was done is visible. */
bool fut_once_is_done(const fut_once_t *once);

#ifndef __cplusplus
/* fut_once_run: ready when it is done. `initialiser` is a started future that belongs to the caller and outlives the wait. Output:
 * 0; the negative output of the caller's own initialiser, which failed; -ECANCELED. Any executor's thread. Cancelling
 * cancels the initialiser, too, gracefully or at once; if it was running, the next one's turn has come. It loses the place
 * in the queue, or what the initialiser loses. */
typedef struct fut_once_run {
    FUT_FUTURE(fut_once_run, int, fut_once_t *once; fut_future_t *initialiser);
    fut_waiter_t waiter;
    fut_strand_t strand;
} fut_once_run_t;
FUT_DECLARE(fut_once_run);
#endif

#ifdef __cplusplus
}
#endif
#endif
