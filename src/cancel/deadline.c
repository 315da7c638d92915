/* deadline.c: a deadline that is handed down.                        layer: cancel; needs: core, driver interface, time
 *
 * The deadlines above one another are a list, innermost first, whose nodes lie in the futures that set them; the
 * binding leads to the first one. Those of scopes' children are reached the same way, through the binding that the
 * scope inherited. A node is emptied, not removed: whoever inherited it still sees what is further out.
 *
 *     START --first poll, past--> DONE
 *       '---- first poll -------> RUNNING --child READY--> DONE
 *                                    '--its time, or cancelled--> ENDING --child READY--> DONE
 */
#include <errno.h>

#include "future/deadline.h"

enum { RUNNING = FUT_POINT_PENDING, ENDING = 2 };

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static fut_instant_t seen(const fut_context_t *cx) { return cx->driver ? cx->driver->seen : FUT_NOW; }

/* For what is ending, and for what that awaits, only those count that are still to come. Whoever set one that is past
 * is about to end it, too, or has begun to. */
static fut_instant_t earliest(const fut_deadline_t *deadline, fut_instant_t now) {
    fut_instant_t instant = FUT_NEVER;
    bool          ending  = false;
    for (; deadline; deadline = deadline->outer) {
        ending |= deadline->ending;
        if (deadline->instant < instant && !(ending && deadline->instant <= now)) instant = deadline->instant;
    }
    return instant;
}

static const fut_deadline_t *deadlines_above(const fut_context_t *cx) {
    return fut_context_get(cx, &fut_with_deadline_vtable);
}

fut_instant_t fut_context_deadline(const fut_context_t *cx) { return earliest(deadlines_above(cx), seen(cx)); }

fut_duration_t fut_context_time_left(const fut_context_t *cx) {
    const fut_instant_t deadline = fut_context_deadline(cx), now = fut_now(cx);
    if (deadline == FUT_NEVER) return INT64_MAX;
    if (deadline <= now) return 0;
    return deadline - now < INT64_MAX ? (fut_duration_t)(deadline - now) : INT64_MAX;
}

/* ---- with_deadline ----------------------------------------------------------------------------------------------- */

static fut_poll_t refuse(fut_with_deadline_t *self, int error) {
    fut_drop(self->child);
    self->output = error;
    return fut_ready(&self->future);
}

static void begin(fut_with_deadline_t *self, const fut_context_t *cx) {
    fut_strand_init(&self->strand, self->child);
    self->limit  = (fut_deadline_t){deadlines_above(cx), self->deadline, false};
    self->output = 0;
    FUT_START(self->sleep, fut_sleep_until, self->deadline);
    self->future.point = RUNNING;
}

static void end(fut_with_deadline_t *self, int why) {
    self->future.point  = ENDING;
    self->limit.instant = FUT_NEVER;
    self->limit.ending  = true;
    self->output        = why;
    fut_drop(&self->sleep.future);
    fut_cancel(self->child);
}

static fut_poll_t poll_child(fut_with_deadline_t *self, fut_context_t *cx) {
    const fut_binding_t *const above = cx->inherited;
    fut_poll_t                 answer;
    self->binding = (fut_binding_t){above, &fut_with_deadline_vtable, &self->limit};
    cx->inherited = &self->binding;
    answer        = fut_strand_poll(&self->strand, cx);
    cx->inherited = above;
    return answer;
}

/* The child waits. Has the time come, so that its end begins? An inherited deadline that is earlier is kept by its
 * owner; this one has a timer all the same, since the other does not reach through the shield of a scope. */
static bool expires(fut_with_deadline_t *self, fut_context_t *cx) {
    if (self->deadline == FUT_NEVER || fut_sleep_until_poll(&self->sleep, cx) == FUT_PENDING) return false;
    end(self, -ETIMEDOUT);
    return true;
}

/* READY: it does not begin. The last look at the clock will do, as for a sleep: a clock is slow to read. In a hard
 * drop there is no clock, and the child has its one poll. */
static fut_poll_t first_poll(fut_with_deadline_t *self, fut_context_t *cx) {
    begin(self, cx);
    if (!cx->driver)
        return fut_context_is_cut(cx) || self->deadline == FUT_NEVER ? FUT_PENDING : refuse(self, -ENOTSUP);
    if (earliest(&self->limit, seen(cx)) <= seen(cx)) return refuse(self, -ETIMEDOUT);
    return FUT_PENDING;
}

fut_poll_t fut_with_deadline_poll(fut_with_deadline_t *self, fut_context_t *cx) {
    fut_poll_t answer;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START && first_poll(self, cx) == FUT_READY) return FUT_READY;
    answer = poll_child(self, cx);
    if (answer == FUT_PENDING && self->future.point == RUNNING && expires(self, cx)) answer = poll_child(self, cx);
    if (answer == FUT_PENDING) return FUT_PENDING;
    if (fut_is_pending(&self->sleep.future)) fut_drop(&self->sleep.future);
    return fut_ready(&self->future);
}

static void with_deadline_drop(fut_future_t *future) {
    fut_with_deadline_t *const self = (fut_with_deadline_t *)(void *)future;
    if (future->point != FUT_POINT_START) fut_drop(&self->sleep.future);
    fut_drop(self->child);
}

static void with_deadline_cancel(fut_future_t *future) {
    fut_with_deadline_t *const self = (fut_with_deadline_t *)(void *)future;
    if (future->point == FUT_POINT_START)
        fut_drop(future);
    else if (future->point == RUNNING)
        end(self, -ECANCELED);
}

static void with_deadline_describe(const fut_future_t *future, fut_note_t *note) {
    note->text  = future->point == ENDING ? "has expired; the end of" : "until a deadline, for";
    note->child = ((const fut_with_deadline_t *)(const void *)future)->child;
}

FUT_DEFINE_DECLARED(fut_with_deadline, .drop = with_deadline_drop, .cancel = with_deadline_cancel,
                    .describe = with_deadline_describe, .awaits = offsetof(fut_with_deadline_t, child));
