/* rate_limiter.c: a bucket that fills by the clock.             layer: sync; needs: core, driver interface, time
 *
 *     first poll      enough, and nobody waits: take them, READY. Otherwise line up, PENDING
 *     the first       sleeps until there are enough; then takes them, leaves the line, wakes the next: now that is the first
 *     drop            leave the line; if it was the first, wake the next
 *
 * Nobody is taken out by others: a waiter is QUEUED until its own poll. Tokens are counted when somebody looks. (J. Turner, "New
 * Directions in Communications", 1986, has the bucket.)
 */
#include <errno.h>

#include "future/rate_limiter.h"
#include "misuse.h"
#include "waiters.h"

int fut_rate_limiter_init(fut_rate_limiter_t *limiter, uint32_t capacity, fut_duration_t period) {
    if (capacity == 0 || period <= 0) return -EINVAL;
    *limiter = (fut_rate_limiter_t){.capacity = capacity, .tokens = capacity, .period = period};
    return 0;
}

void fut_rate_limiter_destroy(fut_rate_limiter_t *limiter) {
    const uint32_t word = fut__enter(&limiter->word);
    if (limiter->waiters.first) FUT__MISUSE("fut_rate_limiter_destroy", "somebody waits for this limiter");
    fut__leave(&limiter->word, word);
}

/* ---- the bucket, under the lock --------------------------------------------------------------- */

/* A full bucket begins to fill when something is taken, not before. */
static void refill(fut_rate_limiter_t *limiter, fut_instant_t now) {
    const uint32_t room   = limiter->capacity - limiter->tokens;
    const uint64_t passed = now > limiter->refilled ? now - limiter->refilled : 0;
    const uint64_t fresh  = passed / (uint64_t)limiter->period;
    if (fresh >= room) {
        limiter->tokens = limiter->capacity;
        limiter->refilled += passed;
    } else {
        limiter->tokens += (uint32_t)fresh;
        limiter->refilled += fresh * (uint64_t)limiter->period;
    }
}

static bool take(fut_rate_limiter_t *limiter, uint32_t tokens, fut_instant_t now) {
    refill(limiter, now);
    if (limiter->tokens < tokens) return false;
    limiter->tokens -= tokens;
    return true;
}

/* When there will be so many. */
static fut_instant_t deadline_of(const fut_rate_limiter_t *limiter, uint32_t tokens) {
    fut_duration_t wait;
    if (__builtin_mul_overflow(limiter->period, (fut_duration_t)(tokens - limiter->tokens), &wait)) return FUT_NEVER;
    return fut_instant_add(limiter->refilled, wait);
}

int fut_rate_limiter_try_acquire(fut_rate_limiter_t *limiter, uint32_t tokens, fut_instant_t now) {
    uint32_t word;
    bool     taken;
    if (tokens > limiter->capacity) return -EINVAL;
    word  = fut__enter(&limiter->word);
    taken = !limiter->waiters.first && take(limiter, tokens, now);
    fut__leave(&limiter->word, word);
    return taken ? 0 : -EAGAIN;
}

/* ---- the line --------------------------------------------------------------------------------- */

/* Entered. Out of the line; if it was the first, whoever is now the first is to look. */
static void leave_line(fut_rate_limiter_acquire_t *self, uint32_t word) {
    fut_rate_limiter_t *const limiter = self->limiter;
    const bool                first   = limiter->waiters.first == &self->waiter;
    fut_waker_t               next    = {NULL, 0};
    fut__unlink(&limiter->waiters, &self->waiter);
    if (first && limiter->waiters.first) next = limiter->waiters.first->waker; /* stays in line, with its clone */
    fut__leave(&limiter->word, word);
    fut_wake(next);
    fut_waker_drop(self->waiter.waker);
}

/* In line, under the lock: FUT_NOW, it was our turn, and the tokens are ours; else until when to sleep; FUT_NEVER: until the one
 * in front of us is gone. */
static fut_instant_t look(fut_rate_limiter_acquire_t *self, fut_context_t *cx) {
    fut_rate_limiter_t *const limiter = self->limiter;
    const fut_waker_t         waker   = fut_context_waker(cx);
    const fut_waker_t         stale   = self->waiter.waker;
    const fut_instant_t       now     = fut_now(cx);
    const uint32_t            word    = fut__enter(&limiter->word);
    fut_instant_t             until   = FUT_NEVER;
    if (limiter->waiters.first == &self->waiter) {
        if (take(limiter, self->tokens, now)) {
            leave_line(self, word);
            return FUT_NOW;
        }
        until = deadline_of(limiter, self->tokens);
    }
    self->waiter.waker = waker;
    fut__leave(&limiter->word, word);
    if (!fut_waker_same(waker, stale)) {
        (void)fut_waker_clone(waker);
        fut_waker_drop(stale);
    }
    return until;
}

static fut_poll_t finish(fut_rate_limiter_acquire_t *self, int output) {
    if (self->sleeping) fut_drop(&self->sleep.future);
    self->output = output;
    return fut_ready(&self->future);
}

static fut_poll_t wait(fut_rate_limiter_acquire_t *self, fut_context_t *cx) {
    for (;;) {
        const fut_instant_t until = look(self, cx);
        if (until == FUT_NOW) return finish(self, 0);
        if (until == FUT_NEVER) return FUT_PENDING;
        if (!self->sleeping) FUT_START(self->sleep, fut_sleep_until, until);
        self->sleeping = true;
        if (fut_sleep_until_poll(&self->sleep, cx) == FUT_PENDING) return FUT_PENDING;
        self->sleeping = false;
    }
}

/* -EAGAIN: it is in line. */
static int begin(fut_rate_limiter_acquire_t *self, fut_context_t *cx) {
    fut_rate_limiter_t *const limiter = self->limiter;
    const fut_instant_t       now     = fut_now(cx);
    uint32_t                  word;
    bool                      taken;
    self->sleeping = false;
    if (!cx->driver) return -ENOTSUP;
    if (self->tokens > limiter->capacity) return -EINVAL;
    word  = fut__enter(&limiter->word);
    taken = !limiter->waiters.first && take(limiter, self->tokens, now);
    if (!taken) fut__queue(&limiter->waiters, &self->waiter, cx);
    fut__leave(&limiter->word, word);
    return taken ? 0 : -EAGAIN;
}

fut_poll_t fut_rate_limiter_acquire_poll(fut_rate_limiter_acquire_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        int answer;
        if (fut_context_is_cut(cx)) return FUT_PENDING; /* nobody is there to wait; it is in no line */
        if (!fut_context_spend(cx)) return FUT_PENDING; /* its turn is over                          */
        answer = begin(self, cx);
        if (answer != -EAGAIN) return finish(self, answer);
        self->future.point = FUT_POINT_PENDING;
    }
    return wait(self, cx);
}

/* ---- drop, describe ------------------------------------------------------------------------- */

static void rate_limiter_acquire_drop(fut_future_t *future) {
    fut_rate_limiter_acquire_t *const self = (fut_rate_limiter_acquire_t *)(void *)future;
    if (future->point == FUT_POINT_START) return;
    leave_line(self, fut__enter(&self->limiter->word));
    if (self->sleeping) fut_drop(&self->sleep.future);
}

static void rate_limiter_acquire_describe(const fut_future_t *future, fut_note_t *note) {
    note->text   = "tokens of a rate limiter:";
    note->number = ((const fut_rate_limiter_acquire_t *)(const void *)future)->tokens;
    note->kind   = FUT_NOTE_NUMBER;
}

FUT_DEFINE_DECLARED(fut_rate_limiter_acquire, .drop = rate_limiter_acquire_drop,
                    .describe = rate_limiter_acquire_describe, .loses = FUT_LOSES_PLACE);
