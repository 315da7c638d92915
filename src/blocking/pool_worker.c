/* pool_worker.c: the life of a thread of a pool.                                    layer: blocking; needs: core
 *
 *     start hook
 *     lock
 *     loop    take a job: run it without the lock, end it, look again
 *             closed: leave
 *             look for work for a moment, where there are other cores and nobody else does so
 *             lie down until summoned; after `idle` without a summons: leave
 *     unlock
 *     stop hook
 *
 * A thread that searches needs no system call to be found, one that sleeps needs two and the scheduler. So one of them,
 * at most, searches before it sleeps. The idle ones lie on a stack: the last to lie down is the warmest, and the lowest
 * grow old and leave.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>

#include "../core/memory.h"
#include "../core/pause.h"
#include "../core/signals.h"
#include "crew.h"

fut__create_thread_t *fut__create_thread = pthread_create;

static _Thread_local fut_job_t  *current;
static _Thread_local fut_crew_t *employer; /* whose thread this is; hooks, discards and wakes are no jobs */

fut_job_t *fut_job_current(void) { return current; }
bool       fut__crew_is_mine(const fut_crew_t *crew) { return employer == crew; }

/* ---- Jobs ----------------------------------------------------------------------------------------- */

/* The last touch of storage that is the caller's: publishes to fut_job_is_free that nobody reads it any more. */
void fut__job_release(fut_job_t *job) {
    if (job->owned)
        fut__release(job);
    else
        fut__store_release(&job->state, FUT__JOB_FREE);
}

/* Under the lock; the queue is not empty. */
static fut_job_t *take(fut_crew_t *crew, fut__worker_t *self, fut_waker_t *granted) {
    fut_job_t *const job = crew->jobs;
    fut__crew_unlink(crew, job);
    *granted   = fut__crew_grant(crew);
    self->job  = job;
    job->since = fut__crew_now();
    crew->running++;
    fut__store_relaxed(&job->state, FUT__JOB_RUNNING); /* read under the lock, or compared with DONE */
    return job;
}

/* Under the lock. The waker of whoever waits for it; afterwards an attached job is no more ours. */
static fut_waker_t end(fut_crew_t *crew, fut__worker_t *self, fut_job_t *job, bool *detached) {
    fut_waker_t waker = {NULL, 0};
    self->job         = NULL;
    crew->running--;
    crew->ended++;
    *detached = job->detached;
    if (job->detached) {
        crew->discarded++;
    } else {
        waker = job->waker;
        fut__store_release(&job->state, FUT__JOB_DONE); /* publishes the output to is_done (blocking.c) */
    }
    return waker;
}

/* Entered and left with the lock. */
static void run(fut_crew_t *crew, fut__worker_t *self) {
    fut_waker_t      waker;
    bool             detached;
    fut_job_t *const job = take(crew, self, &waker);
    pthread_mutex_unlock(&crew->lock);
    fut__wake(waker);
    current = job;
    job->kind->run(job);
    current = NULL;
    pthread_mutex_lock(&crew->lock);
    waker = end(crew, self, job, &detached);
    pthread_mutex_unlock(&crew->lock);
    fut__wake(waker);
    if (detached) {
        if (job->kind->discard) job->kind->discard(job);
        fut__job_release(job);
    }
    pthread_mutex_lock(&crew->lock);
}

/* ---- Nothing to do -------------------------------------------------------------------------------- */

/* `queued` and `closed` are hints here; the truth is asked for under the lock. */
static void search_until(fut_crew_t *crew, fut_instant_t end) {
    enum { PAUSES = 16 };
    do {
        for (int i = 0; i < PAUSES; i++) {
            if (fut__load_relaxed(&crew->queued) || fut__load_relaxed(&crew->closed)) return;
            fut__pause();
        }
    } while (fut__crew_now() < end);
}

/* Entered and left with the lock. */
static void search(fut_crew_t *crew) {
    if (crew->options.spin <= 0 || crew->searching) return;
    crew->searching = 1;
    pthread_mutex_unlock(&crew->lock);
    search_until(crew, fut__crew_after(crew->options.spin));
    pthread_mutex_lock(&crew->lock);
    crew->searching = 0;
}

static void lie_down(fut_crew_t *crew, fut__worker_t *self) {
    self->below = crew->idle;
    self->idle  = true;
    crew->idle  = self;
    crew->sleeping++;
}

static void get_up(fut_crew_t *crew, fut__worker_t *self) {
    fut__worker_t **at = &crew->idle;
    while (*at != self) at = &(*at)->below;
    *at        = self->below;
    self->idle = false;
    crew->sleeping--;
}

/* Under the lock, which it gives up while it sleeps. False: it has grown old. Whoever summons takes it out of the idle list. */
static bool sleep_until_summoned(fut_crew_t *crew, fut__worker_t *self) {
    const fut_duration_t idle  = crew->options.idle;
    const fut_instant_t  until = idle == FUT_FOREVER ? FUT_NEVER : fut__crew_after(idle);
    lie_down(crew, self);
    while (self->idle && fut__crew_wait(crew, &self->summons, until)) {}
    if (self->idle) {
        get_up(crew, self);
        return false;
    }
    crew->coming--;
    return true;
}

static bool rest(fut_crew_t *crew, fut__worker_t *self) {
    search(crew);
    if (crew->jobs || crew->closed) return true;
    return sleep_until_summoned(crew, self);
}

/* ---- A thread ------------------------------------------------------------------------------------- */

static void name_thread(const fut_crew_t *crew, uint64_t number) {
#if defined(__linux__)
    char name[16];
    (void)snprintf(name, sizeof name, "%.11s-%u", crew->name, (unsigned)(number % 1000));
    (void)pthread_setname_np(pthread_self(), name);
#else
    (void)crew;
    (void)number;
#endif
}

/* Entered without the lock, left with it. */
static void arrive(fut_crew_t *crew, fut__worker_t *self) {
    if (crew->options.on_start) crew->options.on_start(crew->options.data);
    pthread_mutex_lock(&crew->lock);
    crew->coming--;
    self->next    = crew->workers;
    crew->workers = self;
    if (self->next) self->next->prev = self;
}

static void strike_out(fut_crew_t *crew, fut__worker_t *self) {
    *(self->prev ? &self->prev->next : &crew->workers) = self->next;
    if (self->next) self->next->prev = self->prev;
    crew->threads--;
    crew->leaving++;
}

/* Each thread that ends is joined by the one that ends after it, the last one by whoever destroys the pool; so nothing of them is
 * left then, not even what runs at the end of a thread. Entered with the lock, left without. */
static void leave(fut_crew_t *crew, fut__worker_t *self) {
    bool      join;
    pthread_t earlier;
    strike_out(crew, self);
    pthread_mutex_unlock(&crew->lock);
    if (crew->options.on_stop) crew->options.on_stop(crew->options.data);
    pthread_mutex_lock(&crew->lock);
    crew->leaving--;
    join           = crew->has_left;
    earlier        = crew->left;
    crew->left     = pthread_self();
    crew->has_left = !crew->abandoned;
    if (crew->abandoned) pthread_detach(crew->left);
    if (fut__crew_is_empty(crew)) pthread_cond_broadcast(&crew->empty);
    pthread_mutex_unlock(&crew->lock);
    if (join) pthread_join(earlier, NULL);
}

static void *work(void *argument) {
    fut_crew_t *const crew = argument;
    fut__worker_t     self = {0};
    employer               = crew;
    fut__crew_condition(&self.summons);
    name_thread(crew, fut__add(&crew->started, 1) + 1); /* a number, publishes nothing */
    arrive(crew, &self);
    while (!crew->closed) {
        if (crew->jobs)
            run(crew, &self);
        else if (!rest(crew, &self))
            break;
    }
    leave(crew, &self);
    pthread_cond_destroy(&self.summons);
    fut__crew_leave(crew);
    return NULL;
}

int fut__crew_hire(fut_crew_t *crew) {
    pthread_attr_t attributes;
    pthread_t      thread;
    sigset_t       signals;
    int            error = pthread_attr_init(&attributes);
    if (error) return -error;
    if (crew->options.stack) error = pthread_attr_setstacksize(&attributes, crew->options.stack);
    fut__crew_use(crew);
    fut__close_to_signals(&signals); /* inherited */
    if (!error) error = fut__create_thread(&thread, &attributes, work, crew);
    pthread_sigmask(SIG_SETMASK, &signals, NULL);
    pthread_attr_destroy(&attributes);
    if (error) fut__crew_leave(crew);
    return -error;
}
