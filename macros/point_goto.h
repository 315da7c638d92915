/* point_goto.h: resume points as labels whose address is taken; point.h says what is what.
 *
 * The point is the distance from the label fut_origin_, moved up so that it is never negative and never looks like START,
 * FINALLY or DONE: 15 bits of it are in future.point, 8 more above the line. So a poll function may be 4 MiB long in
 * either direction; where pointers have 4 bytes there is no room for the 8 bits, and it is 16 KiB. A longer one stops at
 * its first suspension. The distances hold for one copy of the code, so the function is neither inlined nor cloned.
 */
#ifndef FUT_MACROS_POINT_GOTO_H
#define FUT_MACROS_POINT_GOTO_H

#if defined(__clang__)
#define FUT_POLL_ATTRIBUTES_ __attribute__((noinline))
#else
#define FUT_POLL_ATTRIBUTES_ __attribute__((noinline, noclone))
#endif

#if UINTPTR_MAX > 0xffffffffu
enum { FUT_POINT_BITS_ = 23 };
#else
enum { FUT_POINT_BITS_ = 15 };
#endif
enum { FUT_POINT_BIAS_ = 1 << (FUT_POINT_BITS_ - 1), FUT_POINT_FIRST_ = 2 };

FUT_INLINE_ uint32_t fut_point_of_(ptrdiff_t distance) {
    uint32_t place = (uint32_t)(distance + FUT_POINT_BIAS_);
    if (distance < -FUT_POINT_BIAS_ || distance >= FUT_POINT_BIAS_)
        FUT_PANIC(__FILE__, __LINE__, "async function", "too long for FUT_COMPUTED_GOTO: compile it without");
    return (place >> 15) << 16 | ((place & 0x7fffu) + FUT_POINT_FIRST_);
}

FUT_INLINE_ ptrdiff_t fut_distance_of_(const fut_future_t *future) {
    uint32_t place = (uint32_t)future->point - FUT_POINT_FIRST_;
#if UINTPTR_MAX > 0xffffffffu
    place |= future->line >> 24 << 15;
#endif
    return (ptrdiff_t)place - FUT_POINT_BIAS_;
}

/* START, FINALLY and DONE go through the switch, and so do the stops, which are numbers from FUT_STOPS_ on; every other
 * point goes through the label. */
enum { FUT_STOPS_ = FUT_POINT_FIRST_ + 0x8000 };
#define FUT_POINT_SCOPE_                                                                                             \
    enum { fut_base_ = __COUNTER__ };                                                                                \
    fut_dispatch_: __attribute__((unused));                                                                          \
    if ((uint16_t)(self->future.point - FUT_POINT_FIRST_) < FUT_STOPS_ - FUT_POINT_FIRST_) {                         \
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wpedantic\"")                              \
        goto *(void *)((char *)(__extension__ && fut_origin_) + fut_distance_of_(&self->future));                    \
        _Pragma("GCC diagnostic pop")                                                                                \
    }                                                                                                                \
    fut_origin_: __attribute__((unused));                                                                            \
    switch (FUT_CASE_(self->future.point))

#define FUT_POINT_(c) \
    fut_point_of_((char *)(__extension__ && FUT_CAT_(fut_point_, c)) - (char *)(__extension__ && fut_origin_))
#define FUT_POINT_HERE_(c) FUT_CAT_(fut_point_, c):

#define FUT_STOP_(c) ((c)-fut_base_ - 1 + FUT_STOPS_)

#endif
