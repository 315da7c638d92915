/* with_token.c: what waits for a token, and what runs under one; the timer.  layer: cancel; needs: core, sync,
 * driver interface */
#include <errno.h>

#include "../sync/waiters.h"
#include "future/cancel.h"

/* ---- cancelled ---------------------------------------------------------------------------------------------------
 *
 *     first poll      cancelled: READY. Otherwise line up, PENDING
 *     cancel          takes out all, RELEASED, and wakes
 *     next poll       taken out: READY
 *     drop            leave the line
 */

static bool line_up(fut_cancelled_t *self, fut_context_t *cx) {
    fut_cancel_token_t *const token = self->token;
    const uint32_t            word  = fut__enter(&token->word);
    const bool                in    = !(word & FUT_CANCEL_CANCELLED_);
    if (in) fut__queue(&token->waiters, &self->waiter, cx);
    fut__leave(&token->word, word);
    return in;
}

static bool waits(fut_cancelled_t *self, fut_context_t *cx) {
    if (!self->token) return (void)fut_context_waker(cx), true;
    if (self->future.point != FUT_POINT_START)
        return fut__poll_waiter(&self->token->word, &self->waiter, cx) == FUT_WAITER_QUEUED;
    return !fut_cancel_token_is_cancelled(self->token) && line_up(self, cx);
}

fut_poll_t fut_cancelled_poll(fut_cancelled_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (waits(self, cx)) return fut_pending(&self->future);
    if (self->future.point == FUT_POINT_START && !fut_context_spend(cx)) return FUT_PENDING; /* its turn is over */
    self->output = fut_cancel_token_reason(self->token);
    return fut_ready(&self->future);
}

static void cancelled_drop(fut_future_t *future) {
    fut_cancelled_t *const self = (fut_cancelled_t *)(void *)future;
    if (future->point != FUT_POINT_START && self->token)
        (void)fut__leave_line(&self->token->word, &self->token->waiters, &self->waiter, 0);
}

static void cancelled_describe(const fut_future_t *future, fut_note_t *note) {
    (void)future;
    note->text = "a token that is cancelled";
}

FUT_DEFINE_DECLARED(fut_cancelled, .drop = cancelled_drop, .describe = cancelled_describe, .loses = FUT_LOSES_NOTHING);

/* ---- with_token --------------------------------------------------------------------------------------------------
 *
 * The child is polled first: one that is ready in time has completed even if the token is cancelled, too. `output` says
 * from the beginning what will be answered. */
enum { RUNNING = FUT_POINT_PENDING, ENDING = 2 };

/* False: there is nothing to begin with. */
static bool begin(fut_with_token_t *self) {
    self->output = fut_cancel_token_reason(self->token);
    if (self->output != 0) {
        fut_drop(self->child);
        return false;
    }
    FUT_START(self->stop, fut_cancelled, self->token);
    fut_strand_init(&self->strand, self->child);
    self->future.point = RUNNING;
    return true;
}

static void end(fut_with_token_t *self, int why) {
    self->future.point = ENDING;
    self->output       = why;
    fut_drop(&self->stop.future);
    fut_cancel(self->child);
}

static fut_poll_t poll_child(fut_with_token_t *self, fut_context_t *cx) {
    const fut_binding_t *const above = cx->inherited;
    fut_poll_t                 answer;
    self->binding = (fut_binding_t){above, &fut_with_token_vtable, self->token};
    cx->inherited = &self->binding;
    answer        = fut_strand_poll(&self->strand, cx);
    cx->inherited = above;
    return answer;
}

fut_poll_t fut_with_token_poll(fut_with_token_t *self, fut_context_t *cx) {
    fut_poll_t answer;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START && !begin(self)) return fut_ready(&self->future);
    answer = poll_child(self, cx);
    if (answer == FUT_PENDING && self->future.point == RUNNING && fut_cancelled_poll(&self->stop, cx) == FUT_READY) {
        end(self, self->stop.output);
        answer = poll_child(self, cx);
    }
    if (answer == FUT_PENDING) return FUT_PENDING;
    if (fut_is_pending(&self->stop.future)) fut_drop(&self->stop.future);
    return fut_ready(&self->future);
}

static void with_token_drop(fut_future_t *future) {
    fut_with_token_t *const self = (fut_with_token_t *)(void *)future;
    if (future->point != FUT_POINT_START) fut_drop(&self->stop.future);
    fut_drop(self->child);
}

static void with_token_cancel(fut_future_t *future) {
    if (future->point == FUT_POINT_START)
        fut_drop(future);
    else if (future->point == RUNNING)
        end((fut_with_token_t *)(void *)future, -ECANCELED);
}

static void with_token_describe(const fut_future_t *future, fut_note_t *note) {
    note->text  = future->point == ENDING ? "was stopped; the end of" : "until a token is cancelled, for";
    note->child = ((const fut_with_token_t *)(const void *)future)->child;
}

FUT_DEFINE_DECLARED(fut_with_token, .drop = with_token_drop, .cancel = with_token_cancel,
                    .describe = with_token_describe, .awaits = offsetof(fut_with_token_t, child));

fut_cancel_token_t *fut_context_token(const fut_context_t *cx) { return fut_context_get(cx, &fut_with_token_vtable); }

/* ---- the timer --------------------------------------------------------------------------------------------------- */

/* It wakes no task but the token: only the driver has this waker. The timer, and all around it, may be gone when the
 * token's callbacks return. */
static void expire(void *target, fut_tag_t tag) {
    fut_cancel_timer_t *const timer = (fut_cancel_timer_t *)target;
    (void)tag;
    (void)fut_cancel_token_cancel(timer->token, -ETIMEDOUT);
}

int fut_cancel_timer_start(fut_cancel_timer_t *timer, fut_context_t *cx, fut_cancel_token_t *token,
                           fut_instant_t deadline) {
    static const fut_waker_vtable_t vtable = {.wake = expire, .wake_from_interrupt = expire};
    timer->alarm                           = &vtable;
    timer->token                           = token;
    timer->timer.future.point              = FUT_POINT_START;
    if (!cx->driver) return -ENOTSUP;
    if (deadline == FUT_NEVER) return 0;
    if (deadline <= cx->driver->vtable->now(cx->driver)) {
        expire(timer, 0);
        return 0;
    }
    fut_timer_set_waker(&timer->timer, (fut_waker_t){timer, 0});
    timer->timer.deadline     = deadline;
    timer->timer.future.point = FUT_POINT_PENDING;
    cx->driver->vtable->timer_insert(cx->driver, &timer->timer);
    return 0;
}

void fut_cancel_timer_stop(fut_cancel_timer_t *timer) {
    if (timer->timer.future.point == FUT_POINT_PENDING) fut_timer_unlink(&timer->timer);
    timer->timer.future.point = FUT_POINT_START;
}
