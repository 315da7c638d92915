/* crew.h: the threads of a pool, the queue before them and the line before that.          layer: blocking; needs: core
 *
 * One lock, crew->lock, guards everything but three words of a job. Under it nothing is called that could call back: no waker
 * is woken, no job, hook or discard runs, nothing is allocated, no thread is made.
 *
 *     future ---line (waiters)---> granted ---> queue (jobs) ---> thread ---> DONE ---> future
 *
 * A job's state, and who moves it:
 *
 *     FREE ---1---> CLAIMED ---2---> QUEUED ---3---> RUNNING ---4---> DONE ---5---> FREE
 *      ^  ^            |               |  |             |               ^
 *      |  '-----6------'<------7-------'  '------8------+---------------'
 *      '----------------------------9-------------------'
 *
 *     1 claim (blocking.c)          the caller's storage is taken; one that is allocated begins here
 *     2 fut__crew_submit            into the queue
 *     3 take (pool_worker.c)        out of it, onto a thread
 *     4 end (pool_worker.c)         publishes output and error to whoever polls
 *     5 forget_job (blocking.c)     the output was taken, or discarded
 *     6 forget_job (blocking.c)     dropped in the line
 *     7 forget_job (blocking.c)     dropped in the queue
 *     8 fut__crew_fail_queued       closed, or there is no thread: error says which
 *     9 end (pool_worker.c)         detached: nobody waits
 *
 * Who frees the memory: the future while it is attached, the thread where it was detached. Either way the job is in no list then.
 *
 * The promise that no job is forgotten: while somebody is idle, each job in the queue has somebody on the way,
 *
 *     idle list empty, or  queued <= coming + searching
 *
 * It holds because a job that comes summons one more (idle thread, or new one) unless enough are coming; a thread looks at the
 * queue, under the lock, before it goes idle; and one that was coming and takes a job lowers both sides. A thread that
 * cannot be made leaves jobs behind only while others live, which look at the queue when they are done with theirs;
 * if there are none, the jobs fail.
 *
 * The crew is counted: by the pool, by each thread, by each future that waits for room or for its job. So it may end in any
 * order.
 */
#ifndef FUT_SRC_BLOCKING_CREW_H
#define FUT_SRC_BLOCKING_CREW_H

#include <pthread.h>

#include "../core/atomic.h"
#include "../sync/waiters.h"
#include "future/blocking.h"

enum { FUT__JOB_FREE, FUT__JOB_CLAIMED, FUT__JOB_QUEUED, FUT__JOB_RUNNING, FUT__JOB_DONE };

/* A thread; it lies on that thread's stack. The crew's lock. */
typedef struct fut__worker {
    struct fut__worker *prev, *next; /* of all                                                        */
    struct fut__worker *below;       /* in the idle list, of which the last to lie down is the first   */
    fut_job_t          *job;         /* that it runs                                                   */
    bool                idle;        /* in the idle list                                               */
    pthread_cond_t      summons;
} fut__worker_t;

struct fut_crew {
    pthread_mutex_t    lock;
    size_t             users;  /* atomic; the last one frees                          */
    unsigned           forks;  /* fut__forks() when it was made                       */
    fut_crew_t        *before; /* the default crews of the parents of this process    */
    fut_pool_options_t options;
    char               name[16];

    bool           closed;
    bool           abandoned; /* nobody will join the last thread                    */
    fut_job_t     *jobs;      /* the queue: first, first->prev is the last           */
    uint32_t       queued;    /* jobs in it; also read without the lock, as a hint   */
    uint32_t       granted;   /* futures that were given a place and did not come yet */
    uint32_t       waiting;   /* futures in the line                                 */
    fut_waiters_t  line;
    fut__worker_t *workers;   /* all: first, first->prev is the last                 */
    fut__worker_t *idle;      /* the top of the idle list                            */
    unsigned       threads;   /* that work, are idle, or are being made              */
    unsigned       leaving;   /* in their stop hook, or on the way to it             */
    unsigned       sleeping;  /* in the idle list                                    */
    unsigned       coming;    /* summoned or made, and have not had the lock yet     */
    unsigned       searching; /* 0 or 1: the thread that looks for work before it sleeps */
    unsigned       running;   /* jobs                                                */
    uint64_t       ended, discarded, started;
    bool           has_left; /* `left` is to be joined                              */
    pthread_t      left;     /* the thread that ended last                          */
    pthread_cond_t empty;    /* nobody is left, neither in threads nor leaving      */
};

/* How a thread is made. A test puts something else here. */
typedef int                  fut__create_thread_t(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
extern fut__create_thread_t *fut__create_thread;

/* ---- crew.c ------------------------------------------------------------------------------------ */

/* For somebody who is counted already, or holds the pool. Publishes nothing; fut__crew_leave does. */
static inline void fut__crew_use(fut_crew_t *crew) { fut__add(&crew->users, 1); }
void               fut__crew_leave(fut_crew_t *crew);

/* Monotonic nanoseconds; and so long after now, at most FUT_NEVER. */
fut_instant_t               fut__crew_now(void);
static inline fut_instant_t fut__crew_after(fut_duration_t duration) {
    const fut_instant_t now = fut__crew_now();
    return duration <= 0 ? now : (uint64_t)duration > FUT_NEVER - now ? FUT_NEVER : now + (uint64_t)duration;
}

/* Under the lock: a place in the queue is free. The first in the line gets it; to be woken after the lock. */
fut_waker_t fut__crew_grant(fut_crew_t *crew);
/* Under the lock. */
void fut__crew_unlink(fut_crew_t *crew, fut_job_t *job);
/* Into the queue, on a place that was granted, and somebody comes for it. The job may be DONE when this returns. */
void fut__crew_submit(fut_crew_t *crew, fut_job_t *job);
/* Who is in the queue, and nobody will come for, ends: -ECANCELED where the crew is closed; -EAGAIN where it has no thread. */
void fut__crew_fail_queued(fut_crew_t *crew);
/* Wait on a condition until then, FUT_NEVER: without an end. False: it is past. */
bool fut__crew_wait(fut_crew_t *crew, pthread_cond_t *condition, fut_instant_t until);
void fut__crew_condition(pthread_cond_t *condition); /* init, on the clock of fut__crew_now */

/* Under the lock: the last one has left? Who destroys the pool waits for that. */
static inline bool fut__crew_is_empty(const fut_crew_t *crew) { return crew->threads == 0 && crew->leaving == 0; }

/* ---- pool_worker.c ----------------------------------------------------------------------------- */

/* Make a thread, which was counted in `threads` and `coming` already. 0 or a negative errno. */
int fut__crew_hire(fut_crew_t *crew);
/* Is this one of its threads? It cannot wait for itself to end. */
bool fut__crew_is_mine(const fut_crew_t *crew);

/* Give a job's memory back. Nobody reads it afterwards. */
void fut__job_release(fut_job_t *job);

#endif
