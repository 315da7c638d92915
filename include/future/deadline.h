/* deadline.h: until when, for a future and all that it awaits.   layer: cancel; needs: core, driver interface, time
 *
 *     WITH_DEADLINE(self->limit, fut_deadline_in(cx, FUT_S(2)), (self->page, fetch, "/index"));
 *     if (self->limit.output == -ETIMEDOUT) ...                        // the fetch was cancelled, its FINALLY has run
 *
 * fut_timeout knows its own duration and nothing of those above. A deadline is handed down: whatever runs under it
 * can ask how much time is left, and a later deadline inside does not extend it. So does the child of a scope that
 * was opened under it.
 *
 * What is being cancelled, by its deadline or from outside, has no deadline any more but those above that are still
 * to come: so a FINALLY may give its farewell two seconds of its own.
 *
 * The price (64 bits): 152 bytes, and one timer in the driver's wheel where the child has to wait. To ask costs a
 * step for each deadline above. Executor's thread.
 *
 * (After Go's context.WithDeadline, and Trio's cancel scopes.)
 */
#ifndef FUT_DEADLINE_H
#define FUT_DEADLINE_H

#include "group.h"
#include "time.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The earliest deadline above, also one that is past already; FUT_NEVER: there is none, or it no longer counts. */
fut_instant_t fut_context_deadline(const fut_context_t *cx);
/* How much time is left until then: 0, it is past; INT64_MAX, there is none. */
fut_duration_t fut_context_time_left(const fut_context_t *cx);
/* So much from now on. */
FUT_INLINE_ fut_instant_t fut_deadline_in(const fut_context_t *cx, fut_duration_t duration) {
    return fut_instant_add(fut_now(cx), duration);
}

/* One deadline among those above; FUT_NEVER from the moment on at which what is under it is ending. */
typedef struct fut_deadline {
    const struct fut_deadline *outer;
    fut_instant_t              instant;
    bool                       ending;
} fut_deadline_t;

#ifndef __cplusplus
/* fut_with_deadline: await `child`, a started future, until `deadline`, or the one inherited where that is earlier.
 * 0: the child has completed, read its output. -ETIMEDOUT: the time had come; it was cancelled gracefully, and its
 * FINALLY has ended; or it never began, where the time was past at the first poll. -ENOTSUP: there is no clock, and
 * the child was dropped. -ECANCELED: the wait was cancelled before its time, and the child with it. A child that is
 * ready in the poll that finds the deadline past has completed. An inherited deadline is kept by whoever set it, who
 * cancels this from outside.
 *
 * Dropping this drops the child, which belongs to the caller and outlives the wait. Cancelling loses what the child
 * loses. Tasks that are spawned with fut_context_spawn inherit nothing, those of scopes do. */
typedef struct fut_with_deadline {
    FUT_FUTURE(fut_with_deadline, int, fut_future_t *child; fut_instant_t deadline);
    fut_strand_t      strand;
    fut_binding_t     binding;
    fut_deadline_t    limit;
    fut_sleep_until_t sleep;
} fut_with_deadline_t;
FUT_DECLARE(fut_with_deadline);

/* WITH_DEADLINE(slot, deadline, child): the same in one line; the child is a started slot, or (slot, fn,
 * arguments...). */
/* clang-format off */
#define FUT_WITH_DEADLINE(slot, deadline, child) FUT_WITH_DEADLINE_AT_(__COUNTER__, slot, deadline, child)
#define FUT_WITH_DEADLINE_AT_(c, slot, deadline, child)                                                                \
    do {                                                                                                               \
        FUT_CHILD_START_(slot, child)                                                                                  \
        FUT_AWAIT_M(c, slot, fut_with_deadline, &(FUT_SLOT_(child)).future, deadline);                                 \
    } while (0)
/* clang-format on */

#ifndef FUT_NO_SHORT_NAMES
#define WITH_DEADLINE FUT_WITH_DEADLINE
#endif
#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif
