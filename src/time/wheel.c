/* wheel.c: see wheel.h. */
#include "wheel.h"

#include <string.h>

/* The head of a slot's list, dressed up as a timer of which only prev and next exist. */
static fut_timer_t *head(fut__slot_t *slot) {
    return (fut_timer_t *)(void *)((char *)slot - offsetof(fut_timer_t, prev));
}

static bool is_empty(fut__slot_t *slot) { return slot->next == head(slot); }

static void clear(fut__slot_t *slot) { slot->next = slot->prev = head(slot); }

/* Where a deadline lies, as seen from the present base. */
static unsigned level_of(const fut__wheel_t *wheel, fut_instant_t deadline) {
    uint64_t different = (deadline ^ wheel->base) | 1;
    return (unsigned)(63 ^ __builtin_clzll(different)) / FUT__DIGIT;
}

static unsigned digit(fut_instant_t instant, unsigned level) {
    return (unsigned)(instant >> (level * FUT__DIGIT)) % FUT__SLOTS;
}

/* The first instant of a slot: base's digits above the level, the slot's own, zeros. */
static fut_instant_t slot_start(const fut__wheel_t *wheel, int level, int index) {
    int           shift = level * FUT__DIGIT;
    fut_instant_t above = shift + FUT__DIGIT < 64 ? wheel->base >> (shift + FUT__DIGIT) << (shift + FUT__DIGIT) : 0;
    return above | (fut_instant_t)index << shift;
}

/* The first slot that holds anything: the one due next. False: there is none. Emptied ones lose their bit here. */
static bool first_slot(fut__wheel_t *wheel, int *level, int *index) {
    for (*level = 0; *level < FUT__LEVELS; ++*level) {
        while (wheel->occupied[*level]) {
            *index = __builtin_ctzll(wheel->occupied[*level]);
            if (!is_empty(&wheel->slots[*level][*index])) return true;
            wheel->occupied[*level] &= wheel->occupied[*level] - 1;
        }
    }
    return false;
}

void fut__wheel_init(fut__wheel_t *wheel, fut_instant_t now) {
    memset(wheel, 0, sizeof *wheel);
    wheel->base = now;
    for (int level = 0; level < FUT__LEVELS; level++)
        for (int index = 0; index < FUT__SLOTS; index++) clear(&wheel->slots[level][index]);
}

void fut__wheel_insert(fut__wheel_t *wheel, fut_timer_t *timer) {
    fut_timer_t *last;
    fut__slot_t *slot;
    unsigned     level, index;
    if (timer->deadline < wheel->base) timer->deadline = wheel->base;
    level = level_of(wheel, timer->deadline);
    index = digit(timer->deadline, level);
    slot  = &wheel->slots[level][index];
    last  = slot->prev;
    if (last == head(slot) || timer->deadline < slot->earliest) slot->earliest = timer->deadline;
    timer->next = head(slot);
    timer->prev = last;
    last->next  = timer;
    slot->prev  = timer;
    wheel->occupied[level] |= (uint64_t)1 << index;
}

fut_instant_t fut__wheel_next(fut__wheel_t *wheel) {
    int level, index;
    return first_slot(wheel, &level, &index) ? wheel->slots[level][index].earliest : FUT_NEVER;
}

/* What was read before the wake stays true after it: nothing. So the caller looks again from the start. */
static void fire(fut_timer_t *timer) {
    fut_timer_unlink(timer);
    timer->future.point = FUT_POINT_FIRED;
    fut_wake(fut_timer_waker(timer));
}

/* Time has entered the slot: what is in it goes to the levels below, in its order. The timers lie anywhere in
 * memory, and waiting for them is nearly all that this costs. So the list is walked from both ends, where two can
 * be fetched at a time; what comes from the far end is stacked and inserted afterwards, when it is in the cache. */
static void cascade(fut__wheel_t *wheel, fut__slot_t *slot) {
    fut_timer_t *front = slot->next, *back = slot->prev, *stack = NULL, *next;
    clear(slot);
    for (;;) {
        bool met = front == back, neighbours = front->next == back;
        next = front->next;
        __builtin_prefetch(next);
        fut__wheel_insert(wheel, front);
        if (met) break;
        front      = next;
        next       = back->prev;
        back->next = stack;
        stack      = back;
        back       = next;
        if (neighbours) break;
        __builtin_prefetch(back);
    }
    for (; stack; stack = next) {
        next = stack->next;
        fut__wheel_insert(wheel, stack);
    }
}

void fut__wheel_advance(fut__wheel_t *wheel, fut_instant_t now) {
    for (int level, index; first_slot(wheel, &level, &index);) {
        fut__slot_t  *slot  = &wheel->slots[level][index];
        fut_instant_t start = slot_start(wheel, level, index);
        bool          alone = slot->next == slot->prev;
        if (start > now) break;
        if (start > wheel->base && !(alone && slot->next->deadline <= now)) wheel->base = start;
        if (level == 0 || (alone && slot->next->deadline <= now))
            fire(slot->next); /* alone: no need to sort it down first */
        else
            cascade(wheel, slot);
    }
    if (now > wheel->base) wheel->base = now;
}

_Static_assert(offsetof(fut__slot_t, next) - offsetof(fut__slot_t, prev) ==
                   offsetof(fut_timer_t, next) - offsetof(fut_timer_t, prev),
               "a slot looks like the links of a timer");
