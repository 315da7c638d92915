/* point.h: one resume point.                                    layer: macros; needs: arguments.h
 *
 * A function is left at a point and entered again at the same point. Two ways to do so share one ABI: future.point is a
 * small integer, and its values START, FINALLY and DONE mean the same in both.
 *
 *     point_switch.h   the default: ISO C. The point is the case label's number, counted from the function's base, so
 *                      the switch is a jump table. AWAIT cannot stand inside a switch of the user's.
 *     point_goto.h     with FUT_COMPUTED_GOTO, gcc and clang: the point is the distance of a label from the function's
 *                      first one. AWAIT may stand anywhere; a poll is not inlined into its caller.
 *
 * Each defines
 *     FUT_POINT_SCOPE_       opens the function: dispatches on the point, up to and including `switch (...)`
 *     FUT_POINT_(c)          the value to store so as to come back to point number c
 *     FUT_POINT_HERE_(c)     the label of point number c
 *     FUT_STOP_(c)           a point which is an integer constant in both, for a fut_return_to_ of one's own: where a
 *                            function stops on its way to FINALLY. Its label is `case FUT_CASE_(fut_return_to_):`
 *     FUT_POLL_ATTRIBUTES_   what a poll function must carry
 */
#ifndef FUT_MACROS_POINT_H
#define FUT_MACROS_POINT_H

/* Point p has the case label FUT_CASE_(p): dense all the same, and no number that a switch of the user's would use. So
 * an AWAIT inside one neither collides with its labels nor is jumped into. */
#define FUT_CASE_(p) ((p) + (sizeof(int) > 2 ? 0x46555400u : 0x4600u))

#if defined(FUT_COMPUTED_GOTO)
#include "point_goto.h"
#else
#include "point_switch.h"
#endif

#endif
