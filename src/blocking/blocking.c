/* blocking.c: the future beside a job.                                         layer: blocking; needs: core
 *
 *     first poll      a place in the queue is free, and nobody waits for one: make the job, queue it; PENDING
 *                     otherwise line up; PENDING
 *     next poll       given a place: make the job, queue it; PENDING
 *     next poll       the job is DONE: take its output, forget it; READY
 *     cancel          the job runs: set its flag; PENDING until it is DONE. Otherwise drop
 *     drop            leave the line; or take the job out of the queue; or set its flag and leave it alone; or discard its output
 */
#include <errno.h>
#include <string.h>

#include "../core/fork.h"
#include "../core/memory.h"
#include "crew.h"

/* future.point. CUT: begun in the FINALLY of a hard drop, where nobody could be woken; it waits to be dropped. */
enum { IN_LINE = FUT_POINT_PENDING, SUBMITTED, CUT };

/* ---- The job ------------------------------------------------------------------------------------------ */

static void *in(fut_job_t *job, uint32_t offset) { return (char *)job + offset; }

/* Acquires the output and the error: pairs with the stores of DONE, in pool_worker.c and crew.c. */
static bool is_done(const fut_job_t *job) { return fut__load_acquire(&job->state) == FUT__JOB_DONE; }

/* The caller's storage, or new one. */
static int claim(fut_blocking_t *self) {
    uint32_t state = FUT__JOB_FREE;
    if (!(self->future.flags & FUT_BLOCKING_IN_)) {
        self->job = NULL;
        return 0;
    }
    do { /* acquires what its last user left: pairs with fut__job_release */
        if (fut__cas(&self->job->state, &state, FUT__JOB_CLAIMED)) return 0;
    } while (state == FUT__JOB_FREE);
    return -EBUSY;
}

static bool make_job(fut_blocking_t *self, const fut_job_kind_t *kind, fut_context_t *cx) {
    const fut_vtable_t *const vtable = self->future.vtable;
    fut_job_t                *job    = self->job;
    if (!job) job = fut__allocate(kind->size);
    if (!job) return false;
    job->owned    = !self->job;
    self->job     = job;
    job->crew     = self->crew;
    job->kind     = kind;
    job->waker    = fut_waker_clone(fut_context_waker(cx));
    job->error    = 0;
    job->detached = false;
    fut__store_relaxed(&job->cancelled, 0);
    fut__store_relaxed(&job->state, FUT__JOB_CLAIMED);
    memcpy(in(job, kind->args), (char *)&self->future + vtable->args, vtable->args_size);
    return true;
}

/* It is in no list, and runs nowhere. */
static void forget_job(fut_blocking_t *self) {
    if (self->job) fut__job_release(self->job);
    self->job = NULL;
}

/* ---- poll ----------------------------------------------------------------------------------------------- */

static fut_poll_t fail(fut_blocking_t *self, int error) {
    self->status = error;
    fut_fail(&self->future, error);
    return fut_ready(&self->future);
}

/* With the crew, and perhaps with a job. */
static fut_poll_t finish(fut_blocking_t *self, int error) {
    forget_job(self);
    fut__crew_leave(self->crew);
    return error ? fail(self, error) : fut_ready(&self->future);
}

static fut_poll_t take_output(fut_blocking_t *self) {
    const fut_vtable_t *const vtable = self->future.vtable;
    fut_job_t *const          job    = self->job;
    const int                 error  = job->error;
    if (!error) memcpy((char *)&self->future + vtable->output, in(job, job->kind->output), vtable->output_size);
    self->status = 0;
    return finish(self, error);
}

/* A place that will not be used. */
static void return_place(fut_crew_t *crew) {
    fut_waker_t waker;
    pthread_mutex_lock(&crew->lock);
    crew->granted--;
    waker = fut__crew_grant(crew);
    pthread_mutex_unlock(&crew->lock);
    fut__wake(waker);
}

/* A place in the queue is ours. A job that has ended before we look again costs no wake, but one unit of the budget. */
static fut_poll_t submit(fut_blocking_t *self, const fut_job_kind_t *kind, fut_context_t *cx) {
    if (!make_job(self, kind, cx)) {
        return_place(self->crew);
        return finish(self, -ENOMEM);
    }
    self->future.point = SUBMITTED;
    fut__crew_submit(self->crew, self->job);
    return is_done(self->job) && fut_context_spend(cx) ? take_output(self) : FUT_PENDING;
}

/* Under the crew's lock. True: there is a place. */
static bool enter_line(fut_blocking_t *self, fut_crew_t *crew, fut_context_t *cx) {
    if (!crew->line.first && crew->queued + crew->granted < crew->options.queue) {
        crew->granted++;
        return true;
    }
    fut__queue(&crew->line, &self->waiter, cx);
    crew->waiting++;
    return false;
}

static int find_crew(fut_blocking_t *self, fut_crew_t **crew) {
    const bool        chosen = self->future.flags & FUT_BLOCKING_ON_ && self->pool;
    fut_pool_t *const pool   = chosen ? self->pool : fut_pool_default();
    if (!pool) return -ENOMEM;
    *crew = pool->crew;
    if (!*crew) return -ECANCELED;
    return (*crew)->forks == fut__forks() ? 0 : -ECHILD;
}

static fut_poll_t begin(fut_blocking_t *self, const fut_job_kind_t *kind, fut_context_t *cx) {
    fut_crew_t *crew  = NULL;
    int         error = find_crew(self, &crew);
    bool        closed, placed = false;
    if (!error) error = claim(self);
    if (error) return fail(self, error);
    self->crew = crew;
    fut__crew_use(crew);
    pthread_mutex_lock(&crew->lock);
    closed = crew->closed;
    if (!closed) placed = enter_line(self, crew, cx);
    pthread_mutex_unlock(&crew->lock);
    if (closed) return finish(self, -ECANCELED);
    if (placed) return submit(self, kind, cx);
    self->future.point = IN_LINE;
    return FUT_PENDING;
}

/* Under the crew's lock, in which whoever wakes reads it. What is given back is dropped after the lock. */
static fut_waker_t exchange(fut_waker_t *kept, fut_waker_t waker) {
    const fut_waker_t before = *kept;
    *kept                    = waker;
    return before;
}

/* Only this thread writes the waker. So while the state is QUEUED, as it is in the usual poll for nothing, the lock is not
 * needed. */
static fut_poll_t wait_in_line(fut_blocking_t *self, const fut_job_kind_t *kind, fut_context_t *cx) {
    const fut_waker_t waker = fut_context_waker(cx);
    uint32_t          state = fut__state(&self->waiter);
    if (state == FUT_WAITER_QUEUED && !fut_waker_same(self->waiter.waker, waker)) {
        fut_waker_t stale = fut_waker_clone(waker);
        pthread_mutex_lock(&self->crew->lock);
        state = fut__state(&self->waiter);
        if (state == FUT_WAITER_QUEUED) stale = exchange(&self->waiter.waker, stale);
        pthread_mutex_unlock(&self->crew->lock);
        fut_waker_drop(stale);
    }
    if (state == FUT_WAITER_QUEUED) return FUT_PENDING;
    return state == FUT_WAITER_GRANTED ? submit(self, kind, cx) : finish(self, -ECANCELED);
}

static fut_poll_t wait_for_job(fut_blocking_t *self, fut_context_t *cx) {
    fut_job_t *const  job   = self->job;
    const fut_waker_t waker = fut_context_waker(cx);
    bool              done  = is_done(job);
    if (!done && !fut_waker_same(job->waker, waker)) {
        fut_waker_t stale = fut_waker_clone(waker);
        pthread_mutex_lock(&self->crew->lock);
        done = is_done(job);
        if (!done) stale = exchange(&job->waker, stale);
        pthread_mutex_unlock(&self->crew->lock);
        fut_waker_drop(stale);
    }
    return done ? take_output(self) : FUT_PENDING;
}

/* The child of a fork has the memory, but none of the threads, and must not touch their lock. */
static fut_poll_t leave_to_parent(fut_blocking_t *self) {
    forget_job(self);
    return fail(self, -ECHILD);
}

fut_poll_t fut_blocking_poll_(fut_blocking_t *self, const fut_job_kind_t *kind, fut_context_t *cx) {
    const uint16_t point = self->future.point;
    if (point == FUT_POINT_DONE) return FUT_READY;
    if (point == FUT_POINT_START && !fut_context_is_cut(cx)) return begin(self, kind, cx);
    if (point == FUT_POINT_START || point == CUT) {
        self->future.point = CUT;
        return FUT_PENDING;
    }
    if (self->crew->forks != fut__forks()) return leave_to_parent(self);
    return point == IN_LINE ? wait_in_line(self, kind, cx) : wait_for_job(self, cx);
}

/* ---- drop, cancel ------------------------------------------------------------------------------------- */

static void leave_line(fut_blocking_t *self) {
    fut_crew_t *const crew  = self->crew;
    fut_waker_t       stale = {NULL, 0}, granted = {NULL, 0};
    pthread_mutex_lock(&crew->lock);
    switch (fut__state(&self->waiter)) {
        case FUT_WAITER_QUEUED:
            stale = self->waiter.waker;
            fut__unlink(&crew->line, &self->waiter);
            crew->waiting--;
            break;
        case FUT_WAITER_GRANTED:
            crew->granted--;
            granted = fut__crew_grant(crew);
            break;
        default: break;
    }
    pthread_mutex_unlock(&crew->lock);
    fut_waker_drop(stale);
    fut__wake(granted);
    forget_job(self);
}

/* Under the lock, in which threads take jobs and end them. The last two wakers are for after the lock: the one that was kept in
 * the job, and that of a future which gets the place. */
static uint32_t stop_job(fut_crew_t *crew, fut_job_t *job, bool detach, fut_waker_t *kept, fut_waker_t *granted) {
    const uint32_t state = fut__load_acquire(&job->state);
    if (state == FUT__JOB_RUNNING) fut__store_release(&job->cancelled, 1); /* to fut_job_is_cancelled */
    if (state == FUT__JOB_QUEUED) {
        fut__crew_unlink(crew, job);
        *granted = fut__crew_grant(crew);
    }
    if (state == FUT__JOB_QUEUED || (state == FUT__JOB_RUNNING && detach)) *kept = job->waker;
    if (state == FUT__JOB_DONE && detach && !job->error) crew->discarded++;
    if (detach) job->detached = true;
    return state;
}

/* Where it stood; QUEUED: it is in no list now. A job that runs is the thread's from now on if it is detached. */
static uint32_t stop(fut_blocking_t *self, bool detach) {
    fut_waker_t kept = {NULL, 0}, granted = {NULL, 0};
    uint32_t    state;
    pthread_mutex_lock(&self->crew->lock);
    state = stop_job(self->crew, self->job, detach, &kept, &granted);
    pthread_mutex_unlock(&self->crew->lock);
    fut_waker_drop(kept);
    fut__wake(granted);
    return state;
}

static void leave_job(fut_blocking_t *self) {
    fut_job_t *const job   = self->job;
    const uint32_t   state = stop(self, true);
    if (state == FUT__JOB_RUNNING) return;
    if (state == FUT__JOB_DONE && !job->error && job->kind->discard) job->kind->discard(job);
    forget_job(self);
}

void fut_blocking_drop_(fut_future_t *future) {
    fut_blocking_t *const self  = (fut_blocking_t *)(void *)future;
    const uint16_t        point = future->point;
    self->status                = -ECANCELED;
    if (point == FUT_POINT_START || point == CUT) return;
    if (self->crew->forks != fut__forks()) {
        forget_job(self);
        return;
    }
    if (point == IN_LINE)
        leave_line(self);
    else
        leave_job(self);
    fut__crew_leave(self->crew);
}

/* One that runs ends by itself; one that is DONE has its output still to give. */
void fut_blocking_cancel_(fut_future_t *future) {
    fut_blocking_t *const self = (fut_blocking_t *)(void *)future;
    if (future->point != SUBMITTED || self->crew->forks != fut__forks())
        fut_drop(future);
    else if (stop(self, false) == FUT__JOB_QUEUED)
        (void)finish(self, -ECANCELED);
}

/* ---- describe ------------------------------------------------------------------------------------------- */

void fut_blocking_describe_(const fut_future_t *future, fut_note_t *note) {
    const fut_blocking_t *const self = (const fut_blocking_t *)(const void *)future;
    const bool runs = future->point == SUBMITTED && fut__load_relaxed(&self->job->state) != FUT__JOB_QUEUED;
    note->text      = future->point == IN_LINE ? "room in the queue of a pool"
                      : runs                   ? "a job that runs"
                                               : "a thread of a pool";
}
