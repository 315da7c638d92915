/* SELECT and its kin: the first one. */
#include "kit.h"

/* ---- SELECT ------------------------------------------------------------------------------------ */

typedef struct selects {
    ASYNC_FRAME(selects, int, fut_test_event_t *event);
    fut_test_wait_t a, then;
    polite_t        b;
    FUT_GROUP(2) group;
} selects_t;
ASYNC(selects) {
    ASYNC_BEGIN();
    SELECT(self->group, (self->a, fut_test_wait, &self->event[0]),
           (self->b, polite, "b", &self->event[1], &self->event[2]));
    fut_test_say("selected %d", self->group.output);
    if (WON(self->group, self->a)) {
        AWAIT(self->then, fut_test_wait, &self->event[3]);
        ASYNC_RETURN(10 * self->a.output + self->then.output);
    } else
        AWAIT(self->then, fut_test_wait, &self->event[3]);
    ASYNC_RETURN(100 * self->b.output + self->then.output);
    ASYNC_END();
}

Test(group, the_loser_has_ended_when_the_statement_after_the_select_runs) {
    fut_test_event_t event[4] = {{.value = 0}};
    selects_t        selects;

    START(selects, selects, event);
    cr_assert_eq(fut_test_run(&selects.future), FUT_PENDING);
    fut_test_event_fire(&event[0], 4);
    cr_assert_eq(fut_test_run(&selects.future), FUT_PENDING);
    cr_assert(fut_test_said("b closes"));
    cr_assert_null(event[1].waker.target);
    cr_assert_eq(fut_test_run(&selects.future), FUT_PENDING, "spurious");
    fut_test_event_fire(&event[2], 0);
    cr_assert_eq(fut_test_run(&selects.future), FUT_PENDING);
    cr_assert(fut_test_said("b ends", "selected 0"));
    fut_test_event_fire(&event[3], 5);
    cr_assert_eq(fut_test_run(&selects.future), FUT_READY);
    cr_assert_eq(selects.output, 45);
}

Test(group, a_loser_without_a_cancel_is_dropped_at_once) {
    fut_test_event_t event[4] = {{.value = 0}};
    selects_t        selects;

    fut_test_event_fire(&event[2], 0);
    START(selects, selects, event);
    cr_assert_eq(fut_test_run(&selects.future), FUT_PENDING);
    fut_test_event_fire(&event[1], 4);
    cr_assert_eq(fut_test_run(&selects.future), FUT_PENDING);
    cr_assert(fut_test_said("b closes", "b ends", "selected 1"));
    cr_assert_eq(event[0].drops, 1);
    cr_assert_null(event[0].waker.target);
    cr_assert_eq(selects.a.output, -ECANCELED);
    fut_test_event_fire(&event[3], 5);
    cr_assert_eq(fut_test_run(&selects.future), FUT_READY);
    cr_assert_eq(selects.output, 405);
}

Test(group, nobody_behind_the_winner_is_polled) {
    fut_test_event_t event[3] = {{.value = 0}};
    fut_test_wait_t  a, b, c;
    FUT_GROUP(3) group;

    fut_test_event_fire(&event[1], 1);
    START(a, fut_test_wait, &event[0]);
    START(b, fut_test_wait, &event[1]);
    START(c, fut_test_wait, &event[2]);
    START_SELECT_BIASED(group, a, b, c);
    cr_assert_eq(fut_test_run(&group.future), FUT_READY);
    cr_assert_eq(group.output, 1);
    cr_assert(event[0].polls == 1 && event[1].polls == 1 && event[2].polls == 0);
    cr_assert(event[0].drops == 1 && event[1].drops == 0 && event[2].drops == 1);
    cr_assert_null(event[0].waker.target);
}

Test(group, the_biased_one_prefers_the_first_in_the_list) {
    fut_test_event_t event[2] = {{.value = 0}};
    fut_test_wait_t  a, b;
    FUT_GROUP(2) group;

    for (int i = 0; i < 50; i++) {
        START(a, fut_test_wait, &event[0]);
        START(b, fut_test_wait, &event[1]);
        START_SELECT_BIASED(group, a, b);
        if (i & 1) cr_assert_eq(fut_test_run(&group.future), FUT_PENDING);
        fut_test_event_fire(&event[1], 1);
        fut_test_event_fire(&event[0], 1);
        cr_assert_eq(fut_test_run(&group.future), FUT_READY);
        cr_assert(WON(group, a) && !WON(group, b));
        event[1].fired = false;
    }
}

Test(group, a_child_that_is_done_already_wins) {
    fut_test_after_t a;
    fut_test_never_t b;
    unsigned         drops = 0;
    FUT_GROUP(2) group;

    START(a, fut_test_after, 0, 6);
    cr_assert_eq(fut_test_run(&a.future), FUT_READY);
    START(b, fut_test_never, &drops);
    START_SELECT(group, b, a);
    cr_assert_eq(fut_test_run(&group.future), FUT_READY);
    cr_assert(WON(group, a));
    cr_assert_eq(drops, 1);
}

Test(group, a_select_of_one_is_an_await) {
    fut_test_after_t a;
    FUT_GROUP(1) group;
    START(a, fut_test_after, 3, 6);
    START_SELECT(group, a);
    cr_assert_eq(fut_test_run(&group.future), FUT_READY);
    cr_assert(WON(group, a) && group.output == 0 && a.output == 6);
}

/* ---- Fairness ------------------------------------------------------------------------------------- */

enum { ROUNDS = 3000 };

static void each_wins_about_as_often(const unsigned *wins, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        cr_assert(wins[i] > ROUNDS / count * 3 / 4 && wins[i] < ROUNDS / count * 5 / 4, "%u won %u times", i, wins[i]);
}

Test(group, of_three_that_are_always_ready_none_starves) {
    unsigned         wins[3] = {0}, kept[3] = {0}, seen[3] = {0};
    fut_test_after_t a, b, c;
    FUT_GROUP(3) group;
    fut_context_t context, *cx = &context;

    fut_context_init(cx, (fut_waker_t){NULL, 0}, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        START(a, fut_test_after, 0, 0);
        START(b, fut_test_after, 0, 0);
        START(c, fut_test_after, 0, 0);
        START_SELECT(group, a, b, c);
        cr_assert_eq(fut_test_run(&group.future), FUT_READY);
        wins[group.output]++;
        START(a, fut_test_after, 0, 0);
        START(b, fut_test_after, 0, 0);
        START(c, fut_test_after, 0, 0);
        START_SELECT_KEEP(group, a, b, c);
        cr_assert_eq(fut_test_run(&group.future), FUT_READY);
        kept[group.output]++;
        START(a, fut_test_after, 0, 0);
        START(b, fut_test_after, 0, 0);
        START(c, fut_test_after, 0, 0);
        SELECT_NOW(group, a, b, c);
        seen[group.output]++;
    }
    each_wins_about_as_often(wins, 3);
    each_wins_about_as_often(kept, 3);
    each_wins_about_as_often(seen, 3);
}

/* Two loops in turns: neither sees always the same half of a common sequence. */
Test(group, two_selects_in_turns_are_both_fair) {
    unsigned         wins[2][2] = {{0}};
    fut_test_after_t a, b;
    FUT_GROUP(2) group;

    for (int i = 0; i < 2 * ROUNDS; i++) {
        START(a, fut_test_after, 0, 0);
        START(b, fut_test_after, 0, 0);
        START_SELECT(group, a, b);
        cr_assert_eq(fut_test_run(&group.future), FUT_READY);
        wins[i % 2][group.output]++;
    }
    each_wins_about_as_often(wins[0], 2);
    each_wins_about_as_often(wins[1], 2);
}

/* ---- KEEP ------------------------------------------------------------------------------------------ */

/* Sums up what two sources give, until one of them gives 0; the winner is started anew, the loser stays. */
typedef struct sums {
    ASYNC_FRAME(sums, int, fut_test_event_t *event);
    inner_t         a; /* two events make one value */
    fut_test_wait_t b, then;
    FUT_GROUP(2) group;
    int sum;
} sums_t;
ASYNC(sums) {
    ASYNC_BEGIN();
    self->sum = 0;
    START(self->a, inner, &self->event[0], 2);
    START(self->b, fut_test_wait, &self->event[1]);
    for (;;) {
        SELECT_KEEP(self->group, self->a, self->b);
        if (WON(self->group, self->a)) {
            self->sum += self->a.output;
            fut_test_say("a %d", self->a.output);
            AWAIT(self->then, fut_test_wait, &self->event[2]);
            START(self->a, inner, &self->event[0], 2);
        } else if (WON(self->group, self->b)) {
            fut_test_say("b %d", self->b.output);
            if (self->b.output == 0) ASYNC_RETURN(self->sum);
            self->sum += self->b.output;
            START(self->b, fut_test_wait, &self->event[1]);
        }
    }
    ASYNC_FINALLY();
    CANCEL(self->group, self->a, self->b);
    ASYNC_END();
}

Test(group, a_kept_loser_goes_on_in_the_next_round_where_it_was) {
    fut_test_event_t event[3] = {{.value = 0}};
    sums_t           sums;

    START(sums, sums, event);
    cr_assert_eq(fut_test_run(&sums.future), FUT_PENDING);
    for (int i = 0; i < 3; i++) {
        fut_test_event_fire(&event[0], 100); /* half of a value */
        cr_assert_eq(fut_test_run(&sums.future), FUT_PENDING);
        fut_test_event_fire(&event[1], 1);
        cr_assert_eq(fut_test_run(&sums.future), FUT_PENDING);
        cr_assert(fut_test_said("b 1"));
        cr_assert(event[0].drops == 0 && event[0].waker.target);
        fut_test_event_fire(&event[0], 10);
        cr_assert_eq(fut_test_run(&sums.future), FUT_PENDING);
        cr_assert(fut_test_said("a 10"));
        fut_test_event_fire(&event[2], 0);
        cr_assert_eq(fut_test_run(&sums.future), FUT_PENDING);
    }
    fut_test_event_fire(&event[1], 0);
    cr_assert_eq(fut_test_run(&sums.future), FUT_READY);
    cr_assert(fut_test_said("b 0"));
    cr_assert_eq(sums.output, 33);
    cr_assert_eq(event[0].drops, 1, "CANCEL in FINALLY");
    cr_assert_null(event[0].waker.target);
}

Test(group, kept_losers_are_gone_after_the_function_ended_at_any_point_in_any_way) {
    for (int graceful = 0; graceful < 2; graceful++)
        for (int steps = 0; steps < 6; steps++) {
            fut_test_event_t event[3] = {{.value = 0}};
            sums_t           sums;

            START(sums, sums, event);
            cr_assert_eq(fut_test_run(&sums.future), FUT_PENDING);
            for (int i = 0; i < steps; i++) {
                fut_test_event_fire(&event[(const int[]){1, 0, 0, 2, 1}[i]], 1);
                cr_assert_eq(fut_test_run(&sums.future), FUT_PENDING);
            }
            if (graceful) {
                fut_cancel(&sums.future);
                cr_assert_eq(fut_test_run(&sums.future), FUT_READY);
            } else
                fut_drop(&sums.future);
            for (int i = 0; i < 3; i++) cr_assert_null(event[i].waker.target);
            cr_assert_eq(sums.output, -ECANCELED);
        }
    fut_test_hush();
}

Test(group, a_kept_winner_that_is_not_started_again_wins_again) {
    fut_test_after_t a;
    fut_test_never_t b;
    unsigned         drops = 0;
    FUT_GROUP(2) group;

    START(a, fut_test_after, 1, 6);
    START(b, fut_test_never, &drops);
    for (int i = 0; i < 3; i++) {
        START_SELECT_KEEP_BIASED(group, b, a);
        cr_assert_eq(fut_test_run(&group.future), FUT_READY);
        cr_assert(WON(group, a));
        cr_assert_eq(drops, 0);
    }
    fut_drop(&b.future);
}

/* ---- NOW --------------------------------------------------------------------------------------------- */

Test(group, a_look_at_nobody_ready_says_so_and_keeps_all) {
    fut_test_waker_t counter  = {0};
    fut_test_event_t event[2] = {{.value = 0}};
    fut_test_wait_t  a, b;
    FUT_GROUP(2) group;
    fut_context_t context, *cx = &context;

    fut_context_init(cx, fut_test_waker(&counter), NULL);
    START(a, fut_test_wait, &event[0]);
    START(b, fut_test_wait, &event[1]);
    for (int i = 0; i < 3; i++) {
        SELECT_NOW(group, a, b);
        cr_assert_eq(group.output, -EAGAIN);
        cr_assert_not(WON(group, a) || WON(group, b));
        cr_assert(event[0].waker.target && event[1].waker.target);
    }
    fut_test_event_fire(&event[1], 8);
    cr_assert_eq(counter.wakes, 1, "and the task hears of it");
    SELECT_NOW(group, a, b);
    cr_assert(WON(group, b));
    cr_assert(b.output == 8 && group.output == 1);
    cr_assert(fut_is_pending(&a.future) && event[0].drops == 0, "the loser stays");
    fut_drop(&a.future);
}

/* ---- RACE, ANY ----------------------------------------------------------------------------------------- */

typedef struct mirrors {
    ASYNC_FRAME(mirrors, int, fut_test_event_t *event);
    inner_t a[3];
    FUT_GROUP(3) group;
} mirrors_t;
ASYNC(mirrors) {
    ASYNC_BEGIN();
    RACE(self->group, (self->a[0], inner, &self->event[0], 1), (self->a[1], inner, &self->event[1], 1),
         (self->a[2], inner, &self->event[2], 1));
    ASYNC_RETURN(self->a[self->group.output].output);
    ASYNC_END();
}

Test(group, the_output_of_a_race_is_the_place_of_the_winner) {
    for (int winner = 0; winner < 3; winner++) {
        fut_test_event_t event[3] = {{.value = 0}};
        mirrors_t        mirrors;

        START(mirrors, mirrors, event);
        cr_assert_eq(fut_test_run(&mirrors.future), FUT_PENDING);
        fut_test_event_fire(&event[winner], 50 + winner);
        cr_assert_eq(fut_test_run(&mirrors.future), FUT_READY);
        cr_assert_eq(mirrors.output, 50 + winner);
        for (int i = 0; i < 3; i++) cr_assert_eq(event[i].drops, i != winner);
    }
}

typedef struct any {
    ASYNC_FRAME(any, int, fut_test_event_t *event);
    fut_test_wait_t a;
    polite_t        b;
    inner_t         c;
    FUT_GROUP(3) group;
} any_t;
ASYNC(any) {
    ASYNC_BEGIN();
    ANY(self->group, (self->a, fut_test_wait, &self->event[0]),
        (self->b, polite, "b", &self->event[1], &self->event[3]), (self->c, inner, &self->event[2], 1));
    ASYNC_RETURN(self->group.output);
    ASYNC_END();
}

Test(group, failures_do_not_win) {
    fut_test_event_t event[4] = {{.value = 0}};
    any_t            any;

    fut_test_event_fire(&event[3], 0);
    START(any, any, event);
    cr_assert_eq(fut_test_run(&any.future), FUT_PENDING);
    fut_test_event_fire(&event[0], -EIO);
    cr_assert_eq(fut_test_run(&any.future), FUT_PENDING);
    fut_test_event_fire(&event[2], 0);
    cr_assert_eq(fut_test_run(&any.future), FUT_READY);
    cr_assert(fut_test_said("b closes", "b ends"));
    cr_assert_eq(any.output, 2);
    cr_assert(WON(any.group, any.c));
    cr_assert_eq(any.b.output, -ECANCELED);
}

Test(group, where_all_fail_each_error_is_in_its_slot) {
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int order = 0; order < 6; order++) {
        fut_test_event_t event[4] = {{.value = 0}};
        any_t            any;

        fut_test_event_fire(&event[3], 0);
        START(any, any, event);
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(fut_test_run(&any.future), FUT_PENDING);
            fut_test_event_fire(&event[orders[order][i]], -1 - orders[order][i]);
        }
        cr_assert_eq(fut_test_run(&any.future), FUT_READY);
        cr_assert_eq(any.output, -1, "that of the first in the list");
        cr_assert(any.a.output == -1 && any.b.output == -2 && any.c.output == -3);
        cr_assert_not(WON(any.group, any.a) || WON(any.group, any.b) || WON(any.group, any.c));
    }
    fut_test_hush();
}
