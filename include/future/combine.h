/* combine.h: combinators with a name of their own.                  layer: combine; needs: core, sync, cancel
 *
 * After an AWAIT the next statement does what a combinator would do, and reads better. A combinator is for where a
 * future is wanted, not a statement: in a group, in a set, in a scope. It is written as an async function is, at file
 * scope, with a name, types and a body; its slot, and the slots of its children, are the caller's:
 *
 *     FUT_MAP(page_size, size_t, fetch) { return strlen(child->output); }
 *     FUT_AND_THEN(news, login, fetch) { START(*second, fetch, first->output); }
 *
 *     START(self->page, fetch, "/index");
 *     START(self->size, page_size, &self->page);                        // nothing runs before it is polled
 *     JOIN(self->group, self->size, self->other);                       // self->size.output
 *
 *     FUT_MAP(name, T, child)             a function of what the child has answered
 *     FUT_INSPECT(name, child)            look at it, and pass it on
 *     FUT_THEN(name, first, second)       the second is started from what the first has answered
 *     FUT_AND_THEN(name, first, second)   unless that is an error, which is passed on
 *     FUT_OR_ELSE(name, first, second)    only if it is an error; otherwise it is passed on
 *     FUT_LAZY(name, child)               the child is started in the first poll, not before
 *     FUT_IMMEDIATE(name, T)              ready at once with its argument
 *     FUT_POLL_FN(name, T)                a body that polls
 *     fut_never                           never ready
 *     fut_fuse                            ready once, and not again
 *     fut_abortable                       dropped, not cancelled, when a token says so
 *     fut_shared_t                        one future, awaited by many
 *
 * `child`, `first` and `second` are names of futures, as in START, whose types end in _t. In the body they are
 * pointers to the slots; `self` is the combinator. Members may follow, which are further arguments: FUT_MAP(scaled,
 * int, measure, int factor) { return child->output * self->factor; } and then START(self->scaled, scaled,
 * &self->measure, 3).
 *
 * What they have in common. A combinator is 40 or 48 bytes and its output, a few instructions more than its child,
 * and allocates nothing. A wake deep inside of a child goes straight to its leaf. Children are started by the
 * caller, or in a body, and belong to the caller; they stay until the combinator is done. Dropping it drops the child
 * that it awaits; cancelling it gracefully cancels that, no body is called any more, and an integer output is
 * -ECANCELED. Cancelling loses what the child loses. Executor's thread.
 *
 * Groups (JOIN, SELECT, RACE, ANY, TIMEOUT) are in group.h.
 */
#ifndef FUT_COMBINE_H
#define FUT_COMBINE_H

#include "cancel.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef __cplusplus

/* Points of combinators, from PENDING on. */
enum { FUT_FIRST_POINT_ = FUT_POINT_PENDING, FUT_SECOND_POINT_, FUT_STOPPED_POINT_ };

/* Poll the one child, from the first poll on. */
FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_combine_poll_(fut_future_t *future, fut_strand_t *strand, fut_future_t *child,
                                                      fut_context_t *cx) {
    if (future->point == FUT_POINT_START) {
        fut_strand_init(strand, child);
        future->point = FUT_FIRST_POINT_;
    }
    return fut_strand_poll(strand, cx);
}
/* The child was cancelled with the combinator, and has ended. */
FUT_INLINE_ fut_poll_t fut_combine_stopped_(fut_future_t *future) {
    fut_fail(future, -FUT_ECANCELED);
    return fut_ready(future);
}
/* Gracefully: what it awaits at that moment. */
FUT_INLINE_ void fut_combine_cancel_(fut_future_t *future, const fut_strand_t *strand) {
    if (future->point == FUT_POINT_START) {
        fut_drop(future);
        return;
    }
    future->point = FUT_STOPPED_POINT_;
    fut_cancel(strand->root);
}
FUT_INLINE_ void fut_combine_describe_(fut_note_t *note, const char *text, const fut_future_t *child) {
    note->text  = text;
    note->child = child;
}

/* clang-format off */

/* `child` or `child, members`: the name, its type, and the members behind a semicolon. */
#define FUT_NAME_(...)             FUT_FIRST_(__VA_ARGS__, 0)
#define FUT_TYPE_(...)             FUT_CAT_(FUT_NAME_(__VA_ARGS__), _t)
#define FUT_OUTPUT_OF_(...)        __typeof__(((FUT_TYPE_(__VA_ARGS__) *)0)->output)
#define FUT_AND_MEMBERS_(...)      FUT_CAT_(FUT_AND_MEMBERS_, FUT_DEFINE_COUNT_(__VA_ARGS__))(__VA_ARGS__)
#define FUT_AND_MEMBERS_1(child)
#define FUT_AND_MEMBERS_M(child, ...) ; __VA_ARGS__
#define FUT_UNUSED_                __attribute__((unused))

/* What those with one child share, but for how they answer when it has completed. */
#define FUT_ONE_CHILD_(name, text, T, finish, ...)                                                                     \
    typedef struct name {                                                                                              \
        FUT_FUTURE(name, T, FUT_TYPE_(__VA_ARGS__) *child FUT_AND_MEMBERS_(__VA_ARGS__));                              \
        fut_strand_t strand;                                                                                           \
    } name##_t;                                                                                                        \
    finish(name, T, FUT_TYPE_(__VA_ARGS__))                                                                            \
    FUT_INLINE_ fut_poll_t name##_poll(name##_t *self, fut_context_t *cx) {                                            \
        if (fut_is_done(&self->future)) return FUT_READY;                                                              \
        if (fut_combine_poll_(&self->future, &self->strand, &self->child->future, cx) == FUT_PENDING)                  \
            return FUT_PENDING;                                                                                        \
        if (self->future.point == FUT_STOPPED_POINT_) return fut_combine_stopped_(&self->future);                      \
        name##_finish_(self);                                                                                          \
        return fut_ready(&self->future);                                                                               \
    }                                                                                                                  \
    static void name##_drop_(fut_future_t *future) { fut_drop(&((name##_t *)(void *)future)->child->future); }         \
    FUT_COMBINED_(name, text)

/* Cancelled and described, wherever the strand is what it awaits; and the vtable. */
#define FUT_COMBINED_(name, text)                                                                                      \
    static void name##_cancel_(fut_future_t *future) {                                                                 \
        fut_combine_cancel_(future, &((name##_t *)(void *)future)->strand);                                            \
    }                                                                                                                  \
    static void name##_describe_(const fut_future_t *future, fut_note_t *note) {                                       \
        if (fut_is_pending(future))                                                                                    \
            fut_combine_describe_(note, text, ((const name##_t *)(const void *)future)->strand.root);                  \
    }                                                                                                                  \
    FUT_DEFINE(name, .drop = name##_drop_, .cancel = name##_cancel_, .describe = name##_describe_);

/* ---- map, inspect ------------------------------------------------------------------------------------------------ */

/* FUT_MAP(name, T, child, members...) { return ...; }: the body gets `child`, which has completed, and `self`, and
 * returns the output, a T which is not void. An error of the child's is a result as any other. */
#define FUT_MAP(name, T, ...)                                                                                          \
    FUT_ONE_CHILD_(name, "to map", T, FUT_MAP_FINISH_, __VA_ARGS__)                                                    \
    FUT_INLINE_ T name##_body_(const name##_t *self FUT_UNUSED_, FUT_TYPE_(__VA_ARGS__) *child FUT_UNUSED_)
#define FUT_MAP_FINISH_(name, T, child_t)                                                                              \
    FUT_INLINE_ T name##_body_(const name##_t *self, child_t *child);                                                  \
    FUT_INLINE_ void name##_finish_(name##_t *self) { self->output = name##_body_(self, self->child); }

/* FUT_INSPECT(name, child, members...) { ... }: the body may look; the output is the child's. */
#define FUT_INSPECT(name, ...)                                                                                         \
    FUT_ONE_CHILD_(name, "to look at", FUT_OUTPUT_OF_(__VA_ARGS__), FUT_INSPECT_FINISH_, __VA_ARGS__)                  \
    FUT_INLINE_ void name##_body_(const name##_t *self FUT_UNUSED_, const FUT_TYPE_(__VA_ARGS__) *child FUT_UNUSED_)
#define FUT_INSPECT_FINISH_(name, T, child_t)                                                                          \
    FUT_INLINE_ void name##_body_(const name##_t *self, const child_t *child);                                         \
    FUT_INLINE_ void name##_finish_(name##_t *self) {                                                                  \
        name##_body_(self, self->child);                                                                               \
        self->output = self->child->output;                                                                            \
    }

/* ---- then, and_then, or_else ------------------------------------------------------------------------------------- */

/* FUT_THEN(name, first, second, members...) { START(*second, ...); }: the body gets `first`, which has completed,
 * `second`, `self` and `cx`, and has to START *second. Output: the second's. AWAIT(slot, name, &first, &second,
 * members...), where the first was started, and the second was not. */
#define FUT_THEN(name, first, ...)                                                                                     \
    FUT_TWO_CHILDREN_(name, first, FUT_ALWAYS_ON_, __VA_ARGS__)
/* The same; but if the first has failed (a negative output of an integer type), its error is the output, and the
 * second is never started. Both outputs are signed integers. */
#define FUT_AND_THEN(name, first, ...)                                                                                 \
    FUT_TWO_CHILDREN_(name, first, FUT_ON_AFTER_SUCCESS_, __VA_ARGS__)
/* The second is a second try: if the first has not failed, its output is the output, whose type is the second's. */
#define FUT_OR_ELSE(name, first, ...)                                                                                  \
    FUT_TWO_CHILDREN_(name, first, FUT_ON_AFTER_ERROR_, __VA_ARGS__)

#define FUT_TWO_CHILDREN_(name, first_, goes_on, ...)                                                                  \
    typedef struct name {                                                                                              \
        FUT_FUTURE(name, FUT_OUTPUT_OF_(__VA_ARGS__),                                                                  \
            first_##_t *first; FUT_TYPE_(__VA_ARGS__) *second FUT_AND_MEMBERS_(__VA_ARGS__));                          \
        fut_strand_t strand;                                                                                           \
    } name##_t;                                                                                                        \
    FUT_INLINE_ void name##_body_(const name##_t *self, first_##_t *first, FUT_TYPE_(__VA_ARGS__) *second,             \
                                  fut_context_t *cx);                                                                  \
    goes_on(name)                                                                                                      \
    /* The first has completed. False: so has all of it. */                                                            \
    FUT_INLINE_ bool name##_next_(name##_t *self, fut_context_t *cx) {                                                 \
        if (!name##_goes_on_(self)) return false;                                                                      \
        name##_body_(self, self->first, self->second, cx);                                                             \
        fut_strand_init(&self->strand, &self->second->future);                                                         \
        self->future.point = FUT_SECOND_POINT_;                                                                        \
        return true;                                                                                                   \
    }                                                                                                                  \
    FUT_INLINE_ fut_poll_t name##_poll(name##_t *self, fut_context_t *cx) {                                            \
        if (fut_is_done(&self->future)) return FUT_READY;                                                              \
        if (fut_combine_poll_(&self->future, &self->strand, &self->first->future, cx) == FUT_PENDING)                  \
            return FUT_PENDING;                                                                                        \
        if (self->future.point == FUT_STOPPED_POINT_) return fut_combine_stopped_(&self->future);                      \
        if (self->future.point == FUT_FIRST_POINT_) {                                                                  \
            if (!name##_next_(self, cx)) return fut_ready(&self->future);                                              \
            if (fut_strand_poll(&self->strand, cx) == FUT_PENDING) return FUT_PENDING;                                 \
        }                                                                                                              \
        self->output = self->second->output;                                                                           \
        return fut_ready(&self->future);                                                                               \
    }                                                                                                                  \
    static void name##_drop_(fut_future_t *future) {                                                                   \
        name##_t *self = (name##_t *)(void *)future;                                                                   \
        fut_drop(future->point == FUT_POINT_START ? &self->first->future : self->strand.root);                         \
    }                                                                                                                  \
    FUT_COMBINED_(name, "one after the other, now")                                                                    \
    FUT_INLINE_ void name##_body_(const name##_t *self FUT_UNUSED_, first_##_t *first FUT_UNUSED_,                     \
                                  FUT_TYPE_(__VA_ARGS__) *second FUT_UNUSED_, fut_context_t *cx FUT_UNUSED_)

#define FUT_ALWAYS_ON_(name)                                                                                           \
    FUT_INLINE_ bool name##_goes_on_(name##_t *self FUT_UNUSED_) { return true; }
#define FUT_ON_AFTER_SUCCESS_(name)                                                                                    \
    FUT_INLINE_ bool name##_goes_on_(name##_t *self) {                                                                 \
        const int64_t result = fut_result(&self->first->future);                                                       \
        _Static_assert(FUT_ERRORS_(name) != FUT_NO_ERRORS_, "the output of `" #name "` cannot carry an errno");        \
        if (result < 0) fut_fail(&self->future, (int)result);                                                          \
        return result >= 0;                                                                                            \
    }
#define FUT_ON_AFTER_ERROR_(name)                                                                                      \
    FUT_INLINE_ bool name##_goes_on_(name##_t *self) {                                                                 \
        self->output = self->first->output;                                                                            \
        return fut_result(&self->first->future) < 0;                                                                   \
    }

/* ---- lazy, immediate, poll_fn ------------------------------------------------------------------------------------ */

/* FUT_LAZY(name, child, members...) { START(*child, ...); }: what it starts with is found out when somebody wants it:
 * in the first poll. The body gets `child`, `self` and `cx`. Dropped before that, nothing was started. Output: the
 * child's. */
#define FUT_LAZY(name, ...)                                                                                            \
    typedef struct name {                                                                                              \
        FUT_FUTURE(name, FUT_OUTPUT_OF_(__VA_ARGS__), FUT_TYPE_(__VA_ARGS__) *child FUT_AND_MEMBERS_(__VA_ARGS__));    \
        fut_strand_t strand;                                                                                           \
    } name##_t;                                                                                                        \
    FUT_INLINE_ void name##_body_(const name##_t *self, FUT_TYPE_(__VA_ARGS__) *child, fut_context_t *cx);             \
    FUT_INLINE_ fut_poll_t name##_poll(name##_t *self, fut_context_t *cx) {                                            \
        if (fut_is_done(&self->future)) return FUT_READY;                                                              \
        if (self->future.point == FUT_POINT_START) name##_body_(self, self->child, cx);                                \
        if (fut_combine_poll_(&self->future, &self->strand, &self->child->future, cx) == FUT_PENDING)                  \
            return FUT_PENDING;                                                                                        \
        if (self->future.point == FUT_STOPPED_POINT_) return fut_combine_stopped_(&self->future);                      \
        self->output = self->child->output;                                                                            \
        return fut_ready(&self->future);                                                                               \
    }                                                                                                                  \
    static void name##_drop_(fut_future_t *future) {                                                                   \
        if (future->point != FUT_POINT_START) fut_drop(&((name##_t *)(void *)future)->child->future);                  \
    }                                                                                                                  \
    FUT_COMBINED_(name, "a late start of")                                                                             \
    FUT_INLINE_ void name##_body_(const name##_t *self FUT_UNUSED_, FUT_TYPE_(__VA_ARGS__) *child FUT_UNUSED_,         \
                                  fut_context_t *cx FUT_UNUSED_)

/* FUT_IMMEDIATE(name, T); then START(slot, name, value): ready in its first poll. Cancelling before that loses
 * nothing. */
#define FUT_IMMEDIATE(name, T)                                                                                         \
    typedef struct name {                                                                                              \
        FUT_FUTURE(name, T, T value);                                                                                  \
    } name##_t;                                                                                                        \
    FUT_INLINE_ fut_poll_t name##_poll(name##_t *self, fut_context_t *cx) {                                            \
        (void)cx;                                                                                                      \
        if (fut_is_done(&self->future)) return FUT_READY;                                                              \
        self->output = self->value;                                                                                    \
        return fut_ready(&self->future);                                                                               \
    }                                                                                                                  \
    FUT_DEFINE(name, .loses = FUT_LOSES_NOTHING)

/* FUT_POLL_FN(name, T, members...) { ... }: a future of nothing but its poll, for what holds nothing that would have
 * to be released. The body gets `self` and `cx`; it sets self->output and returns FUT_READY, or takes the waker
 * (fut_context_waker) and returns FUT_PENDING. It is not called again after FUT_READY. */
#define FUT_POLL_FN(name, ...)                                                                                         \
    typedef struct name {                                                                                              \
        FUT_FUTURE(name, __VA_ARGS__);                                                                                 \
    } name##_t;                                                                                                        \
    FUT_INLINE_ fut_poll_t name##_body_(name##_t *self, fut_context_t *cx);                                            \
    FUT_INLINE_ fut_poll_t name##_poll(name##_t *self, fut_context_t *cx) {                                            \
        if (fut_is_done(&self->future)) return FUT_READY;                                                              \
        return name##_body_(self, cx) == FUT_READY ? fut_ready(&self->future) : fut_pending(&self->future);            \
    }                                                                                                                  \
    FUT_DEFINE(name);                                                                                                  \
    FUT_INLINE_ fut_poll_t name##_body_(name##_t *self FUT_UNUSED_, fut_context_t *cx FUT_UNUSED_)

/* clang-format on */

/* ---- never, fuse, abortable -------------------------------------------------------------------------------------- */

/* Never ready: AWAIT(self->never, fut_never) waits until it is cancelled. Output: -ECANCELED, then. Cancelling loses
 * nothing. */
typedef struct fut_never {
    FUT_FUTURE(fut_never, int);
} fut_never_t;
FUT_DECLARE(fut_never);

/* fut_fuse: ready when the started child becomes so under it; on a child which was done before, never. So it takes a
 * child out of a loop of SELECT_KEEP, which would otherwise find it ready again in each round: START the fuse before
 * the loop, and again where the loop has dealt with the child. Output: 0, or the child's error. */
typedef struct fut_fuse {
    FUT_FUTURE(fut_fuse, int, fut_future_t *child);
    fut_strand_t strand;
} fut_fuse_t;
FUT_DECLARE(fut_fuse);

/* fut_abortable: fut_with_token for the impatient. When the token is cancelled the child is dropped, in the next poll
 * and at once: an AWAIT in its FINALLY is cut. Output: 0, the child has completed; the token's reason; or -ECANCELED:
 * cancelled gracefully from outside, as the child was. Even then the token still ends it at once. */
typedef struct fut_abortable {
    FUT_FUTURE(fut_abortable, int, fut_future_t *child; fut_cancel_token_t *token);
    fut_strand_t    strand;
    fut_cancelled_t stop;
} fut_abortable_t;
FUT_DECLARE(fut_abortable);

/* ---- shared ------------------------------------------------------------------------------------------------------ */

/* One future that many await. One of them polls it, as it comes; when that one is dropped, another is woken to take
 * over; when it is ready all are woken. The child, and the shared, belong to the caller and stay as long as anybody
 * awaits. All on one executor's thread. 40 bytes.
 *
 *     fut_shared_init(&config, &load.future);                           // once; load was STARTed
 *     AWAIT_TRY(self->wait, fut_shared_wait, &config);                  // anybody, any number of times
 *     ... load.output ...
 */
typedef struct fut_shared {
    fut_strand_t  strand;
    fut_waiters_t waiters; /* all who await it                                                       */
    fut_waiter_t *poller;  /* the one among them that polls it; NULL: nobody, the next who is polled */
    bool          cancelled;
} fut_shared_t;
void fut_shared_init(fut_shared_t *shared, fut_future_t *started);
/* End the child for all who await it: gracefully, or at once. Who awaits is woken; where nobody does, a graceful end
 * goes on when somebody will. Not from inside of the child's poll. */
void fut_shared_cancel(fut_shared_t *shared);
void fut_shared_drop(fut_shared_t *shared);

/* fut_shared_wait: ready when the child is; read its output from its slot. Output: 0; the child's error; -ECANCELED
 * where the child was cancelled. Dropping and cancelling it leave the child alone: even without anybody who awaits it
 * the child stays as it is, and goes on when somebody will. An awaiter that is pending has to be polled on, or
 * dropped: it may be the one on whom all others wait. Cancelling loses nothing. */
typedef struct fut_shared_wait {
    FUT_FUTURE(fut_shared_wait, int, fut_shared_t *shared);
    fut_waiter_t waiter;
} fut_shared_wait_t;
FUT_DECLARE(fut_shared_wait);

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif
