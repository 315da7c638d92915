/* await.h: waiting for a child.                                        layer: macros; needs: async.h
 *
 *     AWAIT(slot, fn, arguments...)   start the child in the slot and wait; then slot.output
 *     AWAIT(slot)                     wait for a child that was started (START, SPAWN)
 *     AWAIT_TRY(...)                  the same, and a negative output ends this function with that output
 *     YIELD()                         let others run
 *
 * The first poll calls the child by name, so that the compiler can inline it; a child which is ready at once costs no
 * suspension. Later polls go through the vtable.
 */
#ifndef FUT_MACROS_AWAIT_H
#define FUT_MACROS_AWAIT_H

/* The function is left inside the loop and entered again at its end:
 *
 *     first poll PENDING --> suspend --> return PENDING        (or, being dropped, go on)
 *           ...                ^
 *     entered here: poll --PENDING
 *                     '--READY--> go on, or to FINALLY where the function was cancelled meanwhile
 */
#define FUT_WAIT_(c, child, kind, first_poll, pending)                                                               \
    if ((first_poll) == FUT_PENDING) {                                                                               \
        pending;                                                                                                     \
        fut_set_point_(&self->frame, child, FUT_POINT_(c), __LINE__, fut_in_finally_);                               \
        do {                                                                                                         \
            if (fut_suspend_(&self->frame, child, kind, cx)) return FUT_PENDING;                                     \
            break;                                                                                                   \
            FUT_POINT_HERE_(c);                                                                                      \
        } while (FUT_CHECK_AWAIT_(child, cx, fut_poll_(child, cx)) == FUT_PENDING);                                  \
        if (FUT_RARELY_(self->future.flags & FUT_CANCELLING_)) FUT_FINALLY_NOW_();                                   \
    }

/* The flag stays until FINALLY is entered: what lies on the way there can tell a cancellation from a return. */
#define FUT_FINALLY_NOW_() FUT_LEAVE_()

#define FUT_AWAIT_1(c, slot)                                                                                         \
    do {                                                                                                             \
        FUT_WAIT_(c, &(slot).future, (slot).future.vtable->kind,                                                     \
                  FUT_CHECK_AWAIT_(&(slot).future, cx, fut_poll_(&(slot).future, cx)), (void)0)                      \
    } while (0)
#define FUT_CALL_(c, slot, name)                                                                                     \
    FUT_START_CALL_(slot, name);                                                                                     \
    FUT_WAIT_(c, &(slot).future, FUT_KIND_(slot), FUT_CHECK_AWAIT_(&(slot).future, cx, name##_poll(&(slot), cx)),    \
              FUT_START_PENDING_(slot, name))
#define FUT_AWAIT_2(c, slot, name)                                                                                   \
    do {                                                                                                             \
        FUT_ARGS_2(slot, name);                                                                                      \
        FUT_CALL_(c, slot, name)                                                                                     \
    } while (0)
#define FUT_AWAIT_M(c, slot, name, ...)                                                                              \
    do {                                                                                                             \
        FUT_ARGS_M(slot, name, __VA_ARGS__);                                                                         \
        FUT_CALL_(c, slot, name)                                                                                     \
    } while (0)

#define FUT_AWAIT(...)       FUT_AWAIT_AT_(__COUNTER__, __VA_ARGS__)
#define FUT_AWAIT_AT_(c, ...) FUT_CAT_(FUT_AWAIT_, FUT_COUNT_(__VA_ARGS__))(c, __VA_ARGS__)

#define FUT_FIRST_(first, ...) first
#define FUT_AWAIT_TRY(...)                                                                                           \
    do {                                                                                                             \
        FUT_AWAIT(__VA_ARGS__);                                                                                      \
        FUT_TRY((FUT_FIRST_(__VA_ARGS__, 0)).output);                                                                \
    } while (0)

#define FUT_YIELD() FUT_YIELD_AT_(__COUNTER__)
#define FUT_YIELD_AT_(c)                                                                                             \
    do {                                                                                                             \
        if (fut_yield_fast_(&self->frame, FUT_POINT_(c), __LINE__, fut_in_finally_, cx)) return FUT_PENDING;         \
        if (cx->cut != &self->frame)                                                                                 \
            return fut_yield_slow_(&self->frame, FUT_POINT_(c), __LINE__, fut_in_finally_, cx);                      \
        if (0) {                                                                                                     \
            FUT_POINT_HERE_(c);                                                                                      \
            if (FUT_RARELY_(self->future.flags & FUT_CANCELLING_)) FUT_FINALLY_NOW_();                               \
        }                                                                                                            \
    } while (0)

#endif
