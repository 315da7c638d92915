/* wheel.c: see wheel.h. */
#include "wheel.h"

#include <string.h>

/* The head of a slot's list, dressed up as a timer of which only prev and next exist. */
static fut_timer_t *head(fut__slot_t *slot) {
    return (fut_timer_t *)(void *)((char *)slot - offsetof(fut_timer_t, prev));
}

static bool is_empty(fut__slot_t *slot) { return slot->next == head(slot); }

static void clear(fut__slot_t *slot) { slot->next = slot->prev = head(slot); }

enum { LEVEL = 1 << FUT__BITS_OF_LEVEL }; /* slots of one level */

/* Where a deadline lies, as seen from the present base: the highest byte in which they differ, and what it is. */
static unsigned index_of(const fut__wheel_t *wheel, fut_instant_t deadline) {
    const uint64_t different = (deadline ^ wheel->base) | 1;
    const unsigned shift     = (unsigned)(63 ^ __builtin_clzll(different)) & ~7u;
    return shift / FUT__BITS_OF_LEVEL * LEVEL + (unsigned)(deadline >> shift) % LEVEL;
}

/* The first instant of a slot: base's bytes above the level, the slot's own, zeros. */
static fut_instant_t slot_start(const fut__wheel_t *wheel, unsigned index) {
    const unsigned      shift = index / LEVEL * FUT__BITS_OF_LEVEL, above = shift + FUT__BITS_OF_LEVEL;
    const fut_instant_t bytes = above < 64 ? wheel->base >> above << above : 0;
    return bytes | (fut_instant_t)(index % LEVEL) << shift;
}

/* The first slot that holds anything, which is the one due next; or NONE. Empty ones lose their bit here. */
enum { NONE = FUT__SLOTS };
static unsigned first_slot(fut__wheel_t *wheel) {
    while (wheel->words) {
        const unsigned word = (unsigned)__builtin_ctz(wheel->words);
        while (wheel->occupied[word]) {
            const unsigned index = word * FUT__WORD + (unsigned)__builtin_ctzll(wheel->occupied[word]);
            if (!is_empty(&wheel->slots[index])) return index;
            wheel->occupied[word] &= wheel->occupied[word] - 1;
        }
        wheel->words &= wheel->words - 1;
    }
    return NONE;
}

void fut__wheel_init(fut__wheel_t *wheel, fut_instant_t now) {
    wheel->base  = now;
    wheel->words = 0;
    memset(wheel->occupied, 0, sizeof wheel->occupied);
}

/* It has no bit: it is empty, or was never used. */
static void begin_slot(fut__wheel_t *wheel, unsigned index) {
    fut__slot_t *slot = &wheel->slots[index];
    clear(slot);
    slot->earliest = FUT_NEVER;
    wheel->occupied[index / FUT__WORD] |= (uint64_t)1 << index % FUT__WORD;
    wheel->words |= (uint32_t)1 << index / FUT__WORD;
}

/* A slot that was emptied keeps its minimum as long as its bit: to ask whether it is empty would be a branch that nobody can
 * foresee. */
static inline void insert(fut__wheel_t *wheel, fut_timer_t *timer) {
    const unsigned index = index_of(wheel, timer->deadline);
    fut__slot_t   *slot  = &wheel->slots[index];
    fut_timer_t   *last;
    if (!(wheel->occupied[index / FUT__WORD] >> index % FUT__WORD & 1)) begin_slot(wheel, index);
    slot->earliest = timer->deadline < slot->earliest ? timer->deadline : slot->earliest;
    last           = slot->prev;
    timer->next    = head(slot);
    timer->prev    = last;
    last->next     = timer;
    slot->prev     = timer;
}

void fut__wheel_insert(fut__wheel_t *wheel, fut_timer_t *timer) {
    if (timer->deadline < wheel->base) timer->deadline = wheel->base;
    insert(wheel, timer);
}

fut_instant_t fut__wheel_next(fut__wheel_t *wheel) {
    const unsigned index = first_slot(wheel);
    return index == NONE ? FUT_NEVER : wheel->slots[index].earliest;
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
        insert(wheel, front);
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
        insert(wheel, stack);
    }
}

void fut__wheel_advance(fut__wheel_t *wheel, fut_instant_t now) {
    for (unsigned index; (index = first_slot(wheel)) != NONE;) {
        fut__slot_t        *slot  = &wheel->slots[index];
        const fut_instant_t start = slot_start(wheel, index);
        const bool          alone = slot->next == slot->prev && slot->next->deadline <= now;
        if (start > now) break;
        if (start > wheel->base && !alone) wheel->base = start;
        if (index < LEVEL || alone)
            fire(slot->next); /* alone: no need to sort it down first */
        else
            cascade(wheel, slot);
    }
    if (now > wheel->base) wheel->base = now;
}

_Static_assert(FUT__LEVELS *FUT__BITS_OF_LEVEL == 64 && FUT__SLOTS / FUT__WORD <= 32,
               "bytes of an instant; bits of `words`");
_Static_assert(offsetof(fut__slot_t, next) - offsetof(fut__slot_t, prev) ==
                   offsetof(fut_timer_t, next) - offsetof(fut_timer_t, prev),
               "a slot looks like the links of a timer");
