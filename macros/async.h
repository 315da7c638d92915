/* async.h: a function that can be left and entered again.          layer: macros; needs: frame.h, point.h
 *
 *     ASYNC(name) {            fut_poll_t name_poll(name_t *self, fut_context_t *cx)
 *         ASYNC_BEGIN();
 *         ...                  AWAIT, AWAIT_TRY, TRY, YIELD, ASYNC_RETURN(output)
 *         ASYNC_FINALLY();     optional; on return, on error and on cancellation
 *         ...                  may AWAIT
 *         ASYNC_END();
 *     }
 *
 * The price: a local of C does not survive an AWAIT; put it into the frame. With gcc, a local that is initialised and
 * then crosses an AWAIT is an error; docs/async-functions.md lists the flags that find the others.
 *
 * ASYNC is static. Where other files await the function, its header says ASYNC_DECLARE(name) and its file
 * ASYNC_DEFINE(name) { ... }. ASYNC_FORWARD(name) announces a static one, for two that await each other.
 */
#ifndef FUT_MACROS_ASYNC_H
#define FUT_MACROS_ASYNC_H

/* Inside an async function these mistakes are errors, whatever flags the user chose. */
#if defined(__clang__)
#define FUT_STRICT_                                                                                                  \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic error \"-Wincompatible-pointer-types\"")              \
    _Pragma("clang diagnostic error \"-Wint-conversion\"")                                                           \
    _Pragma("clang diagnostic error \"-Wexcess-initializers\"")                                                      \
    _Pragma("clang diagnostic warning \"-Wconditional-uninitialized\"")
#define FUT_STRICT_END_ _Pragma("clang diagnostic pop")
#elif defined(__GNUC__)
#define FUT_STRICT_                                                                                                  \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic error \"-Wjump-misses-init\"")                            \
    _Pragma("GCC diagnostic error \"-Wincompatible-pointer-types\"")                                                 \
    _Pragma("GCC diagnostic error \"-Wint-conversion\"")
#define FUT_STRICT_END_ _Pragma("GCC diagnostic pop")
#else
#define FUT_STRICT_
#define FUT_STRICT_END_
#endif

/* A call that must not remain after optimisation, not even at -O0: nothing reaches the end of the switch but a stray
 * break. */
#if defined(__has_attribute)
#if __has_attribute(error)
__attribute__((noreturn, error("a `break` of yours left the async function: it stands in no loop and no switch"))) void
fut_stray_break_(void);
#define FUT_STRAY_BREAK_ fut_stray_break_()
#endif
#endif
#ifndef FUT_STRAY_BREAK_
#define FUT_STRAY_BREAK_                                                                                             \
    FUT_PANIC(self->future.vtable->file, fut_line(&self->future), self->future.vtable->name, "stray break")
#endif

#define FUT_FRAME_VTABLE_(name) FUT_VTABLE_(name, FUT_IS_FRAME_), .drop = fut_frame_drop_, .cancel = fut_frame_cancel_

/* The user's opening brace opens the switch: a local declared before ASYNC_BEGIN is jumped over, which gcc refuses.
 * ASYNC_END closes the switch, the user's closing brace the function. */
#define FUT_ASYNC_AS_(linkage, inlining, name)                                                                       \
    linkage FUT_POLL_ATTRIBUTES_ fut_poll_t name##_poll(name##_t *self, fut_context_t *cx);                          \
    FUT_ERASE_(name)                                                                                                 \
    linkage __attribute__((unused)) const fut_vtable_t name##_vtable = {FUT_FRAME_VTABLE_(name)};                    \
    FUT_STRICT_                                                                                                      \
    linkage inlining fut_poll_t name##_poll(name##_t *self, fut_context_t *cx) {                                     \
        (void)cx;                                                                                                    \
        FUT_POINT_SCOPE_

#if defined(FUT_COMPUTED_GOTO)
#define FUT_ASYNC(name) FUT_SPAWNED_(name) FUT_ASYNC_AS_(static, __attribute__((unused)), name)
#else
#define FUT_ASYNC(name) FUT_SPAWNED_(name) FUT_ASYNC_AS_(static, inline __attribute__((unused)), name)
#endif
#define FUT_ASYNC_DECLARE(name) FUT_DECLARE(name)
#define FUT_ASYNC_DEFINE(name)  FUT_ASYNC_AS_(, , name)
#define FUT_ASYNC_FORWARD(name)                                                                                      \
    FUT_MUST_USE FUT_INLINE_ struct name##_join name##_spawned_(fut_join_t join);                                    \
    static const fut_vtable_t name##_vtable;                                                                         \
    static fut_poll_t         name##_poll(name##_t *self, fut_context_t *cx)

/* Two blocks, one after the other: the body, and what comes after FINALLY. In each, fut_return_to_ says where a
 * return goes: from the body to FINALLY, from there to the end; fut_in_finally_, whether an await may be cancelled.
 * The labels give a forgotten macro a readable error. */
#define FUT_ASYNC_BEGIN()                                                                                            \
    case FUT_CASE_(FUT_POINT_START): {                                                                               \
        enum { fut_return_to_ = FUT_POINT_FINALLY, fut_in_finally_ = 0 };                                            \
        if (0) {                                                                                                     \
            FUT_ASYNC_BEGIN_is_missing: goto FUT_ASYNC_END_is_missing;                                               \
        }

#define FUT_ASYNC_FINALLY()                                                                                          \
    }                                                                                                                \
    if (0) {                                                                                                         \
    case FUT_CASE_(FUT_POINT_FINALLY):;                                                                              \
    }                                                                                                                \
    {                                                                                                                \
        enum { fut_return_to_ = FUT_POINT_DONE, fut_in_finally_ = 1 };                                               \
        self->future.flags = FUT_FINALIZING_;

/* `default` takes what has no label: DONE; FINALLY, where the function has none; and the lost points. */
#define FUT_ASYNC_END()                                                                                              \
    }                                                                                                                \
    if (0) {                                                                                                         \
        goto FUT_ASYNC_BEGIN_is_missing;                                                                             \
    default:                                                                                                         \
        if (self->future.point != FUT_POINT_FINALLY && self->future.point != FUT_POINT_DONE)                         \
            fut_lost_point_(&self->future);                                                                          \
    }                                                                                                                \
    FUT_ASYNC_END_is_missing: __attribute__((unused));                                                               \
    self->future.point = FUT_POINT_DONE;                                                                             \
    return FUT_READY;                                                                                                \
    }                                                                                                                \
    FUT_STRAY_BREAK_;                                                                                                \
    FUT_STRICT_END_

#define FUT_LEAVE_()                                                                                                 \
    do {                                                                                                             \
        self->future.point = fut_return_to_;                                                                         \
        goto fut_dispatch_;                                                                                          \
    } while (0)

/* ASYNC_RETURN() where the output is void. Inside FINALLY it sets the output and ends. */
#define FUT_ASYNC_RETURN(...) FUT_CAT_(FUT_ASYNC_RETURN_, FUT_IS_EMPTY_(__VA_ARGS__))(__VA_ARGS__)
#define FUT_ASYNC_RETURN_0(...)                                                                                      \
    do {                                                                                                             \
        self->output = (__VA_ARGS__);                                                                                \
        FUT_LEAVE_();                                                                                                \
    } while (0)
#define FUT_ASYNC_RETURN_1(...)                                                                                      \
    do {                                                                                                             \
        self->output = (fut_unit_t){0};                                                                              \
        FUT_LEAVE_();                                                                                                \
    } while (0)

/* As `?` in Rust: a negative value ends the function with that value. TRY(n = read(...)) keeps the others. */
#define FUT_TRY(...)                                                                                                 \
    do {                                                                                                             \
        const intmax_t fut_try_ = (__VA_ARGS__);                                                                     \
        if (fut_try_ < 0) {                                                                                          \
            self->output = (__typeof__(self->output))fut_try_;                                                       \
            FUT_LEAVE_();                                                                                            \
        }                                                                                                            \
    } while (0)

#endif
