/* scope.h: structured concurrency.                     layer: scope; needs: core, driver interface
 *
 * A scope is a place where children run, and which is not left before all of them have ended. So children may point
 * into the frame that opened it, no error gets lost, and nothing goes on running behind anybody's back. (Nurseries in
 * Trio, coroutineScope in Kotlin, errgroup in Go; N. J. Smith, "Notes on structured concurrency", 2018.)
 *
 *     typedef struct both {
 *         ASYNC_FRAME(both, int, const char *left; const char *right);
 *         fut_scope_t scope;
 *         fetch_t     a, b;                                       // children: embedded, never allocated
 *     } both_t;
 *
 *     ASYNC(both) {
 *         ASYNC_BEGIN();
 *         SCOPE(self->scope) {
 *             SCOPE_SPAWN(self->scope, self->a, fetch, self->left);
 *             SCOPE_SPAWN(self->scope, self->b, fetch, self->right);
 *         }
 *         SCOPE_END(self->scope);                                 // waits for both
 *         TRY(self->scope.output);                                // 0, or the first error
 *         ASYNC_RETURN(self->a.output + self->b.output);
 *         ASYNC_END();
 *     }
 *
 * Each child is a task of its own on the executor that polls whoever spawns it, and goes on while its parent awaits
 * something else. A child that ends with a negative output fails the scope: its siblings are cancelled gracefully,
 * their FINALLYs may await, and the scope ends with that error.
 *
 * The price (64 bits): a scope is 176 bytes in its parent's frame; a child one task of the executor's, with 96 bytes
 * for the scope, while its future stays in your slot. No memory is asked for beyond the task. A wake does not depend on
 * how many siblings there are, and the last child's end wakes the parent once. Cancelling wakes every child.
 *
 * The body of SCOPE is ordinary code of the async function: it may AWAIT, SCOPE_SPAWN, open further scopes. Whichever
 * way it is left, SCOPE_END is passed first:
 *
 *     the body ends, `break`            wait for the children
 *     ASYNC_RETURN of a value >= 0      wait for the children; then return, a child's error instead of the value
 *     ASYNC_RETURN of an errno, TRY     cancel the children, wait for them; then return; instead of -ECANCELED what had
 *                                       cancelled the scope before
 *     the function is cancelled         cancel the children, unless the scope is shielded; wait for them; FINALLY
 *     the function is dropped           drop the children: at once
 *
 * What is not interrupted is the body: a failed child, a deadline, fut_scope_cancel end the children, and an AWAIT of
 * the body goes on. What may wait for long belongs into a child. `goto` out of the body is a mistake, which a
 * FUT_CHECKED build stops at.
 *
 * Threads: everything here belongs to the executor's thread, on which all children of a scope run.
 */
#ifndef FUT_SCOPE_H
#define FUT_SCOPE_H

#include "driver.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fut_scope fut_scope_t;

/* Who failed, and how. */
typedef struct fut_scope_error {
    const fut_future_t *child; /* NULL: SCOPE_SPAWN_NEW's, whose memory is gone; fut_scope_fail's */
    int                 error;
} fut_scope_error_t;

typedef struct fut_scope_links { /* a ring of children, the scope is one of its members */
    struct fut_scope_links *prev, *next;
} fut_scope_links_t;

#ifndef __cplusplus
/* A future, ready when its children have ended. Output: 0; the first error of a child, of a spawn, or of
 * fut_scope_fail; -ETIMEDOUT; -ECANCELED. Whichever came first. The storage is the caller's, and neither moves nor goes
 * before the scope is done. Cancelling the wait cancels the children. The arguments are its options, all of which may
 * be left out. */
struct fut_scope {
    FUT_FUTURE(fut_scope, int,
        int64_t timeout;             /* nanoseconds: then -ETIMEDOUT. 0: none; less: at once. No clock: -ENOTSUP */
        bool collect;                /* an error does not cancel the siblings                                  */
        bool shield;                 /* its parent's cancellation does not reach the children; its own does    */
        fut_scope_error_t *errors;   /* the first `room` errors go here, in the order in which they come       */
        size_t room);
    /* To be read by anybody. */
    size_t live;      /* children that have not ended             */
    size_t failed;    /* errors so far, of which errors[] has the first */
    bool   cancelled; /* it is ending: children are told to end, and none is added */
    /* The scope's own. */
    bool                      left, left_cancelled; /* the body was left by a return; by a cancellation */
    fut_scope_links_t         children;
    const fut_binding_t      *inherited;
    fut_waker_t               waker; /* who waits for the end */
    const fut_waker_vtable_t *alarm; /* what the timer wakes  */
    fut_timer_t               timer;
};
FUT_DECLARE(fut_scope);
#endif

/* ---- Functions, for futures written by hand and for helpers that are handed a scope ------------------------------ */

/* Open a scope that was STARTed, if it is not open yet: children inherit the bindings of this context. They must stay
 * until the scope has ended; those of whoever polls its parent do. */
void fut_scope_open(fut_scope_t *scope, fut_context_t *cx);

/* Run a started future as a child. It belongs to the caller and stays until it is done, which it is at the latest when
 * the scope is; then its output is in it. 0. Otherwise it was dropped, its output is the error, and so is the scope's,
 * if it was the first: -ENOMEM; -ENOTSUP, this executor cannot spawn; -ECANCELED, the executor is going, or, without
 * being counted as an error, the scope is cancelled. -EINVAL: the scope has ended. `cx` is that of the poll under way,
 * of the parent, of a child, of any task on the same executor. */
int fut_scope_spawn(fut_scope_t *scope, fut_context_t *cx, fut_future_t *started);
/* The same with memory of the scope's, which is freed when the child has ended. The arguments are copied. */
int fut_scope_spawn_new(fut_scope_t *scope, fut_context_t *cx, const fut_vtable_t *vtable, const void *args);

/* End the children: each is woken, and cancelled in its next poll, but not in its first: who was spawned begins; the
 * scope ends when they have. Its output is -ECANCELED unless something came before. From the parent, a child, any other
 * task of the same executor. Idempotent; without effect before the scope is open and after its last child has ended. */
void fut_scope_cancel(fut_scope_t *scope);
/* An error of the body's, or of anybody's who has no output to put it into: counted as a child's is. */
void fut_scope_fail(fut_scope_t *scope, int error);
/* From `deadline` on the children are cancelled, and the output is -ETIMEDOUT. Replaces the deadline before, and the
 * timeout; FUT_NEVER: none. 0, -ENOTSUP (there is no clock), -EINVAL (the scope is not open). */
int fut_scope_set_deadline(fut_scope_t *scope, fut_context_t *cx, fut_instant_t deadline);

/* ---- In async functions ------------------------------------------------------------------------------------------ */

#ifndef __cplusplus

/* SCOPE(scope, options...) { body } SCOPE_END(scope);           SCOPE(self->scope, .timeout = FUT_S(2), .shield = true)
 *
 * The body is a block of its own, in which a return leads to its end first. */
/* clang-format off */
#define FUT_SCOPE(...) FUT_SCOPE_AT_(__COUNTER__, __VA_ARGS__)
#define FUT_SCOPE_AT_(c, ...)                                                                                          \
    {                                                                                                                  \
        FUT_CAT_(FUT_SCOPE_START_, FUT_DEFINE_COUNT_(__VA_ARGS__))(__VA_ARGS__);                                       \
        fut_scope_enter_(&(FUT_FIRST_(__VA_ARGS__, 0)), &self->frame, cx);                                             \
        {                                                                                                              \
            _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"")                              \
            enum { fut_return_to_ = FUT_STOP_(c) };                                                                    \
            _Pragma("GCC diagnostic pop")                                                                              \
            do
#define FUT_SCOPE_START_1(scope)      FUT_START(scope, fut_scope)
#define FUT_SCOPE_START_M(scope, ...) FUT_START(scope, fut_scope, __VA_ARGS__)

#define FUT_SCOPE_END(scope)                                                                                           \
            while (0);                                                                                                 \
            if (0) {                                                                                                   \
                case FUT_CASE_(fut_return_to_): fut_scope_leave_(&(scope), &self->frame);                              \
            }                                                                                                          \
        }                                                                                                              \
        FUT_AWAIT(scope);                                                                                              \
        if (fut_scope_was_left_(&(scope), &self->frame)) FUT_LEAVE_();                                                 \
    }                                                                                                                  \
    (void)0
/* clang-format on */

/* SCOPE_SPAWN(scope, slot, fn, arguments...): START the slot and spawn it. What goes wrong is the scope's error. */
#define FUT_SCOPE_SPAWN(scope, slot, ...)                                                                              \
    do {                                                                                                               \
        FUT_START(slot, __VA_ARGS__);                                                                                  \
        (void)fut_scope_spawn(&(scope), cx, &(slot).future);                                                           \
    } while (0)

/* SCOPE_SPAWN_NEW(scope, fn, arguments...): the same in memory of the scope's. Answers as fut_scope_spawn_new. */
#define FUT_SCOPE_SPAWN_NEW(scope, ...)                                                                                \
    FUT_CAT_(FUT_SCOPE_SPAWN_NEW_, FUT_DEFINE_COUNT_(__VA_ARGS__))(scope, __VA_ARGS__)
#define FUT_SCOPE_SPAWN_NEW_1(scope, name) fut_scope_spawn_new(&(scope), cx, &name##_vtable, NULL)
#define FUT_SCOPE_SPAWN_NEW_M(scope, name, ...)                                                                        \
    fut_scope_spawn_new(&(scope), cx, &name##_vtable,                                                                  \
                        &(struct name##_args){__VA_ARGS__} + 0 * sizeof(((name##_t *)0)->fut_takes_arguments_))

/* What the macros call: before the body; when it is left by a return or a cancellation; and at the end, where true
 * means that the function goes on leaving. */
void fut_scope_enter_(fut_scope_t *scope, fut_frame_t *parent, fut_context_t *cx);
void fut_scope_leave_(fut_scope_t *scope, const fut_frame_t *parent);
bool fut_scope_was_left_(const fut_scope_t *scope, fut_frame_t *parent);

#ifndef FUT_NO_SHORT_NAMES
#define SCOPE           FUT_SCOPE
#define SCOPE_END       FUT_SCOPE_END
#define SCOPE_SPAWN     FUT_SCOPE_SPAWN
#define SCOPE_SPAWN_NEW FUT_SCOPE_SPAWN_NEW
#endif

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif
