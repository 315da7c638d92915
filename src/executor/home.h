/* home.h: where an executor's tasks live.                                          layer: executors
 *
 * The run queue, the inbox for wakes from other threads, the bell, and the tasks' memory. It outlives its executor: a
 * waker of a task long gone still leads here. Homes are recycled among executors and never released, the bell is
 * never closed; so a late ring wakes a stranger for nothing, and does no other harm.
 */
#ifndef FUT_SRC_HOME_H
#define FUT_SRC_HOME_H

#include "../core/patience.h"
#include "../task/task.h"
#include "future/executor.h"

struct fut_home {
    fut_scheduler_t scheduler; /* first: a task's `scheduler` is its home */

    /* The executor's thread. */
    fut_executor_t      *executor;
    fut_driver_t        *driver;
    fut_task_t          *first, **last; /* the run queue, linked through `next`; where the next one is linked   */
    fut_task_t          *batch;         /* the older part of the queue, which run_ready works through           */
    fut_task_t          *latest;        /* the LIFO slot, where the options ask for one                         */
    const fut_context_t *polling;       /* while tasks are run: its waker says which                            */
    uint64_t             now;           /* the driver's clock, as of the last look                              */
    unsigned             budget, streak;
    bool                 lifo; /* as the shelf it comes from */
    bool                 quiet, has_bell;
    fut__patience_t      patience;

    /* Any thread, atomically. Away from the queue: what other threads write should not slow it down. */
    char        gap[64];
    fut_task_t *inbox;   /* tasks woken elsewhere, latest first, linked through `link`           */
    uint64_t    owner;   /* the thread that runs this executor at the moment, or 0              */
    uint32_t    armed;   /* nobody looks at the inbox before the bell rings                     */
    long        outside; /* wakers that were cloned and not dropped: a wake may come from outside. Not
                            reset for the next executor, since the drop may still come           */
    int         bell;    /* an eventfd; written once                                            */

    /* For a watchdog, see ../task/watched.h; the first three are written only while one watches. */
    fut_task_t *current; /* atomic: while it is polled */
    uint64_t    polls;   /* atomic                     */
    long        thread;  /* atomic                     */
    uint64_t    watched; /* atomic: its ticket, or 0   */
};

/* The waker of the task itself, under whatever its children were given. */
static inline fut_waker_t fut__task_waker(fut_waker_t waker) {
    while (waker.target && fut_waker_vtable_(waker)->outer)
        waker = fut_waker_vtable_(waker)->outer(waker.target, waker.tag);
    return waker;
}

/* A home of its own, recycled or new. NULL and errno. */
fut_home_t *fut__home_take(bool lifo);
void        fut__home_put(fut_home_t *home);

#endif
