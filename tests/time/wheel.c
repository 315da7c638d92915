/* The timer wheel against a model: a list sorted by deadline, equal ones by the order of insertion. */
#include "../../src/time/wheel.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "future/test.h"

enum { TIMERS = 10000 };

static fut__wheel_t wheel;
static fut_timer_t  timers[TIMERS];

/* What the model knows of a timer. */
typedef struct model {
    fut_instant_t deadline;
    unsigned      turn; /* how many were inserted before */
    bool          linked;
} model_t;
static model_t model[TIMERS];

static int fired[TIMERS];
static int fired_count;
static void (*on_fire)(int index);

static void wake_index(void *target, fut_tag_t index) {
    (void)target;
    cr_assert_lt(fired_count, TIMERS);
    cr_assert_eq(timers[index].future.point, FUT_POINT_FIRED);
    fired[fired_count++] = (int)index;
    if (on_fire) on_fire((int)index);
}
static const fut_waker_vtable_t vtable = {.wake = wake_index, .wake_from_interrupt = wake_index};
static const struct { const fut_waker_vtable_t *vtable; } target = {&vtable};

static void insert(int index, fut_instant_t deadline) {
    timers[index].deadline     = deadline;
    timers[index].future.point = FUT_POINT_PENDING;
    fut_timer_set_waker(&timers[index], (fut_waker_t){(void *)(uintptr_t)&target, (fut_tag_t)index});
    fut__wheel_insert(&wheel, &timers[index]);
}

static void unlink_timer(int index) {
    fut_timer_unlink(&timers[index]);
    memset(&timers[index], 0xee, sizeof timers[index]); /* nobody may look at it any more */
}

/* ---- Pseudo-random: the same every time (S. Vigna's splitmix64) ---------------------------------------------- */

static uint64_t seed;
static uint64_t any(void) {
    uint64_t z = seed += 0x9e3779b97f4a7c15u;
    z          = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z          = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
/* From nanoseconds to centuries, each order of magnitude as likely as any other. */
static uint64_t any_distance(void) { return any() >> (1 + any() % 63); }

/* ---- Against the model --------------------------------------------------------------------------------------- */

static int by_deadline(const void *a, const void *b) {
    const model_t *x = &model[*(const int *)a], *y = &model[*(const int *)b];
    if (x->deadline != y->deadline) return x->deadline < y->deadline ? -1 : 1;
    return x->turn < y->turn ? -1 : 1;
}

/* What should fire up to `now`, in order; the model forgets it. */
static int due[TIMERS];
static int take_due(fut_instant_t now) {
    int count = 0;
    for (int i = 0; i < TIMERS; i++)
        if (model[i].linked && model[i].deadline <= now) due[count++] = i;
    qsort(due, (size_t)count, sizeof *due, by_deadline);
    for (int i = 0; i < count; i++) model[due[i]].linked = false;
    return count;
}

static fut_instant_t earliest(void) {
    fut_instant_t least = FUT_NEVER;
    for (int i = 0; i < TIMERS; i++)
        if (model[i].linked && model[i].deadline < least) least = model[i].deadline;
    return least;
}

static void advance(fut_instant_t now) {
    const int expected = take_due(now);
    fired_count        = 0;
    fut__wheel_advance(&wheel, now);
    cr_assert_eq(fired_count, expected, "%d fired, %d were due", fired_count, expected);
    cr_assert_arr_eq(fired, due, (size_t)expected * sizeof *due);
}

static void insert_both(int index, fut_instant_t now, fut_instant_t deadline, unsigned turn) {
    insert(index, deadline);
    model[index] = (model_t){deadline < now ? now : deadline, turn, true};
}

/* All at once; then from deadline to deadline as a driver does, with cancellations on the way. */
static void every_deadline_in_order(uint64_t this_seed, unsigned cancelled_percent) {
    fut_instant_t now;
    unsigned      jumps = 0;

    seed = this_seed;
    now  = any_distance();
    fut__wheel_init(&wheel, now);
    for (int i = 0; i < TIMERS; i++)
        insert_both(i, now, i % 5 ? now + any_distance() : model[any() % (unsigned)(i + 1)].deadline, (unsigned)i);
    for (fut_instant_t next; (next = fut__wheel_next(&wheel)) != FUT_NEVER; jumps++) {
        if (next < now) next = now;
        cr_assert_leq(next, earliest(), "it would be late");
        now = next;
        if (jumps % 16 == 0 && any() % 100 < cancelled_percent)
            for (int i = (int)(any() % 64); i < TIMERS; i += 64)
                if (model[i].linked) {
                    unlink_timer(i);
                    model[i].linked = false;
                }
        if (jumps % 4 == 0) now += any_distance() >> 20; /* a driver may be late */
        advance(now);
        cr_assert_lt(jumps, 20 * TIMERS, "it does not come to an end");
    }
    cr_assert_eq(earliest(), FUT_NEVER, "the wheel says that nothing is linked");
}

Test(time, ten_thousand_deadlines_fire_in_exact_order, .timeout = 240) {
    for (uint64_t i = 1; i <= 2; i++) every_deadline_in_order(i, 0);
}
Test(time, ten_thousand_deadlines_fire_in_exact_order_while_others_are_cancelled, .timeout = 240) {
    for (uint64_t i = 11; i <= 13; i++) every_deadline_in_order(i, 60);
}

/* Insert, cancel, advance by anything, in any order: the wheel turns while it is filled. */
static void any_history(uint64_t this_seed, int shift) {
    fut_instant_t now;
    unsigned      turn = 0;

    seed = this_seed;
    memset(model, 0, sizeof model);
    now = any() >> 8;
    fut__wheel_init(&wheel, now);
    for (int step = 0; step < 300; step++) {
        for (int n = 0; n < 30; n++) {
            const int     index = (int)(any() % TIMERS);
            const int64_t away  = (int64_t)(any_distance() >> shift);
            if (model[index].linked) {
                unlink_timer(index);
                model[index].linked = false;
            } else if (any() % 16 == 0) {
                insert_both(index, now, now - (fut_instant_t)away % now, turn++); /* past */
            } else {
                insert_both(index, now, now + (fut_instant_t)away, turn++);
            }
        }
        now += any_distance() >> (shift + any() % 16);
        advance(now);
        cr_assert_leq(fut__wheel_next(&wheel), earliest());
        cr_assert_gt(fut__wheel_next(&wheel), now, "a driver would not sleep");
    }
    advance(FUT_NEVER - 1);
    cr_assert_eq(fut__wheel_next(&wheel), FUT_NEVER);
}

Test(time, a_wheel_that_is_filled_while_it_turns_keeps_the_order, .timeout = 240) {
    for (uint64_t i = 1; i <= 20; i++) any_history(i * 1000, 10 + (int)i * 2 % 40);
}

Test(time, every_instant_of_a_small_range_fires_at_its_time) {
    fut__wheel_init(&wheel, 4000);
    for (int i = 0; i < TIMERS; i++) insert_both(i, 4000, 4000 + (unsigned)(i * 7919 % TIMERS), (unsigned)i);
    for (fut_instant_t now = 4000; now < 4000 + TIMERS; now++) {
        fired_count = 0;
        fut__wheel_advance(&wheel, now);
        cr_assert_eq(fired_count, 1);
        cr_assert_eq(timers[fired[0]].deadline, now);
    }
    cr_assert_eq(fut__wheel_next(&wheel), FUT_NEVER);
}

Test(time, deadlines_on_both_sides_of_every_digit_keep_their_order) {
    int count = 0;

    fut__wheel_init(&wheel, 1);
    for (int bit = 0; bit < 64; bit++) /* 2^n - 1, 2^n, 2^n + 1, backwards */
        for (int add = 1; add >= -1; add--)
            if (((fut_instant_t)1 << bit) + (fut_instant_t)add >= 1)
                insert_both(count, 1, ((fut_instant_t)1 << bit) + (fut_instant_t)add, (unsigned)count), count++;
    insert_both(count, 1, FUT_NEVER - 1, (unsigned)count);
    advance(FUT_NEVER - 1);
    cr_assert_eq(fut__wheel_next(&wheel), FUT_NEVER);
}

/* ---- What a wake may do -------------------------------------------------------------------------------------- */

/* Timer 0 cancels 1, which is due at the same time, and 2, due a little later; then inserts 3 and 4. */
static void rearrange(int index) {
    if (index != 0) return;
    unlink_timer(1);
    unlink_timer(2);
    insert(3, 100); /* due now    */
    insert(4, 50);  /* due before */
    insert(5, 200); /* later      */
}

Test(time, a_wake_may_insert_and_cancel_timers) {
    fut__wheel_init(&wheel, 1);
    insert(0, 100);
    insert(1, 100);
    insert(2, 101);
    insert(6, 102);
    on_fire = rearrange;
    fut__wheel_advance(&wheel, 150);
    cr_assert_eq(fired_count, 4);
    cr_assert_eq(fired[0], 0);
    cr_assert_eq(fired[3], 6, "what is due before the rest comes before the rest");
    cr_assert_eq(fut__wheel_next(&wheel), 200);
    fut__wheel_advance(&wheel, 200);
    cr_assert_eq(fired[4], 5);
}

Test(time, an_empty_wheel_turns_and_stands) {
    fut__wheel_init(&wheel, 0);
    cr_assert_eq(fut__wheel_next(&wheel), FUT_NEVER);
    for (int i = 0; i < 64; i++) fut__wheel_advance(&wheel, (fut_instant_t)1 << i);
    fut__wheel_advance(&wheel, 5); /* back: nothing happens */
    insert(0, 7);
    cr_assert_leq(fut__wheel_next(&wheel), (fut_instant_t)1 << 63);
    fut__wheel_advance(&wheel, (fut_instant_t)1 << 63);
    cr_assert_eq(fired_count, 1, "a deadline that is past fires at once");
}

Test(time, a_cancelled_deadline_costs_at_most_one_early_look) {
    fut__wheel_init(&wheel, 0);
    insert(0, 1000);
    insert(1, 1010); /* in the same slot, as seen from afar */
    unlink_timer(0);
    fut_instant_t next = fut__wheel_next(&wheel);
    cr_assert(next == 1000 || next == 1010);
    fut__wheel_advance(&wheel, next);
    if (next == 1000) cr_assert_eq(fut__wheel_next(&wheel), 1010);
    fut__wheel_advance(&wheel, 1010);
    cr_assert_eq(fired_count, 1);
    cr_assert_eq(fired[0], 1);
}
