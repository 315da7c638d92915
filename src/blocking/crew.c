/* crew.c: a pool's beginning and end, and the way into its queue.              layer: blocking; needs: core */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "../core/cores.h"
#include "../core/fork.h"
#include "../core/memory.h"
#include "crew.h"

enum { QUEUE = 1024, NAME = 11 };

/* ---- Time ----------------------------------------------------------------------------------------- */

fut_instant_t fut__crew_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (fut_instant_t)now.tv_sec * 1000000000 + (fut_instant_t)now.tv_nsec;
}

void fut__crew_condition(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool fut__crew_wait(fut_crew_t *crew, pthread_cond_t *condition, fut_instant_t until) {
    const struct timespec at = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
    if (until == FUT_NEVER) return pthread_cond_wait(condition, &crew->lock) == 0;
    return pthread_cond_timedwait(condition, &crew->lock, &at) != ETIMEDOUT;
}

/* ---- The queue, and the line before it --------------------------------------------------------------- */

fut_waker_t fut__crew_grant(fut_crew_t *crew) {
    const fut_waker_t nobody = {NULL, 0};
    if (crew->closed || !crew->line.first || crew->queued + crew->granted >= crew->options.queue) return nobody;
    crew->granted++;
    crew->waiting--;
    return fut__take_out(&crew->line, crew->line.first, FUT_WAITER_GRANTED);
}

static void set_queued(fut_crew_t *crew, uint32_t queued) {
    fut__store_relaxed(&crew->queued, queued); /* a hint to search_until (pool_worker.c), which has no lock */
}

static void append(fut_crew_t *crew, fut_job_t *job) {
    fut_job_t *const first = crew->jobs;
    if (!first) {
        crew->jobs = job->next = job->prev = job;
    } else {
        job->next         = first;
        job->prev         = first->prev;
        first->prev->next = job;
        first->prev       = job;
    }
    set_queued(crew, crew->queued + 1);
    fut__store_relaxed(&job->state, FUT__JOB_QUEUED);
}

void fut__crew_unlink(fut_crew_t *crew, fut_job_t *job) {
    if (crew->jobs == job) crew->jobs = job->next != job ? job->next : NULL;
    job->prev->next = job->next;
    job->next->prev = job->prev;
    set_queued(crew, crew->queued - 1);
}

/* ---- Somebody to do it ------------------------------------------------------------------------------- */

/* Under the lock: is there a job for which nobody is on the way? */
static bool somebody_is_wanted(const fut_crew_t *crew) { return crew->queued > crew->coming + crew->searching; }

/* Under the lock. The thread may be gone as soon as it is left, so it is told before. */
static void summon_idle(fut_crew_t *crew) {
    fut__worker_t *const worker = crew->idle;
    crew->idle                  = worker->below;
    worker->idle                = false;
    crew->sleeping--;
    crew->coming++;
    pthread_cond_signal(&worker->summons);
}

/* Under the lock. True: a thread is to be made, outside of it; it is counted already. */
static bool summon(fut_crew_t *crew) {
    if (!somebody_is_wanted(crew)) return false;
    if (crew->idle) {
        summon_idle(crew);
        return false;
    }
    if (crew->threads == crew->options.threads) return false;
    crew->threads++;
    crew->coming++;
    return true;
}

/* No thread could be made. Those that were counting on it need another: one that went idle meanwhile; one that works looks at the
 * queue by itself; where there is none, they fail. */
static void do_without(fut_crew_t *crew) {
    pthread_mutex_lock(&crew->lock);
    crew->threads--;
    crew->coming--;
    if (crew->idle && somebody_is_wanted(crew)) summon_idle(crew);
    if (fut__crew_is_empty(crew)) pthread_cond_broadcast(&crew->empty);
    pthread_mutex_unlock(&crew->lock);
    fut__crew_fail_queued(crew);
}

void fut__crew_submit(fut_crew_t *crew, fut_job_t *job) {
    bool hire = false, closed;
    pthread_mutex_lock(&crew->lock);
    crew->granted--;
    closed = crew->closed;
    if (!closed) {
        append(crew, job);
        hire = summon(crew);
    }
    pthread_mutex_unlock(&crew->lock);
    if (closed) {
        fut_waker_drop(job->waker);
        job->error = -ECANCELED;
        fut__store_relaxed(&job->state, FUT__JOB_DONE); /* nobody else knows of it */
    }
    if (hire && fut__crew_hire(crew) < 0) do_without(crew);
}

/* Under the lock: the first one in the queue ends with an error. Its waker. */
static fut_waker_t fail_first(fut_crew_t *crew) {
    fut_job_t *const  job   = crew->jobs;
    const fut_waker_t waker = job->waker;
    fut__crew_unlink(crew, job);
    job->error = crew->closed ? -ECANCELED : -EAGAIN;
    fut__store_release(&job->state, FUT__JOB_DONE); /* publishes the error to is_done (blocking.c) */
    return waker;
}

void fut__crew_fail_queued(fut_crew_t *crew) {
    pthread_mutex_lock(&crew->lock);
    while (crew->jobs && (crew->closed || crew->threads == 0)) {
        const fut_waker_t waker   = fail_first(crew);
        const fut_waker_t granted = fut__crew_grant(crew);
        pthread_mutex_unlock(&crew->lock);
        fut__wake(waker);
        fut__wake(granted);
        pthread_mutex_lock(&crew->lock);
    }
    pthread_mutex_unlock(&crew->lock);
}

/* ---- The beginning -------------------------------------------------------------------------------------- */

static bool is_valid(const fut_pool_options_t *options) {
    return (!options->stack || options->stack >= (size_t)PTHREAD_STACK_MIN) &&
           (!options->name || strlen(options->name) <= NAME);
}

/* Looking for work on the only core would keep those from it who have work to give. */
static void fill_in(fut_crew_t *crew, const fut_pool_options_t *options) {
    fut_pool_options_t *const own   = &crew->options;
    const unsigned            cores = fut__cores();
    *own                            = *options;
    if (!own->threads) own->threads = cores;
    if (!own->queue) own->queue = QUEUE;
    if (!own->idle) own->idle = FUT_S(10);
    if (!own->spin) own->spin = cores > 1 ? FUT_US(10) : -1;
    strcpy(crew->name, own->name ? own->name : "blocking");
    own->name = crew->name;
}

static fut_crew_t *crew_new(const fut_pool_options_t *options) {
    fut_crew_t *const crew = fut__allocate_zeroed(sizeof *crew);
    if (!crew) return NULL;
    fill_in(crew, options);
    crew->users = 1;
    crew->forks = fut__forks();
    pthread_mutex_init(&crew->lock, NULL);
    fut__crew_condition(&crew->empty);
    return crew;
}

int fut_pool_init(fut_pool_t *pool, const fut_pool_options_t *options) {
    static const fut_pool_options_t usual = {0};
    pool->crew                            = NULL;
    if (options && !is_valid(options)) return -EINVAL;
    pool->crew = crew_new(options ? options : &usual);
    return pool->crew ? 0 : -ENOMEM;
}

/* Releases what this one did, and the last one acquires what the others did: each fut__add pairs with the later ones. */
void fut__crew_leave(fut_crew_t *crew) {
    if (fut__add(&crew->users, (size_t)-1) != 1) return;
    pthread_cond_destroy(&crew->empty);
    pthread_mutex_destroy(&crew->lock);
    fut__release(crew);
}

/* ---- The pool of the process ---------------------------------------------------------------------------- */

static pthread_mutex_t standard_lock = PTHREAD_MUTEX_INITIALIZER;
static fut_pool_t      standard;
static fut_crew_t     *of_parents; /* what they left in this process; so it can be reached from somewhere */

static void lock_standard(void) { pthread_mutex_lock(&standard_lock); }
static void unlock_standard(void) { pthread_mutex_unlock(&standard_lock); }
static void watch_forks(void) { fut__at_fork(lock_standard, unlock_standard, unlock_standard); }

fut_pool_t *fut_pool_default(void) {
    static pthread_once_t once  = PTHREAD_ONCE_INIT;
    int                   error = 0;
    pthread_once(&once, watch_forks);
    lock_standard();
    if (standard.crew && standard.crew->forks != fut__forks()) {
        standard.crew->before = of_parents;
        of_parents            = standard.crew;
        standard.crew         = NULL;
    }
    if (!standard.crew) error = fut_pool_init(&standard, NULL);
    unlock_standard();
    return error < 0 ? NULL : &standard;
}

/* ---- The end ---------------------------------------------------------------------------------------------- */

/* Under the lock: those that run are asked to end, those that sleep are told. */
static void tell_all(fut_crew_t *crew) {
    fut__worker_t *worker;
    for (worker = crew->workers; worker; worker = worker->next)
        if (worker->job) fut__store_release(&worker->job->cancelled, 1); /* to fut_job_is_cancelled */
    while (crew->idle) summon_idle(crew);
}

/* Nobody gets a place any more. */
static void send_away(fut_crew_t *crew) {
    pthread_mutex_lock(&crew->lock);
    while (crew->line.first) {
        const fut_waker_t waker = fut__take_out(&crew->line, crew->line.first, FUT_WAITER_RELEASED);
        crew->waiting--;
        pthread_mutex_unlock(&crew->lock);
        fut__wake(waker);
        pthread_mutex_lock(&crew->lock);
    }
    pthread_mutex_unlock(&crew->lock);
}

static void close_crew(fut_crew_t *crew) {
    pthread_mutex_lock(&crew->lock);
    fut__store_relaxed(&crew->closed, true); /* a hint to search_until (pool_worker.c), which has no lock */
    tell_all(crew);
    pthread_mutex_unlock(&crew->lock);
    fut__crew_fail_queued(crew);
    send_away(crew);
}

void fut_pool_close(fut_pool_t *pool) {
    if (pool->crew && pool->crew->forks == fut__forks()) close_crew(pool->crew);
}

/* The thread that ended last: nobody else will join it. */
static bool take_left(fut_crew_t *crew, pthread_t *left) {
    const bool has_left = crew->has_left;
    *left               = crew->left;
    crew->has_left      = false;
    return has_left;
}

static int wait_for_all(fut_crew_t *crew, fut_duration_t patience) {
    const fut_instant_t until   = patience == FUT_FOREVER ? FUT_NEVER : fut__crew_after(patience);
    bool                in_time = true, has_left;
    pthread_t           left;
    pthread_mutex_lock(&crew->lock);
    while (!fut__crew_is_empty(crew) && in_time) in_time = fut__crew_wait(crew, &crew->empty, until);
    if (!fut__crew_is_empty(crew)) {
        pthread_mutex_unlock(&crew->lock);
        return -ETIMEDOUT;
    }
    has_left = take_left(crew, &left);
    pthread_mutex_unlock(&crew->lock);
    if (has_left) pthread_join(left, NULL);
    return 0;
}

int fut_pool_destroy(fut_pool_t *pool, fut_duration_t patience) {
    fut_crew_t *const crew = pool->crew;
    int               error;
    if (!crew) return 0;
    if (crew->forks != fut__forks()) {
        pool->crew = NULL;
        return -ECHILD;
    }
    close_crew(crew);
    if (fut__crew_is_mine(crew)) return -EDEADLK;
    error = wait_for_all(crew, patience);
    if (error < 0) return error;
    pool->crew = NULL;
    fut__crew_leave(crew);
    return 0;
}

void fut_pool_abandon(fut_pool_t *pool) {
    fut_crew_t *const crew = pool->crew;
    bool              has_left;
    pthread_t         left;
    pool->crew = NULL;
    if (!crew || crew->forks != fut__forks()) return;
    close_crew(crew);
    pthread_mutex_lock(&crew->lock);
    crew->abandoned = true;
    has_left        = take_left(crew, &left);
    pthread_mutex_unlock(&crew->lock);
    if (has_left) pthread_detach(left);
    fut__crew_leave(crew);
}

/* ---- Looking ---------------------------------------------------------------------------------------------- */

static bool is_there(const fut_pool_t *pool) { return pool->crew && pool->crew->forks == fut__forks(); }

void fut_pool_count(const fut_pool_t *pool, fut_pool_counts_t *counts) {
    fut_crew_t *const crew = pool->crew;
    memset(counts, 0, sizeof *counts);
    if (!is_there(pool)) return;
    pthread_mutex_lock(&crew->lock);
    counts->threads   = crew->threads;
    counts->idle      = crew->sleeping + crew->searching;
    counts->running   = crew->running;
    counts->queued    = crew->queued;
    counts->waiting   = crew->waiting;
    counts->ended     = crew->ended;
    counts->discarded = crew->discarded;
    counts->started   = fut__load_relaxed(&crew->started);
    pthread_mutex_unlock(&crew->lock);
}

static void tell(const fut_job_t *job, fut_pool_running_t *running) {
    running->name      = job->kind->name;
    running->file      = job->kind->file;
    running->line      = job->kind->line;
    running->since     = (fut_duration_t)(fut__crew_now() - job->since);
    running->cancelled = fut_job_is_cancelled(job);
    running->detached  = job->detached;
}

size_t fut_pool_running(const fut_pool_t *pool, fut_pool_running_t *jobs, size_t room) {
    fut_crew_t *const    crew  = pool->crew;
    size_t               count = 0;
    const fut__worker_t *worker;
    if (!is_there(pool)) return 0;
    pthread_mutex_lock(&crew->lock);
    for (worker = crew->workers; worker; worker = worker->next) {
        if (!worker->job) continue;
        if (count < room) tell(worker->job, &jobs[count]);
        count++;
    }
    pthread_mutex_unlock(&crew->lock);
    return count;
}
