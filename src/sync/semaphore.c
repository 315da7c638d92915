/* semaphore.c: permits, and who is served next.                              layer: sync; needs: core
 *
 *     first poll      enough, and nobody waits: take them, READY. Otherwise line up, PENDING
 *     release         as long as there are enough for the first: take it out, GRANTED
 *     close           take all out, RELEASED
 *     next poll       GRANTED: READY, 0. RELEASED: READY, -EPIPE
 *     drop            QUEUED: leave the line; the next may want less. GRANTED: release
 */
#include <errno.h>

#include "future/semaphore.h"
#include "misuse.h"
#include "waiters.h"

enum { WAITERS = FUT_SEMAPHORE_WAITERS_, CLOSED = FUT_SEMAPHORE_CLOSED_, ONE = FUT_SEMAPHORE_ONE_ };

static uint32_t permits_of(uint32_t word) { return word / ONE; }

int fut_semaphore_init(fut_semaphore_t *semaphore, uint32_t permits, uint32_t capacity) {
    if (permits > capacity || capacity > FUT_SEMAPHORE_MAX) return -EINVAL;
    *semaphore = (fut_semaphore_t){permits * ONE, capacity, {NULL}};
    return 0;
}

void fut_semaphore_destroy(fut_semaphore_t *semaphore) {
    const uint32_t word = fut__enter(&semaphore->word);
    if (semaphore->waiters.first) FUT__MISUSE("fut_semaphore_destroy", "somebody waits for this semaphore");
    fut__leave(&semaphore->word, word);
}

uint32_t fut_semaphore_available(const fut_semaphore_t *semaphore) {
    return permits_of(fut__load_relaxed(&semaphore->word));
}

/* ---- acquire ------------------------------------------------------------------------------ */

/* What cannot be granted now or ever; or -EAGAIN; or 0. */
static int verdict(const fut_semaphore_t *semaphore, uint32_t word, uint32_t permits) {
    if (permits > semaphore->capacity) return -EINVAL;
    if (word & CLOSED) return -EPIPE;
    return permits == 0 || (!(word & WAITERS) && permits_of(word) >= permits) ? 0 : -EAGAIN;
}

/* Acquires what release published. While the list is locked it is not known who comes first: wait for the answer. */
int fut_semaphore_try_acquire(fut_semaphore_t *semaphore, uint32_t permits) {
    uint32_t word  = fut__load_relaxed(&semaphore->word);
    unsigned tries = 0;
    for (;;) {
        const int answer = verdict(semaphore, word, permits);
        if (answer != 0) return answer;
        if (word & FUT__BUSY) {
            fut__relax(&tries);
            word = fut__load_relaxed(&semaphore->word);
        } else if (fut__cas(&semaphore->word, &word, word - permits * ONE)) {
            return 0;
        }
    }
}

/* -EAGAIN: it waits in line. */
static int take_or_queue(fut_semaphore_acquire_t *self, fut_context_t *cx) {
    fut_semaphore_t *const semaphore = self->semaphore;
    uint32_t               word      = fut__enter(&semaphore->word);
    const int              answer    = verdict(semaphore, word, self->permits);
    if (answer == 0) {
        word -= self->permits * ONE;
    } else if (answer == -EAGAIN) {
        self->waiter.number = self->permits;
        fut__queue(&semaphore->waiters, &self->waiter, cx);
        word |= WAITERS;
    }
    fut__leave(&semaphore->word, word);
    return answer;
}

static int acquire(fut_semaphore_acquire_t *self, fut_context_t *cx) {
    if (self->future.point == FUT_POINT_START) {
        const int answer = fut_semaphore_try_acquire(self->semaphore, self->permits);
        return answer == -EAGAIN ? take_or_queue(self, cx) : answer;
    }
    switch (fut__poll_waiter(&self->semaphore->word, &self->waiter, cx)) {
        case FUT_WAITER_QUEUED: return -EAGAIN;
        case FUT_WAITER_GRANTED: return 0;
        default: return -EPIPE;
    }
}

fut_poll_t fut_semaphore_acquire_poll(fut_semaphore_acquire_t *self, fut_context_t *cx) {
    int answer;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START && !fut_context_spend(cx)) return FUT_PENDING; /* its turn is over */
    answer = acquire(self, cx);
    if (answer == -EAGAIN) return fut_pending(&self->future);
    self->output = answer;
    return fut_ready(&self->future);
}

int fut_semaphore_acquire_blocking(fut_semaphore_t *semaphore, uint32_t permits) {
    fut_semaphore_acquire_t acquire;
    int                     error;
    FUT_START(acquire, fut_semaphore_acquire, semaphore, permits);
    error = fut_wait_on_thread(&acquire.future);
    return error < 0 ? error : acquire.output;
}

/* ---- release ------------------------------------------------------------------------------ */

/* Under the lock: serve from the front, as long as there are enough. The new word. */
static uint32_t serve(fut_semaphore_t *semaphore, uint32_t word, fut__wakes_t *wakes) {
    fut_waiter_t *first;
    while ((first = semaphore->waiters.first) && first->number <= permits_of(word) && !fut__wakes_full(wakes)) {
        word -= first->number * ONE;
        fut__wakes_add(wakes, fut__take_out(&semaphore->waiters, first, FUT_WAITER_GRANTED));
    }
    return first ? word | WAITERS : word & ~(uint32_t)WAITERS;
}

/* Entered, with what changed in the word: serve, and leave. */
static void serve_and_leave(fut_semaphore_t *semaphore, uint32_t word) {
    fut__wakes_t wakes = {.count = 0};
    bool         more;
    for (;;) {
        word = serve(semaphore, word, &wakes);
        more = fut__wakes_full(&wakes) && word & WAITERS;
        fut__leave(&semaphore->word, word);
        fut__wake_all(&wakes);
        if (!more) return;
        word = fut__enter(&semaphore->word);
    }
}

/* Releases what the caller wrote to whoever acquires. */
void fut_semaphore_release(fut_semaphore_t *semaphore, uint32_t permits) {
    uint32_t word = fut__load_relaxed(&semaphore->word);
    for (;;) {
        const bool queue = word & (FUT__BUSY | WAITERS);
        if (queue) word = fut__enter(&semaphore->word);
        if (permits > semaphore->capacity - permits_of(word))
            FUT__MISUSE("fut_semaphore_release", "more permits than the capacity: some were never acquired");
        if (queue) {
            serve_and_leave(semaphore, word + permits * ONE);
            return;
        }
        if (fut__cas(&semaphore->word, &word, word + permits * ONE)) return;
    }
}

void fut_semaphore_close(fut_semaphore_t *semaphore) {
    fut__wakes_t wakes = {.count = 0};
    bool         more;
    do {
        uint32_t word = fut__enter(&semaphore->word) | CLOSED;
        more          = fut__take_out_many(&semaphore->waiters, FUT_WAITER_RELEASED, &wakes);
        fut__leave(&semaphore->word, more ? word : word & ~(uint32_t)WAITERS);
        fut__wake_all(&wakes);
    } while (more);
}

/* ---- drop, describe ------------------------------------------------------------------------- */

/* It has been taken out, by somebody who has left: give back what it was given. Or it leaves, and the next may want less. */
static void semaphore_acquire_drop(fut_future_t *future) {
    fut_semaphore_acquire_t *const self      = (fut_semaphore_acquire_t *)(void *)future;
    fut_semaphore_t *const         semaphore = self->semaphore;
    if (future->point == FUT_POINT_START) return;
    if (fut__leave_line(&semaphore->word, &semaphore->waiters, &self->waiter, WAITERS))
        serve_and_leave(semaphore, fut__enter(&semaphore->word));
    else if (fut__state(&self->waiter) == FUT_WAITER_GRANTED)
        fut_semaphore_release(semaphore, self->permits);
}

static void semaphore_acquire_describe(const fut_future_t *future, fut_note_t *note) {
    note->text   = "permits of a semaphore:";
    note->number = ((const fut_semaphore_acquire_t *)(const void *)future)->permits;
    note->kind   = FUT_NOTE_NUMBER;
}

FUT_DEFINE_DECLARED(fut_semaphore_acquire, .drop = semaphore_acquire_drop, .describe = semaphore_acquire_describe,
                    .loses = FUT_LOSES_PLACE);

/* ---- One thread ------------------------------------------------------------------------------- */

int fut_local_semaphore_init(fut_local_semaphore_t *semaphore, uint32_t permits, uint32_t capacity) {
    if (permits > capacity) return -EINVAL;
    *semaphore = (fut_local_semaphore_t){permits, capacity, {NULL}, false};
    return 0;
}

void fut_local_semaphore_destroy(fut_local_semaphore_t *semaphore) {
    if (semaphore->waiters.first) FUT__MISUSE("fut_local_semaphore_destroy", "somebody waits for this semaphore");
}

int fut_local_semaphore_try_acquire(fut_local_semaphore_t *semaphore, uint32_t permits) {
    if (permits > semaphore->capacity) return -EINVAL;
    if (semaphore->closed) return -EPIPE;
    if (permits == 0) return 0;
    if (semaphore->waiters.first || semaphore->permits < permits) return -EAGAIN;
    semaphore->permits -= permits;
    return 0;
}

/* A wake here may run nothing but what queues a task, so the list is not changed under it. */
static void serve_here(fut_local_semaphore_t *semaphore) {
    fut_waiter_t *first;
    while ((first = semaphore->waiters.first) && first->number <= semaphore->permits) {
        semaphore->permits -= first->number;
        fut_wake(fut__take_out_here(&semaphore->waiters, first, FUT_WAITER_GRANTED));
    }
}

void fut_local_semaphore_release(fut_local_semaphore_t *semaphore, uint32_t permits) {
    if (permits > semaphore->capacity - semaphore->permits)
        FUT__MISUSE("fut_local_semaphore_release", "more permits than the capacity: some were never acquired");
    semaphore->permits += permits;
    serve_here(semaphore);
}

void fut_local_semaphore_close(fut_local_semaphore_t *semaphore) {
    semaphore->closed = true;
    while (semaphore->waiters.first)
        fut_wake(fut__take_out_here(&semaphore->waiters, semaphore->waiters.first, FUT_WAITER_RELEASED));
}

/* -EAGAIN: it waits in line. */
static int acquire_here(fut_local_semaphore_acquire_t *self, fut_context_t *cx) {
    if (self->future.point == FUT_POINT_START) {
        const int answer = fut_local_semaphore_try_acquire(self->semaphore, self->permits);
        if (answer != -EAGAIN) return answer;
        self->waiter.number = self->permits;
        fut__queue_here(&self->semaphore->waiters, &self->waiter, cx);
        return -EAGAIN;
    }
    switch (fut__poll_waiter_here(&self->waiter, cx)) {
        case FUT_WAITER_QUEUED: return -EAGAIN;
        case FUT_WAITER_GRANTED: return 0;
        default: return -EPIPE;
    }
}

fut_poll_t fut_local_semaphore_acquire_poll(fut_local_semaphore_acquire_t *self, fut_context_t *cx) {
    int answer;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START && !fut_context_spend(cx)) return FUT_PENDING;
    answer = acquire_here(self, cx);
    if (answer == -EAGAIN) return fut_pending(&self->future);
    self->output = answer;
    return fut_ready(&self->future);
}

static void local_semaphore_acquire_drop(fut_future_t *future) {
    fut_local_semaphore_acquire_t *const self = (fut_local_semaphore_acquire_t *)(void *)future;
    if (future->point == FUT_POINT_START) return;
    if (self->waiter.state == FUT_WAITER_QUEUED) {
        fut__unlink(&self->semaphore->waiters, &self->waiter);
        serve_here(self->semaphore);
    } else if (self->waiter.state == FUT_WAITER_GRANTED) {
        fut_local_semaphore_release(self->semaphore, self->permits);
    }
}

static void local_semaphore_acquire_describe(const fut_future_t *future, fut_note_t *note) {
    note->text   = "permits of a semaphore of one thread:";
    note->number = ((const fut_local_semaphore_acquire_t *)(const void *)future)->permits;
    note->kind   = FUT_NOTE_NUMBER;
}

FUT_DEFINE_DECLARED(fut_local_semaphore_acquire, .drop = local_semaphore_acquire_drop,
                    .describe = local_semaphore_acquire_describe, .loses = FUT_LOSES_PLACE);
