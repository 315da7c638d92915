/* sleep.c: sleep, sleep_until, timeout, interval: leaves over the driver's timers. They know no executor. */
#include <errno.h>

#include "future/time.h"

fut_instant_t fut_now(const fut_context_t *cx) { return cx->driver ? cx->driver->vtable->now(cx->driver) : FUT_NOW; }

fut_instant_t fut_instant_add(fut_instant_t instant, fut_duration_t duration) {
    uint64_t back = -(uint64_t)duration;
    if (duration >= 0) return instant + (uint64_t)duration < instant ? FUT_NEVER : instant + (uint64_t)duration;
    return instant < back ? FUT_NOW : instant - back;
}

/* ---- the node, shared by both sleeps -------------------------------------------------------- */

/* The end of time is not linked: a task that waits for it waits for nothing, and a deadlock is seen. */
static fut_poll_t wait_until(fut_timer_t *timer, fut_instant_t deadline, fut_context_t *cx) {
    fut_timer_set_waker(timer, fut_context_waker(cx));
    timer->deadline = deadline;
    if (deadline != FUT_NEVER)
        cx->driver->vtable->timer_insert(cx->driver, timer);
    else
        timer->prev = timer->next = timer;
    return fut_pending(&timer->future);
}

static void drop_timer(fut_future_t *future) {
    if (future->point == FUT_POINT_PENDING) fut_timer_unlink((fut_timer_t *)(void *)future);
}

static void describe_timer(const fut_future_t *future, fut_note_t *note) {
    const fut_timer_t *timer = (const fut_timer_t *)(const void *)future;
    note->text               = timer->deadline == FUT_NEVER ? "for ever" : "for another";
    note->number             = (int64_t)timer->deadline;
    note->kind               = timer->deadline == FUT_NEVER ? FUT_NOTE_TEXT : FUT_NOTE_DEADLINE;
}

/* Without a clock: fail, or in a hard drop wait to be cut. The output lies in the place of the deadline. */
static fut_poll_t no_clock(fut_timer_t *timer, int *output, fut_context_t *cx) {
    if (fut_context_is_cut(cx)) {
        timer->prev = timer->next = timer;
        return fut_pending(&timer->future);
    }
    *output = -ENOTSUP;
    return fut_ready(&timer->future);
}

/* The four places where a sleep can stand. `duration_or_deadline` is read at the start alone: the output, and the
 * linked timer's deadline, overwrite it. */
static fut_poll_t poll_timer(fut_timer_t *timer, int *output, bool due, fut_instant_t deadline, fut_context_t *cx) {
    switch (timer->future.point) {
        case FUT_POINT_START:
            if (!due) return wait_until(timer, deadline, cx);
            if (!fut_context_spend(cx)) return FUT_PENDING; /* its turn is over; not linked, still at the start */
            break;
        case FUT_POINT_PENDING: /* a spurious poll; the context may have another waker */
            fut_timer_set_waker(timer, fut_context_waker(cx));
            return FUT_PENDING;
        case FUT_POINT_FIRED: break;
        default: return FUT_READY;
    }
    *output = 0;
    return fut_ready(&timer->future);
}

fut_poll_t fut_sleep_poll(fut_sleep_t *self, fut_context_t *cx) {
    fut_instant_t deadline = FUT_NOW;
    bool          due      = true;
    if (self->future.point == FUT_POINT_START) {
        if (!cx->driver) return no_clock(&self->timer, &self->output, cx);
        due = self->args.duration <= 0;
        if (!due) deadline = fut_instant_add(fut_now(cx), self->args.duration);
    }
    return poll_timer(&self->timer, &self->output, due, deadline, cx);
}

fut_poll_t fut_sleep_until_poll(fut_sleep_until_t *self, fut_context_t *cx) {
    fut_instant_t deadline = FUT_NOW;
    bool          due      = true;
    if (self->future.point == FUT_POINT_START) {
        if (!cx->driver) return no_clock(&self->timer, &self->output, cx);
        deadline = self->args.deadline;
        due      = deadline <= cx->driver->seen; /* not the clock itself: that costs more than all the rest */
    }
    return poll_timer(&self->timer, &self->output, due, deadline, cx);
}

FUT_DEFINE_DECLARED(fut_sleep, .drop = drop_timer, .describe = describe_timer, .loses = FUT_LOSES_NOTHING);
FUT_DEFINE_DECLARED(fut_sleep_until, .drop = drop_timer, .describe = describe_timer, .loses = FUT_LOSES_NOTHING);

_Static_assert(sizeof(void *) != 8 || sizeof(fut_sleep_t) == 48, "a million of them are expected to fit");

/* ---- timeout -------------------------------------------------------------------------------- */

/* The child is polled first: one that is ready in time wins even if the deadline has come, too. After the deadline the
 * child is cancelled and polled on; whatever it answers then, the timeout's output is -ETIMEDOUT. */
enum { RUNNING = FUT_POINT_PENDING, EXPIRED = 2 };

fut_poll_t fut_timeout_poll(fut_timeout_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        FUT_START(self->sleep, fut_sleep, self->duration);
        self->leaf         = self->child;
        self->future.point = RUNNING;
    }
    if (fut_is_done(self->child) || fut_poll_leaf(self->child, &self->leaf, cx) == FUT_READY) {
        fut_drop(&self->sleep.future);
        self->output = self->future.point == EXPIRED ? -ETIMEDOUT : 0;
        return fut_ready(&self->future);
    }
    if (self->future.point == RUNNING && fut_sleep_poll(&self->sleep, cx) == FUT_READY) {
        if (self->sleep.output < 0) { /* no clock: the child must not run without its limit */
            self->output = self->sleep.output;
            fut_drop(self->child);
            return fut_ready(&self->future);
        }
        self->future.point = EXPIRED;
        fut_cancel(self->child);
        return fut_timeout_poll(self, cx);
    }
    return FUT_PENDING;
}

static void timeout_drop(fut_future_t *future) {
    fut_timeout_t *self = (fut_timeout_t *)(void *)future;
    if (future->point != FUT_POINT_START) fut_drop(&self->sleep.future);
    fut_drop(self->child);
}

/* Passed on: the child ends gracefully, and the timeout with it. */
static void timeout_cancel(fut_future_t *future) {
    fut_timeout_t *self = (fut_timeout_t *)(void *)future;
    if (future->point == FUT_POINT_START)
        fut_drop(future);
    else
        fut_cancel(self->child);
}

static void timeout_describe(const fut_future_t *future, fut_note_t *note) {
    const fut_timeout_t *self = (const fut_timeout_t *)(const void *)future;
    note->text                = future->point == EXPIRED ? "has expired; the end of" : "for a while, for";
    note->child               = self->child;
}

FUT_DEFINE_DECLARED(fut_timeout, .drop = timeout_drop, .cancel = timeout_cancel, .describe = timeout_describe,
                    .awaits = offsetof(fut_timeout_t, child));

/* ---- interval ------------------------------------------------------------------------------- */

int fut_interval_init(fut_interval_t *interval, const fut_context_t *cx, fut_duration_t period, fut_missed_t missed) {
    if (period <= 0) return -EINVAL;
    if (!cx->driver) return -ENOTSUP;
    interval->next   = fut_instant_add(fut_now(cx), period);
    interval->period = period;
    interval->missed = missed;
    return 0;
}

/* The tick at `next` was delivered at `now`: set the one after it. */
static int64_t advance(fut_interval_t *interval, fut_instant_t now) {
    const fut_duration_t period = interval->period;
    const uint64_t       late   = now > interval->next ? now - interval->next : 0;
    const uint64_t       missed = interval->missed == FUT_SKIP ? late / (uint64_t)period : 0;
    if (interval->missed == FUT_BURST || late == 0)
        interval->next = fut_instant_add(interval->next, period);
    else if (interval->missed == FUT_DELAY)
        interval->next = fut_instant_add(now, period);
    else
        interval->next = fut_instant_add(now, period - (fut_duration_t)(late % (uint64_t)period));
    return missed < INT64_MAX ? (int64_t)missed + 1 : INT64_MAX;
}

fut_poll_t fut_interval_tick_poll(fut_interval_tick_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) FUT_START(self->sleep, fut_sleep_until, self->interval->next);
    if (fut_sleep_until_poll(&self->sleep, cx) == FUT_PENDING) return fut_pending(&self->future);
    self->output = self->sleep.output < 0 ? self->sleep.output : advance(self->interval, fut_now(cx));
    return fut_ready(&self->future);
}

static void interval_tick_drop(fut_future_t *future) {
    if (future->point != FUT_POINT_START) fut_drop(&((fut_interval_tick_t *)(void *)future)->sleep.future);
}

FUT_DEFINE_DECLARED(fut_interval_tick, .drop = interval_tick_drop, .loses = FUT_LOSES_NOTHING);
