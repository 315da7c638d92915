/* frame.h: the struct of a future, its vtable, and how a slot is filled.      layer: macros; needs: core
 *
 *     ASYNC_FRAME(name, output type, arguments)   first line of an async function's struct name_t
 *     FUT_FUTURE(name, output type, arguments)    first line of the struct of a future written by hand
 *     FUT_DEFINE(name, .drop = ..., ...)          the vtable of a future written by hand
 *     FUT_DECLARE(name)                           for a header: the future is defined in another file
 *     START(slot, name, arguments...)             fill a slot; nothing runs before it is polled
 *
 * The arguments are declared as members, `int fd; size_t limit`, and are so both: members of the frame (self->fd) and
 * a struct of their own, `struct name_args`. The macros declare `struct name_join`, too: a task's handle with this
 * output.
 */
#ifndef FUT_MACROS_FRAME_H
#define FUT_MACROS_FRAME_H

/* T, or fut_unit_t where T is void: C has no members of type void. */
#if defined(__GNUC__)
#define FUT_OUTPUT_TYPE_(T) __typeof__(*_Generic((T *)0, void * : (fut_unit_t *)0, default : (T *)0))
#else
#define FUT_OUTPUT_TYPE_(T) T
#endif

/* Declares struct name_join beside the frame without adding a byte to it. */
#define FUT_JOIN_TYPE_(name, T)                                                                                      \
    _Static_assert(sizeof(struct name##_join {                                                                       \
                       union {                                                                                       \
                           fut_future_t future;                                                                      \
                           fut_join_t   join;                                                                        \
                       };                                                                                            \
                       FUT_OUTPUT_TYPE_(T) output;                                                                   \
                   }) != 0,                                                                                          \
                   #name)

#define FUT_MEMBERS_2_(name, T)                                                                                      \
    FUT_JOIN_TYPE_(name, T);                                                                                         \
    FUT_OUTPUT_TYPE_(T) output;                                                                                      \
    union {                                                                                                          \
        char fut_takes_no_arguments_;                                                                                \
        struct name##_args {                                                                                         \
            char fut_none_;                                                                                          \
        } args;                                                                                                      \
    }
#define FUT_MEMBERS_M_(name, T, ...)                                                                                 \
    FUT_JOIN_TYPE_(name, T);                                                                                         \
    FUT_OUTPUT_TYPE_(T) output;                                                                                      \
    union {                                                                                                          \
        struct {                                                                                                     \
            __VA_ARGS__;                                                                                             \
        };                                                                                                           \
        struct name##_args {                                                                                         \
            __VA_ARGS__;                                                                                             \
        } args;                                                                                                      \
        char fut_takes_arguments_;                                                                                   \
    }

/* fut_kind_ is never stored to: its size tells the macros, at compile time, what is in a slot. */
#define FUT_KIND_(slot) ((uint8_t)(sizeof((slot).fut_kind_) - 1))

#define FUT_ASYNC_FRAME(...)                                                                                         \
    union {                                                                                                          \
        fut_future_t future;                                                                                         \
        fut_frame_t  frame;                                                                                          \
        char         fut_kind_[1 + FUT_IS_FRAME_];                                                                   \
    };                                                                                                               \
    FUT_CAT_(FUT_CAT_(FUT_MEMBERS_, FUT_COUNT_(__VA_ARGS__)), _)(__VA_ARGS__)

#define FUT_FUTURE(...)                                                                                              \
    union {                                                                                                          \
        fut_future_t future;                                                                                         \
        char         fut_kind_[1 + FUT_BY_HAND_];                                                                    \
    };                                                                                                               \
    FUT_CAT_(FUT_CAT_(FUT_MEMBERS_, FUT_COUNT_(__VA_ARGS__)), _)(__VA_ARGS__)

/* ---- The vtable -------------------------------------------------------------------------- */

#define FUT_ERRORS_(name)                                                                                            \
    _Generic(((name##_t *)0)->output, short : FUT_SHORT_, int : FUT_INT_, long : FUT_LONG_, long long : FUT_LLONG_,  \
             default : FUT_NO_ERRORS_)

#define FUT_VTABLE_(fn, kind_)                                                                                       \
    .name = #fn, .poll = fn##_poll_erased_, .file = __FILE__, .line = __LINE__, .size = sizeof(fn##_t),              \
    .args = offsetof(fn##_t, args), .args_size = sizeof(((fn##_t *)0)->args), .output = offsetof(fn##_t, output),    \
    .output_size = sizeof(((fn##_t *)0)->output), .joined = offsetof(struct fn##_join, output),                      \
    .align = _Alignof(fn##_t), .kind = kind_, .errors = FUT_ERRORS_(fn),                                             \
    .cell = FUT_CELL_(sizeof(fn##_t), _Alignof(fn##_t))

/* Blocks of a pool begin at multiples of 16 where their size is one. */
#define FUT_CELL_(size, align) \
    ((uint8_t)((size) > 512 || (align) > 16 ? 0 : (align) > 8 ? ((size) + 15) / 16 * 2 : ((size) + 7) / 8))

/* The vtable's poll takes any future; name_poll takes this one. A cast of the function would be shorter, and
 * undefined. */
#define FUT_ERASE_(name)                                                                                             \
    static fut_poll_t name##_poll_erased_(fut_future_t *future, fut_context_t *cx) {                                 \
        return name##_poll((name##_t *)(void *)future, cx);                                                          \
    }

/* SPAWN's result, from a function because clang warns about an ignored value inside a macro only there. */
#ifdef __cplusplus
#define FUT_SPAWNED_(name)
#else
#define FUT_SPAWNED_(name)                                                                                           \
    FUT_MUST_USE FUT_INLINE_ struct name##_join name##_spawned_(fut_join_t join) {                                   \
        struct name##_join handle;                                                                                   \
        handle.join = join;                                                                                          \
        return handle;                                                                                               \
    }
#endif

/* After name_poll. Members of the vtable may follow: .drop, .cancel, .describe, .loses. */
#define FUT_DEFINE(...)                    FUT_CAT_(FUT_CAT_(FUT_DEFINE_, FUT_DEFINE_COUNT_(__VA_ARGS__)), _)(__VA_ARGS__)
#define FUT_DEFINE_COUNT_(...)             FUT_CAT_(FUT_DEFINE_COUNT_, FUT_COUNT_(__VA_ARGS__))
#define FUT_DEFINE_COUNT_1                 1
#define FUT_DEFINE_COUNT_2                 M
#define FUT_DEFINE_COUNT_M                 M
#define FUT_DEFINE_1_(name) FUT_SPAWNED_(name) FUT_DEFINE_AS_(static, name, FUT_VTABLE_(name, FUT_BY_HAND_))
#define FUT_DEFINE_M_(name, ...) \
    FUT_SPAWNED_(name) FUT_DEFINE_AS_(static, name, FUT_VTABLE_(name, FUT_BY_HAND_), __VA_ARGS__)
#define FUT_DEFINE_AS_(linkage, name, ...)                                                                           \
    FUT_ERASE_(name)                                                                                                 \
    linkage const fut_vtable_t name##_vtable = {__VA_ARGS__}

/* For headers; the file that defines it uses FUT_DEFINE_DECLARED, for async functions ASYNC_DEFINE. */
#define FUT_DECLARE(name)                                                                                            \
    FUT_SPAWNED_(name)                                                                                               \
    extern const fut_vtable_t name##_vtable;                                                                         \
    fut_poll_t                name##_poll(name##_t *self, fut_context_t *cx)
#define FUT_DEFINE_DECLARED(...) \
    FUT_CAT_(FUT_CAT_(FUT_DEFINE_DECLARED_, FUT_DEFINE_COUNT_(__VA_ARGS__)), _)(__VA_ARGS__)
#define FUT_DEFINE_DECLARED_1_(name)       FUT_DEFINE_AS_(, name, FUT_VTABLE_(name, FUT_BY_HAND_))
#define FUT_DEFINE_DECLARED_M_(name, ...)  FUT_DEFINE_AS_(, name, FUT_VTABLE_(name, FUT_BY_HAND_), __VA_ARGS__)

/* ---- START ------------------------------------------------------------------------------- */

#define FUT_SLOT_IS_(slot, name) \
    _Static_assert(_Generic(&(slot), name##_t * : 1, default : 0), "the slot `" #slot "` is not a " #name "_t")

/* The arguments: checked, and assigned in place. A frame with a buffer of 4 KiB costs nothing to call. */
#define FUT_ARGS_2(slot, name)                                                                                       \
    FUT_SLOT_IS_(slot, name);                                                                                        \
    FUT_CHECK_START_(slot);                                                                                          \
    (void)((slot).args = (struct name##_args){0})
#define FUT_ARGS_M(slot, name, ...)                                                                                  \
    FUT_SLOT_IS_(slot, name);                                                                                        \
    FUT_CHECK_START_(slot);                                                                                          \
    (void)sizeof(((name##_t *)0)->fut_takes_arguments_);                                                             \
    (void)((slot).args = (struct name##_args){__VA_ARGS__})

#define FUT_START_HEADER_(slot, name)                                                                                \
    ((slot).future.vtable = &name##_vtable, (slot).future.line = 0, (slot).future.point = FUT_POINT_START,           \
     (slot).future.flags = 0)

#define FUT_START(...) FUT_CAT_(FUT_START_, FUT_COUNT_(__VA_ARGS__))(__VA_ARGS__)
/* Nothing here reads the slot, so gcc can tell a local that is started and then forgotten. A slot of another type is
 * refused in the assignment of its arguments. */
#define FUT_START_2(slot, name)                                                                                      \
    do {                                                                                                             \
        FUT_CHECK_START_(slot);                                                                                      \
        (slot).args = (struct name##_args){0};                                                                       \
        FUT_START_HEADER_(slot, name);                                                                               \
    } while (0)
#define FUT_START_M(slot, name, ...)                                                                                 \
    do {                                                                                                             \
        FUT_CHECK_START_(slot);                                                                                      \
        (void)sizeof(((name##_t *)0)->fut_takes_arguments_);                                                         \
        (slot).args = (struct name##_args){__VA_ARGS__};                                                             \
        FUT_START_HEADER_(slot, name);                                                                               \
    } while (0)

/* AWAIT polls an async function by its name, at once; so the vtable can wait until it is PENDING, and line and flags
 * are written when it suspends. A child that is ready at once then costs its arguments, its output, and its `point`. */
#if defined(FUT_CHECKED)
#define FUT_START_CALL_(slot, name)    ((void)FUT_START_HEADER_(slot, name))
#define FUT_START_PENDING_(slot, name) ((void)0)
#else
#define FUT_START_CALL_(slot, name)                                                                                  \
    (FUT_KIND_(slot) == FUT_IS_FRAME_ ? (void)((slot).future.point = FUT_POINT_START)                                \
                                      : (void)FUT_START_HEADER_(slot, name))
#define FUT_START_PENDING_(slot, name) ((void)((slot).future.vtable = &name##_vtable))
#endif

#endif
