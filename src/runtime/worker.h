/* worker.h: the threads of a runtime and what they share.                                          layer: runtime
 *
 *                        own worker                      elsewhere: another thread, a signal handler
 *                        ----------                      -------------------------------------------
 *                        wake                                     fut__task_wake: NOTIFIED
 *                         |    \                                     |              \
 *      free to move       |     '-- bound to it ---.                 |               '-- bound ---.
 *                         v                        v                 v                            v
 *                     run queue   ----full--->   bound          crew's inbox                worker's inbox
 *                      |     ^        |            |                 |                            |
 *                      |     |        v            |                 |                            |
 *          stolen <----'     '---- surplus <-------|-----------------'                            |
 *                      |                           |<---------------------------------------------'
 *                      v                           v
 *                            poll, in turns
 *
 * A task is free to move between workers until it is *bound* to one, for the rest of its life:
 *
 *     - when it first registers a timer or a descriptor. Registrations are plain links into the worker's own timer wheel
 *       and epoll instance, taken out again without a lock by whoever drops the leaf; so from then on only that worker
 *       may touch the task.
 *     - when it opens a scope: a scope and its children share plain memory, so the children are born bound, too.
 *     - by birth: fut_runtime_spawn_on, or every task where nothing is stolen.
 *
 * The byte `queued` of the task says where: 0, or the worker's number and one. It is written by spawn, before the task is
 * known, and by the worker that polls it; it is read by whoever has to queue the task, who holds it by its state: so the
 * same swaps that hand the task over publish the byte.
 *
 * The state is that of ../task/state.h with one addition: RUNNING also stands for a task that waits on a queue for a
 * poll which is certain, after spawn and after a YIELD. A wake then need not queue it. So
 *
 *     spawn                                     a plain store: RUNNING; nobody knows the task yet
 *     run        NOTIFIED         -> RUNNING    (4)
 *     run        RUNNING NOTIFIED -> RUNNING    the wake came while it was on the queue; this poll is the one
 *     YIELD      RUNNING          -> RUNNING    nothing to do
 *     PENDING                                   (5) (6)
 *     end        any              -> next generation, a plain store: RUNNING means that the task is on no queue
 *
 * What the last poll wrote into the frame reaches the next one, perhaps on another thread: by (5), then (1), then (4) where
 * it was woken; by the run queue's tail and head where it yielded. tests/models/task.pml has both.
 *
 * fut_runtime_dump holds a task that waits as a poll would, for as long as it reads its frames: (4) without NOTIFIED, then
 * (5) (6). So nobody else touches them meanwhile, and nobody is stopped for it.
 */
#ifndef FUT_SRC_WORKER_H
#define FUT_SRC_WORKER_H

#include <pthread.h>

#include "../core/patience.h"
#include "../task/shared.h"
#include "future/driver.h"
#include "future/reactor.h"
#include "future/runtime.h"
#include "idle.h"
#include "run_queue.h"
#include "store.h"
#include "surplus.h"

/* crew->orders: set under crew->lock, looked at by every worker before each poll. */
enum {
    FUT__HALT    = 1, /* come to rest; the last one cancels all    */
    FUT__STOP    = 2, /* end                                       */
    FUT__CLOSING = 4, /* nothing is spawned any more               */
    FUT__RECALL  = 8  /* some worker is `recalled`: see in_place.c */
};

typedef struct fut__worker fut__worker_t;

/* A thread of a crew: a worker's first one, or one that stands in. Under crew->lock. */
typedef struct fut__hand {
    struct fut__hand *next, *all; /* the next spare one; the stand-in started before this one */
    fut__worker_t    *seat;       /* what it is to operate                                     */
    pthread_t         thread;
} fut__hand_t;

/* A task that blocks in place, on its thread's stack. Under crew->lock. */
typedef struct fut__absence {
    struct fut__absence *next;
    fut_task_t          *task;
    bool                 recalls, seated; /* it wants the worker back; it has it */
} fut__absence_t;

struct fut__worker {
    fut__store_t store; /* first: where its tasks' memory lies */
    fut__crew_t *crew;
    unsigned     number;

    /* The worker's thread. */
    fut_reactor_t             *reactor;
    fut_driver_t              *driver;
    fut_driver_vtable_t        vtable;        /* the driver's: binds, then asks the one below        */
    const fut_driver_vtable_t *inner;         /* the reactor's own */
    fut_task_t                *current;       /* while it is polled; read by any thread, without order              */
    fut_task_t                *first, **last; /* bound tasks that are ready, linked through `link`                  */
    uint64_t                   now;           /* the driver's clock, as of the last look                            */
    unsigned                   ticks;         /* tasks taken                                                        */
    unsigned                   turns;         /* tasks that were not the latest: whose turn it is                   */
    unsigned                   streak;        /* how often in a row the latest was taken                            */
    unsigned                   pushed;        /* tasks put on the run queue since others were told, see `announce`  */
    unsigned                   random;        /* whom to rob first                                                  */
    fut__batch_t              *blank;         /* a block for the next batch, or NULL                                */
    bool                       searching;     /* it is counted in crew->idle.searching                              */
    fut__patience_t            patience;      /* whether it searches for a while                                    */
    long                       thread_number; /* atomic: the kernel's                                              */
    int                        cpu; /* to stay on, or -1                                                            */

    /* Written by the worker's thread, read by any, without order. */
    fut_worker_metrics_t metrics;
    uint64_t             spawned, ended;

    char             gap[64];
    fut__run_queue_t queue;

    /* Any thread, atomically. Away from what the worker writes all the time. */
    char        gap2[64];
    fut_task_t *inbox; /* bound tasks woken elsewhere, latest first, linked through `link` */
    uint32_t    armed; /* it does not look before the bell rings                            */
    int         bell;  /* an eventfd; written once, never closed                            */
    bool        has_bell;

    /* Blocking in place, see in_place.c. Under crew->lock. */
    fut__hand_t     hand;     /* the thread it began with                                      */
    fut__absence_t *absent;   /* its tasks that block                                          */
    bool            vacant;   /* STOP: nobody operates it any more                              */
    uint32_t        recalled; /* atomic, written under the lock: how many of them want it back */
};

/* What the workers share. It outlives its runtime, for the sake of wakers; it is recycled and never released. */
struct fut__crew {
    /* Written before the threads start. */
    fut_runtime_t        *runtime;
    fut__worker_t       **workers;
    unsigned              count, room; /* in use; made so far */
    fut_runtime_options_t options;
    unsigned              forks;
    bool                  clearing; /* its end: one thread is left, and gives back what it drops later */

    char        gap[64];
    fut_task_t *inbox;   /* atomic, any thread: free tasks woken or spawned elsewhere, latest first, through `link` */
    uint32_t    orders;  /* atomic */
    uint64_t    watched; /* atomic: a watchdog's ticket, or 0; see ../task/watched.h */
    fut__idle_t idle;

    char            gap2[64];
    pthread_mutex_t surplus_lock;
    fut__surplus_t  surplus;

    /* For threads that are no workers. */
    pthread_mutex_t outside_lock;
    fut__store_t    outside;
    uint64_t        spawned, ended; /* atomic, written under the lock       */
    unsigned        next_worker;    /* where nothing is stolen: whose turn it is */

    pthread_mutex_t lock;
    pthread_cond_t  changed;
    unsigned        halted, rounds; /* workers that are at rest; how often all of them were */
    fut__hand_t    *spare, *stand_ins;
    unsigned        stand_in_count, recalled; /* tasks that want their workers back */

    fut__depot_t depot;
    fut__crew_t *idle_next, *all;
};

#endif
