/* point_goto.h: resume points as labels whose address is taken; point.h says what is what.
 *
 * The point is the distance from the label fut_origin_, 16 bits with a sign, so a poll function may be 32 KiB long in
 * either direction; a longer one stops at its first suspension. The distances hold for one copy of the code, so the
 * function must be neither inlined nor cloned.
 */
#ifndef FUT_MACROS_POINT_GOTO_H
#define FUT_MACROS_POINT_GOTO_H

#if defined(__clang__)
#define FUT_POLL_ATTRIBUTES_ __attribute__((noinline))
#else
#define FUT_POLL_ATTRIBUTES_ __attribute__((noinline, noclone))
#endif

/* START, FINALLY and DONE go through the switch, every other point through the label. */
#define FUT_POINT_SCOPE_                                                                                             \
    fut_dispatch_: __attribute__((unused));                                                                          \
    if ((uint16_t)(self->future.point + 1) > FUT_POINT_FINALLY + 1) {                                                \
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wpedantic\"")                              \
        goto *(void *)((char *)(__extension__ && fut_origin_) + (int16_t)self->future.point);                        \
        _Pragma("GCC diagnostic pop")                                                                                \
    }                                                                                                                \
    fut_origin_: __attribute__((unused));                                                                            \
    switch (self->future.point)

#define FUT_POINT_(c) \
    fut_point_distance_((char *)(__extension__ && FUT_CAT_(fut_point_, c)) - (char *)(__extension__ && fut_origin_))
#define FUT_POINT_HERE_(c) FUT_CAT_(fut_point_, c):

FUT_INLINE_ uint16_t fut_point_distance_(ptrdiff_t distance) {
    if (distance < INT16_MIN || distance > INT16_MAX)
        FUT_PANIC(__FILE__, __LINE__, "async function", "over 32 KiB of code: compile it without FUT_COMPUTED_GOTO");
    return (uint16_t)distance;
}

#endif
