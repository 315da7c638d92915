/* point_switch.h: resume points as case labels; point.h says what is what. */
#ifndef FUT_MACROS_POINT_SWITCH_H
#define FUT_MACROS_POINT_SWITCH_H

#define FUT_POLL_ATTRIBUTES_

/* __COUNTER__ counts through the whole file; minus the function's first value the points are dense: 2, 3, 4, ... */
#define FUT_POINT_SCOPE_                                                                                             \
    enum { fut_base_ = __COUNTER__ };                                                                                \
    fut_dispatch_: __attribute__((unused));                                                                          \
    switch (FUT_CASE_(self->future.point))

#define FUT_POINT_(c)      ((c)-fut_base_ + 1)
#define FUT_POINT_HERE_(c) case FUT_CASE_(FUT_POINT_(c)):

#define FUT_STOP_(c) FUT_POINT_(c)

#endif
