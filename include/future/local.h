/* local.h: values that belong to a task, or to a part of it.                 layer: cancel; needs: core
 *
 *     FUT_TASK_LOCAL(int, request_id);                                  // at file scope: a key, its type, and a future
 *
 *     WITH_LOCAL(self->with, request_id, 42, (self->serve, serve, fd)); // in `serve`, and below, it is 42
 *     printf("request %d\n", FUT_LOCAL_OR(cx, request_id, 0));          // far below, in any poll
 *     const int *id = FUT_LOCAL(cx, request_id);                        // NULL: nobody above has set it
 *
 * What a function needs is an argument. A task-local is for what it passes on without looking at: a request's number
 * for the log, a span of a trace, whom to charge. It is set for the whole life of a child, its FINALLY included, and
 * again by another one inside, which hides it; it cannot be changed. Where something has to change, make it a
 * pointer.
 *
 * Inherited: by whatever is awaited, at any depth, through groups and combinators; by the children of sets and
 * groups; by the children of a scope, which see what was set where the scope was opened. Not inherited: by tasks that
 * are spawned with SPAWN or fut_context_spawn, which may outlive the value; hand it over as an argument, and set it
 * again there. In the FINALLY of a hard drop nothing is set: that has a context of its own.
 *
 * The price (64 bits): 72 bytes and the value; reading is a search along the values set above, innermost first. No
 * thread-local: two executors in one thread, and one task on two threads, are all the same.
 *
 * (After task_local! of tokio, and context.WithValue of Go.)
 */
#ifndef FUT_LOCAL_H
#define FUT_LOCAL_H

#include "group.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What all of them have in common, whatever the type. */
typedef struct fut_local {
    fut_strand_t  strand;
    fut_binding_t binding;
} fut_local_t;
/* Poll the child with the value bound to the key. Its end is the future's; `*output` is 0 or the child's error. */
fut_poll_t fut_local_poll_(fut_future_t *future, fut_local_t *local, fut_future_t *child, void *value, int *output,
                           fut_context_t *cx);
void       fut_local_describe_(fut_note_t *note, const fut_future_t *child);

#ifndef __cplusplus

/* FUT_TASK_LOCAL(type, name) for one file. For several: FUT_TASK_LOCAL_DECLARE(type, name) in a header, and
 * FUT_TASK_LOCAL_DEFINE(type, name) in one file.
 *
 * name_t is a future as any other, AWAIT(self->with, name, &self->child.future, value): it awaits the started child,
 * which belongs to the caller and outlives the wait. Output: 0; the child's output where that is a negative errno;
 * -ECANCELED. Dropping and cancelling it do the same to the child. Executor's thread. */
/* clang-format off */
#define FUT_TASK_LOCAL_FRAME_(T, name)                                                                                 \
    typedef struct name {                                                                                              \
        FUT_FUTURE(name, int, fut_future_t *child; T value);                                                           \
        fut_local_t local;                                                                                             \
    } name##_t
#define FUT_TASK_LOCAL_READ_(T, name)                                                                                  \
    FUT_INLINE_ T const *name##_get_(const fut_context_t *cx) {                                                        \
        return (T const *)fut_context_get(cx, &name##_vtable);                                                         \
    }                                                                                                                  \
    FUT_INLINE_ T name##_or_(const fut_context_t *cx, T otherwise) {                                                   \
        T const *value = name##_get_(cx);                                                                              \
        return value ? *value : otherwise;                                                                             \
    }
#define FUT_TASK_LOCAL_BODY_(name)                                                                                     \
    static void name##_drop_(fut_future_t *future) { fut_drop(((name##_t *)(void *)future)->child); }                  \
    static void name##_cancel_(fut_future_t *future) {                                                                 \
        if (future->point == FUT_POINT_START)                                                                          \
            fut_drop(future);                                                                                          \
        else                                                                                                           \
            fut_cancel(((name##_t *)(void *)future)->child);                                                           \
    }                                                                                                                  \
    static void name##_describe_(const fut_future_t *future, fut_note_t *note) {                                       \
        fut_local_describe_(note, ((const name##_t *)(const void *)future)->child);                                    \
    }
#define FUT_TASK_LOCAL_POLL_(name)                                                                                     \
    fut_poll_t name##_poll(name##_t *self, fut_context_t *cx) {                                                        \
        return fut_local_poll_(&self->future, &self->local, self->child, &self->value, &self->output, cx);             \
    }
#define FUT_TASK_LOCAL_VTABLE_(name) .drop = name##_drop_, .cancel = name##_cancel_, .describe = name##_describe_

#define FUT_TASK_LOCAL_DECLARE(T, name)                                                                                \
    FUT_TASK_LOCAL_FRAME_(T, name);                                                                                    \
    FUT_DECLARE(name);                                                                                                 \
    FUT_TASK_LOCAL_READ_(T, name)                                                                                      \
    struct fut_semicolon_
#define FUT_TASK_LOCAL_DEFINE(T, name)                                                                                 \
    FUT_TASK_LOCAL_BODY_(name)                                                                                         \
    FUT_TASK_LOCAL_POLL_(name)                                                                                         \
    FUT_DEFINE_DECLARED(name, FUT_TASK_LOCAL_VTABLE_(name))
#define FUT_TASK_LOCAL(T, name)                                                                                        \
    FUT_TASK_LOCAL_FRAME_(T, name);                                                                                    \
    FUT_TASK_LOCAL_BODY_(name)                                                                                         \
    FUT_INLINE_ FUT_TASK_LOCAL_POLL_(name)                                                                             \
    FUT_DEFINE(name, FUT_TASK_LOCAL_VTABLE_(name));                                                                    \
    FUT_TASK_LOCAL_READ_(T, name)                                                                                      \
    struct fut_semicolon_

/* FUT_LOCAL(cx, name): the value set by the nearest above, a pointer to const which is good for this poll; or NULL.
 * FUT_LOCAL_OR(cx, name, otherwise): the value itself, or `otherwise`. From within any poll. */
#define FUT_LOCAL(cx, name)               name##_get_(cx)
#define FUT_LOCAL_OR(cx, name, otherwise) name##_or_(cx, otherwise)

/* WITH_LOCAL(slot, name, value, child): the child is a started slot, or (slot, fn, arguments...). */
#define FUT_WITH_LOCAL(slot, name, value, child) FUT_WITH_LOCAL_AT_(__COUNTER__, slot, name, value, child)
#define FUT_WITH_LOCAL_AT_(c, slot, name, value, child)                                                                \
    do {                                                                                                               \
        FUT_CHILD_START_(slot, child)                                                                                  \
        FUT_AWAIT_M(c, slot, name, &(FUT_SLOT_(child)).future, value);                                                 \
    } while (0)
/* clang-format on */

#ifndef FUT_NO_SHORT_NAMES
#define WITH_LOCAL FUT_WITH_LOCAL
#endif
#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif
