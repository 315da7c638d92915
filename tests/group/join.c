/* JOIN and TRY_JOIN: until all are done, or one has failed. */
#include "kit.h"

/* ---- JOIN ----------------------------------------------------------------------------------- */

typedef struct joins {
    ASYNC_FRAME(joins, int, fut_test_event_t *event);
    fut_test_wait_t a;
    deep_t          b;
    polite_t        c;
    FUT_GROUP(3) group;
} joins_t;
ASYNC(joins) {
    ASYNC_BEGIN();
    START(self->a, fut_test_wait, &self->event[0]);
    START(self->b, deep, &self->event[1], 1);
    START(self->c, polite, "c", &self->event[2], &self->event[3]);
    JOIN(self->group, self->a, self->b, self->c);
    fut_test_say("joined");
    ASYNC_RETURN(self->a.output + self->c.output + self->group.output);
    ASYNC_END();
}

static void completes_in_the_order(const int *order) {
    fut_test_waker_t counter  = {0};
    fut_test_event_t event[4] = {{.value = 0}};
    joins_t          joins;
    fut_future_t    *leaf = &joins.future;

    fut_test_event_fire(&event[3], 0);
    START(joins, joins, event);
    cr_assert_eq(fut_test_poll_leaf(&joins.future, &leaf, &counter), FUT_PENDING);
    cr_assert_eq(leaf, &joins.future);
    for (int i = 0; i < 3; i++) {
        cr_assert_not(fut_is_done(&joins.future));
        fut_test_event_fire(&event[order[i]], 10 + order[i]);
        cr_assert_eq(counter.wakes, (unsigned)i + 1, "the task's own waker, in each child");
        cr_assert_eq(fut_test_poll_leaf(&joins.future, &leaf, &counter), i < 2 ? FUT_PENDING : FUT_READY);
    }
    cr_assert_eq(joins.output, 22);
    cr_assert_str_eq(joins.b.output, "deep");
    fut_test_hush();
}

Test(group, a_join_ends_whatever_the_order_of_its_children) {
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int i = 0; i < 6; i++) completes_in_the_order(orders[i]);
}

Test(group, a_wake_polls_only_children_that_are_not_done_each_at_its_leaf) {
    fut_test_waker_t counter  = {0};
    fut_test_event_t event[4] = {{.value = 0}};
    joins_t          joins;

    START(joins, joins, event);
    cr_assert_eq(fut_test_poll(&joins.future, &counter), FUT_PENDING);
    cr_assert(fut_test_said("deep begins"));
    cr_assert(event[0].polls == 1 && event[1].polls == 1 && event[2].polls == 1);
    fut_test_event_fire(&event[0], 1);
    cr_assert_eq(fut_test_poll(&joins.future, &counter), FUT_PENDING);
    cr_assert(event[0].polls == 2 && event[1].polls == 2 && event[2].polls == 2);
    for (int i = 0; i < 3; i++) cr_assert_eq(fut_test_poll(&joins.future, &counter), FUT_PENDING, "spurious");
    cr_assert(event[0].polls == 2 && event[1].polls == 5 && event[2].polls == 5, "the one that is done is left alone");
    cr_assert_eq(joins.group.group.count, 2);
    fut_drop(&joins.future);
    fut_test_hush();
}

Test(group, a_later_poll_leaves_the_later_waker) {
    fut_test_waker_t early = {0}, late = {0};
    fut_test_event_t event[4] = {{.value = 0}};
    joins_t          joins;

    START(joins, joins, event);
    cr_assert_eq(fut_test_poll(&joins.future, &early), FUT_PENDING);
    cr_assert_eq(fut_test_poll(&joins.future, &late), FUT_PENDING);
    for (int i = 0; i < 3; i++) fut_test_event_fire(&event[i], 0);
    cr_assert_eq(early.wakes, 0);
    cr_assert_eq(late.wakes, 3);
    fut_drop(&joins.future);
    fut_test_hush();
}

typedef struct in_parentheses {
    ASYNC_FRAME(in_parentheses, int, fut_test_event_t *event; unsigned pending);
    fut_test_after_t a, b;
    inner_t          c;
    FUT_GROUP(3) group;
} in_parentheses_t;
ASYNC(in_parentheses) {
    ASYNC_BEGIN();
    START(self->b, fut_test_after, self->pending, 2);
    JOIN(self->group, (self->a, fut_test_after, .value = 1, .times = self->pending), self->b,
         (self->c, inner, self->event, 1));
    ASYNC_RETURN(100 * self->a.output + 10 * self->b.output + self->c.output + self->group.output);
    ASYNC_END();
}

Test(group, children_in_parentheses_are_started_by_the_join) {
    for (unsigned pending = 0; pending < 3; pending++)
        for (int fired = 0; fired < 2; fired++) {
            fut_test_event_t event = {0};
            in_parentheses_t future;

            if (fired) fut_test_event_fire(&event, 3);
            START(future, in_parentheses, &event, pending);
            if (!fired) {
                cr_assert_eq(fut_test_run(&future.future), FUT_PENDING);
                fut_test_event_fire(&event, 3);
            }
            cr_assert_eq(fut_test_run(&future.future), FUT_READY);
            cr_assert_eq(future.output, 123);
            cr_assert(fut_is_done(&future.group.future));
        }
}

/* The second child's arguments are looked at before the first child runs. */
typedef struct sets {
    ASYNC_FRAME(sets, int, int *place);
} sets_t;
ASYNC(sets) {
    ASYNC_BEGIN();
    ASYNC_RETURN(++*self->place);
    ASYNC_END();
}
typedef struct order_of_arguments {
    ASYNC_FRAME(order_of_arguments, int);
    sets_t           a;
    fut_test_after_t b;
    int              place;
    FUT_GROUP(2) group;
} order_of_arguments_t;
ASYNC(order_of_arguments) {
    ASYNC_BEGIN();
    self->place = 7;
    JOIN(self->group, (self->a, sets, &self->place), (self->b, fut_test_after, 0, self->place));
    ASYNC_RETURN(self->b.output);
    ASYNC_END();
}
Test(group, all_children_are_started_before_the_first_is_polled) {
    order_of_arguments_t future;
    START(future, order_of_arguments);
    cr_assert_eq(fut_test_run(&future.future), FUT_READY);
    cr_assert_eq(future.output, 7);
    cr_assert_eq(future.place, 8);
}

/* ---- One child, and sixteen ------------------------------------------------------------------- */

typedef struct one_and_many {
    ASYNC_FRAME(one_and_many, int, unsigned pending);
    fut_test_after_t a[16];
    FUT_GROUP(16) group;
    int i, sum;
} one_and_many_t;
ASYNC(one_and_many) {
    ASYNC_BEGIN();
    JOIN(self->group, (self->a[0], fut_test_after, self->pending, 1000));
    self->sum = self->a[0].output;
    for (self->i = 0; self->i < 16; self->i++)
        START(self->a[self->i], fut_test_after, self->pending * (unsigned)self->i, 1);
    JOIN(self->group, self->a[0], self->a[1], self->a[2], self->a[3], self->a[4], self->a[5], self->a[6], self->a[7],
         self->a[8], self->a[9], self->a[10], self->a[11], self->a[12], self->a[13], self->a[14], self->a[15]);
    for (self->i = 0; self->i < 16; self->i++) self->sum += self->a[self->i].output;
    ASYNC_RETURN(self->sum);
    ASYNC_END();
}
Test(group, a_join_takes_one_child_and_sixteen) {
    for (unsigned pending = 0; pending < 3; pending++) {
        one_and_many_t future;
        START(future, one_and_many, pending);
        cr_assert_eq(fut_test_run(&future.future), FUT_READY);
        cr_assert_eq(future.output, 1016);
    }
}

/* ---- Children that were polled before ------------------------------------------------------------ */

Test(group, a_child_that_is_done_already_is_not_waited_for) {
    fut_test_event_t event = {0};
    fut_test_after_t a;
    fut_test_wait_t  b;
    FUT_GROUP(2) group;

    START(a, fut_test_after, 0, 1);
    START(b, fut_test_wait, &event);
    cr_assert_eq(fut_test_run(&a.future), FUT_READY);
    START_JOIN(group, a, b);
    cr_assert_eq(fut_test_run(&group.future), FUT_PENDING);
    fut_test_event_fire(&event, 1);
    cr_assert_eq(fut_test_run(&group.future), FUT_READY);
    cr_assert_eq(fut_test_run(&group.future), FUT_READY, "and again");
    START_JOIN(group, a, b);
    cr_assert_eq(fut_test_run(&group.future), FUT_READY, "all done before");
}

Test(group, a_child_that_is_suspended_already_can_join) {
    fut_test_event_t event = {0};
    deep_t           deep;
    fut_test_after_t after;
    FUT_GROUP(2) group;

    START(deep, deep, &event, 2);
    cr_assert_eq(fut_test_run(&deep.future), FUT_PENDING);
    START(after, fut_test_after, 0, 1);
    START_JOIN(group, deep, after);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(fut_test_run(&group.future), FUT_PENDING);
        fut_test_event_fire(&event, 1);
    }
    cr_assert_eq(fut_test_run(&group.future), FUT_READY);
    cr_assert(fut_test_said("deep begins"));
}

/* ---- TRY_JOIN -------------------------------------------------------------------------------------- */

typedef struct tries {
    ASYNC_FRAME(tries, int, fut_test_event_t *event);
    fut_test_wait_t a;
    deep_t          b;
    polite_t        c;
    FUT_GROUP(3) group;
} tries_t;
ASYNC(tries) {
    ASYNC_BEGIN();
    TRY_JOIN(self->group, (self->a, fut_test_wait, &self->event[0]), (self->b, deep, &self->event[1], 1),
             (self->c, polite, "c", &self->event[2], &self->event[3]));
    fut_test_say("joined");
    ASYNC_RETURN(self->group.output);
    ASYNC_END();
}

Test(group, a_try_join_without_errors_is_a_join) {
    fut_test_event_t event[4] = {{.value = 0}};
    tries_t          tries;

    START(tries, tries, event);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(fut_test_run(&tries.future), FUT_PENDING);
        fut_test_event_fire(&event[i], i);
    }
    cr_assert_eq(fut_test_run(&tries.future), FUT_READY);
    cr_assert_eq(tries.output, 0);
    cr_assert_eq(tries.c.output, 2);
    cr_assert(fut_test_said("deep begins", "c closes", "c ends", "joined"));
    cr_assert_not(WON(tries.group, tries.a) || WON(tries.group, tries.b) || WON(tries.group, tries.c));
}

Test(group, the_first_error_ends_the_others_before_the_next_statement) {
    fut_test_event_t event[4] = {{.value = 0}};
    tries_t          tries;

    START(tries, tries, event);
    cr_assert_eq(fut_test_run(&tries.future), FUT_PENDING);
    fut_test_event_fire(&event[0], -EIO);
    cr_assert_eq(fut_test_run(&tries.future), FUT_PENDING, "c says goodbye");
    cr_assert_null(event[1].waker.target);
    cr_assert_null(event[2].waker.target);
    cr_assert(fut_test_said("deep begins", "c closes"));
    cr_assert_eq(fut_test_run(&tries.future), FUT_PENDING, "spurious");
    fut_test_event_fire(&event[3], 0);
    cr_assert_eq(fut_test_run(&tries.future), FUT_READY);
    cr_assert(fut_test_said("c ends", "joined"));
    cr_assert_eq(tries.output, -EIO);
    cr_assert_eq(tries.c.output, -ECANCELED);
    cr_assert(WON(tries.group, tries.a), "who failed");
}

Test(group, of_two_errors_in_one_poll_the_first_in_the_list_counts_and_the_other_is_cancelled) {
    fut_test_event_t event[2] = {{.value = 0}};
    fut_test_wait_t  a, b;
    FUT_GROUP(2) group;

    START(a, fut_test_wait, &event[0]);
    START(b, fut_test_wait, &event[1]);
    START_TRY_JOIN(group, a, b);
    cr_assert_eq(fut_test_run(&group.future), FUT_PENDING);
    fut_test_event_fire(&event[1], -EPERM);
    fut_test_event_fire(&event[0], -EIO);
    cr_assert_eq(fut_test_run(&group.future), FUT_READY);
    cr_assert_eq(group.output, -EIO);
    cr_assert_eq(b.output, -ECANCELED);
}

Test(group, an_error_from_before_ends_the_others_unpolled) {
    fut_test_event_t event = {0};
    fut_test_after_t a;
    fut_test_wait_t  b;
    FUT_GROUP(2) group;

    START(a, fut_test_after, 0, -EIO);
    cr_assert_eq(fut_test_run(&a.future), FUT_READY);
    START(b, fut_test_wait, &event);
    START_TRY_JOIN(group, a, b);
    cr_assert_eq(fut_test_run(&group.future), FUT_READY);
    cr_assert_eq(group.output, -EIO);
    cr_assert_eq(event.polls, 0, "nothing was polled once the end was known");
    cr_assert_eq(event.drops, 1);
    cr_assert(fut_is_done(&b.future));
}
