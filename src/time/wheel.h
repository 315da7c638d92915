/* wheel.h: timers in the order of their deadlines, O(1) each.                                  layer: time
 *
 * A hierarchical timing wheel (G. Varghese, T. Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987) whose
 * lowest level has slots of one nanosecond, so that nothing is rounded. Eight levels of 256 slots cover 64 bits: a level
 * for each byte of an instant. A timer lies on the level of the highest byte in which its deadline differs from the
 * wheel's present `base`:
 *
 *     base      ...  2  17  40  03         deadline 2 17 40 09   level 0, slot 9    exact
 *                                          deadline 2 17 52 33   level 1, slot 52
 *                                          deadline 3 00 00 00   level 3, slot 3
 *
 * On a level, all timers lie in slots above base's own byte, and a lower level is always due before a higher one.
 * When time enters a slot of level n, its timers move to the levels below; each moves at most seven times, most of them
 * never, because they are cancelled before. Timers with equal deadlines share a slot at any moment and keep their
 * order.
 *
 * A slot is a circular list with a head, so a timer unlinks itself without knowing the wheel. The wheel notices
 * later: a slot whose bit is set may be empty. One whose bit is not set has never been written, or not since: so a new wheel
 * is a few hundred bytes to clear, and of its 48 KiB only the pages that are used are ever touched.
 *
 * The earliest deadline, which the kernel is told, is known without a search: each slot keeps the minimum of what was
 * put into it. After a cancellation it may be too early, which costs one park that ends for nothing; it is never past, since
 * time that comes to a slot empties it.
 */
#ifndef FUT_SRC_WHEEL_H
#define FUT_SRC_WHEEL_H

#include "future/driver.h"

enum { FUT__LEVELS = 8, FUT__BITS_OF_LEVEL = 8, FUT__SLOTS = FUT__LEVELS << FUT__BITS_OF_LEVEL, FUT__WORD = 64 };

typedef struct fut__slot {
    fut_timer_t  *prev, *next; /* newest, oldest; in this order: see `head` in wheel.c */
    fut_instant_t earliest;    /* at most the least deadline in it      */
} fut__slot_t;

typedef struct fut__wheel {
    fut_instant_t base;                             /* everything up to here has fired             */
    uint32_t      words;                            /* a bit for each word of `occupied` but 0     */
    uint64_t      occupied[FUT__SLOTS / FUT__WORD]; /* a bit for each slot that may hold any       */
    fut__slot_t   slots[FUT__SLOTS];                /* level by level; undefined without their bit */
} fut__wheel_t;

void          fut__wheel_init(fut__wheel_t *wheel, fut_instant_t now);
void          fut__wheel_insert(fut__wheel_t *wheel, fut_timer_t *timer); /* a deadline that is past becomes `base` */
fut_instant_t fut__wheel_next(fut__wheel_t *wheel); /* when to call advance; FUT_NEVER where it is empty */
/* Fire what is due at `now`: unlink, mark, wake. A wake may insert and unlink timers. */
void fut__wheel_advance(fut__wheel_t *wheel, fut_instant_t now);

#endif
