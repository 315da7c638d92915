/* Who runs next: first come, first served; the LIFO slot; the budget. */
#define _GNU_SOURCE
#include <signal.h>

#include "kit.h"

Test(executor, first_come_first_served) {
    open_virtual();
    DETACH(SPAWN(&executor, counter, "a", 3));
    DETACH(SPAWN(&executor, counter, "b", 2));
    DETACH(SPAWN(&executor, counter, "c", 3));
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert(fut_test_said("a1", "b1", "c1", /* in the order of spawning    */
                            "a2", "b2", "c2", /* a yield goes to the end     */
                            "a3", "c3"));
    close_virtual();
}

Test(executor, a_woken_task_goes_to_the_end_and_many_wakes_make_one_poll) {
    fut_test_event_t a = {0}, b = {0};

    open_virtual();
    DETACH(SPAWN(&executor, listener, "a", &a));
    DETACH(SPAWN(&executor, listener, "b", &b));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 2);
    fut_test_hush();
    fut_test_event_fire(&b, 1);
    fut_test_event_fire(&a, 2);
    for (int i = 0; i < 10; i++) fut_wake(b.waker), fut_wake_from_interrupt(a.waker);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 0);
    cr_assert(fut_test_said("b got 1", "b ends", "a got 2", "a ends"));
    cr_assert(a.polls == 2 && b.polls == 2);
    close_virtual();
}

/* Wakes itself several times in a poll, on both paths. */
typedef struct restless {
    FUT_FUTURE(restless, int, int polls);
} restless_t;
static fut_poll_t restless_poll(restless_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    fut_test_say("poll");
    for (int i = 0; i < 3; i++)
        fut_wake(fut_context_waker(cx)), fut_wake_from_interrupt(cx->waker), fut_context_yield(cx);
    if (--self->polls > 0) return fut_pending(&self->future);
    return fut_ready(&self->future);
}
FUT_DEFINE(restless);

Test(executor, waking_itself_while_polled_makes_exactly_one_more_poll) {
    open_virtual();
    DETACH(SPAWN(&executor, restless, 3));
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert(fut_test_said("poll", "poll", "poll"));
    close_virtual();
}

Test(executor, waking_after_completion_does_not_poll) {
    fut_test_event_t event = {0};
    fut_waker_t      waker;

    open_virtual();
    DETACH(SPAWN(&executor, listener, "a", &event));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    waker = event.waker;
    fut_test_event_fire(&event, 0);
    cr_assert_eq(fut_executor_run(&executor), 0);
    fut_test_hush();
    fut_wake(waker);
    fut_wake_from_interrupt(waker);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 0);
    cr_assert(fut_test_said(NULL));
    close_virtual();
}

/* ---- A wake from elsewhere while tasks are ready ------------------------------------------------------------- */

/* Wakes `event` as an interrupt would, then yields until somebody says stop. Output: 0, or -ETIMEDOUT. */
typedef struct interrupted {
    ASYNC_FRAME(interrupted, int, fut_test_event_t *event; const bool *stop; bool by_waker);
    fut_test_after_t after;
    int              i;
} interrupted_t;
ASYNC(interrupted) {
    ASYNC_BEGIN();
    for (self->i = 0; !*self->stop; self->i++) {
        if (self->i == 3) {
            self->event->fired = true;
            fut_wake_from_interrupt(self->event->waker);
        }
        if (self->i == 100000) ASYNC_RETURN(-ETIMEDOUT);
        if (self->by_waker)
            AWAIT(self->after, fut_test_after, 1, 0);
        else
            YIELD();
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct stopper {
    ASYNC_FRAME(stopper, void, fut_test_event_t *event; bool *stop);
    fut_test_wait_t wait;
} stopper_t;
ASYNC(stopper) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    *self->stop = true;
    ASYNC_RETURN();
    ASYNC_END();
}

static void an_interrupt_is_heard(bool lifo, bool by_waker) {
    fut_test_event_t event = {0};
    bool             stop  = false;

    open_with((fut_executor_options_t){.lifo = lifo});
    DETACH(SPAWN(&executor, stopper, &event, &stop));
    cr_assert_eq(BLOCK_ON(&executor, interrupted, &event, &stop, by_waker), 0);
    cr_assert_eq(fut_executor_run(&executor), 0);
    fut_executor_destroy(&executor);
}
Test(executor, a_wake_from_elsewhere_is_heard_while_one_task_yields_all_the_time) {
    an_interrupt_is_heard(false, false);
}
Test(executor, a_wake_from_elsewhere_is_heard_while_one_task_wakes_itself_all_the_time) {
    an_interrupt_is_heard(false, true);
}
Test(executor, a_wake_from_elsewhere_is_heard_with_a_lifo_slot) { an_interrupt_is_heard(true, false); }
Test(executor, a_wake_from_elsewhere_is_heard_while_one_task_occupies_the_lifo_slot) {
    an_interrupt_is_heard(true, true);
}

/* ---- LIFO ---------------------------------------------------------------------------------------------------- */

/* Two that wake each other: waits for its own event, says its name, fires the other's. */
typedef struct player {
    ASYNC_FRAME(player, int, char name; fut_test_event_t *mine; fut_test_event_t *other; int rounds);
    fut_test_wait_t wait;
    int             i;
} player_t;
static char   order[256];
static size_t ordered;
ASYNC(player) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->rounds; self->i++) {
        AWAIT(self->wait, fut_test_wait, self->mine);
        order[ordered++] = self->name;
        fut_test_event_fire(self->other, 0);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct third {
    ASYNC_FRAME(third, int, int times);
    int i;
} third_t;
ASYNC(third) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        order[ordered++] = '.';
        YIELD();
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void play(bool lifo, const char *expected) {
    fut_test_event_t a = {0}, b = {0};

    open_with((fut_executor_options_t){.lifo = lifo, .quiet = true});
    DETACH(SPAWN(&executor, player, 'a', &a, &b, 6));
    DETACH(SPAWN(&executor, player, 'b', &b, &a, 6));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 2);
    DETACH(SPAWN(&executor, third, 4));
    fut_test_event_fire(&a, 0);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 0);
    cr_assert_str_eq(order, expected);
    fut_executor_destroy(&executor);
}

Test(executor, two_that_talk_take_turns_with_a_third) { play(false, ".a.b.a.babababab"); }
Test(executor, with_a_lifo_slot_two_that_talk_run_at_once_but_only_three_times_in_a_row) {
    play(true, ".abab.abab.abab."); /* the first of each group comes from the queue */
}

/* ---- Budget -------------------------------------------------------------------------------------------------- */

/* Always ready, as a socket on which a flood comes in. */
typedef struct flood {
    FUT_FUTURE(flood, int);
} flood_t;
static fut_poll_t flood_poll(flood_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (!fut_context_spend(cx)) return FUT_PENDING;
    return fut_ready(&self->future);
}
FUT_DEFINE(flood);

typedef struct drinker {
    ASYNC_FRAME(drinker, int, const bool *stop);
    flood_t flood;
    int     drops;
} drinker_t;
ASYNC(drinker) {
    ASYNC_BEGIN();
    for (self->drops = 0; !*self->stop; self->drops++) AWAIT(self->flood, flood);
    ASYNC_RETURN(self->drops);
    ASYNC_END();
}
typedef struct stop_after {
    ASYNC_FRAME(stop_after, int, int polls; bool *stop);
    int i;
} stop_after_t;
ASYNC(stop_after) {
    ASYNC_BEGIN();
    for (self->i = 1; self->i < self->polls; self->i++) YIELD();
    *self->stop = true;
    ASYNC_RETURN(0);
    ASYNC_END();
}

static int drink(unsigned budget, int polls) {
    bool stop = false;
    int  drops;
    open_with((fut_executor_options_t){.budget = budget});
    DETACH(SPAWN(&executor, stop_after, polls + 1, &stop)); /* one poll before the drinker's first */
    drops = BLOCK_ON(&executor, drinker, &stop);
    cr_assert_eq(fut_executor_run(&executor), 0);
    fut_executor_destroy(&executor);
    return drops;
}

Test(executor, a_leaf_that_is_always_ready_gets_128_units_a_poll, .timeout = 60) {
    cr_assert_eq(drink(0, 1), 128 + 1, "the one under way when it is stopped is drunk, too");
    cr_assert_eq(drink(0, 5), 5 * 128 + 1);
}
Test(executor, the_budget_is_an_option, .timeout = 60) {
    cr_assert_eq(drink(10, 3), 31);
    cr_assert_eq(drink(1, 3), 4);
}

/* A task that is always busy, by its budget or by yielding, and something real it could starve. */
typedef struct alarm_clock {
    ASYNC_FRAME(alarm_clock, void, bool *stop);
    fut_sleep_t nap;
} alarm_clock_t;
ASYNC(alarm_clock) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep, FUT_MS(2));
    *self->stop = true;
    ASYNC_RETURN();
    ASYNC_END();
}
typedef struct pipe_reader {
    ASYNC_FRAME(pipe_reader, void, int fd; bool *stop);
    fut_read_t read;
    char       byte;
} pipe_reader_t;
ASYNC(pipe_reader) {
    ASYNC_BEGIN();
    AWAIT(self->read, fut_read, self->fd, &self->byte, 1);
    *self->stop = self->byte == 'x';
    ASYNC_RETURN();
    ASYNC_END();
}

static void nobody_starves(bool lifo) {
    int  ends[2];
    bool stop = false;

    open_with((fut_executor_options_t){.lifo = lifo});
    DETACH(SPAWN(&executor, alarm_clock, &stop));
    cr_assert_gt(BLOCK_ON(&executor, drinker, &stop), 0);
    stop = false;
    DETACH(SPAWN(&executor, alarm_clock, &stop));
    cr_assert_gt(BLOCK_ON(&executor, busy, &stop, -1), 0);

    stop = false;
    cr_assert_eq(pipe(ends), 0);
    DETACH(SPAWN(&executor, pipe_reader, ends[0], &stop));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    cr_assert_gt(BLOCK_ON(&executor, busy, &stop, -1), 0);
    fut_executor_destroy(&executor);
}
Test(executor, a_busy_task_starves_neither_timers_nor_descriptors, .timeout = 60) { nobody_starves(false); }
Test(executor, a_busy_task_starves_nobody_with_a_lifo_slot, .timeout = 60) { nobody_starves(true); }

/* A descriptor that is always ready: a file. */
typedef struct file_waiter {
    ASYNC_FRAME(file_waiter, int, int fd; const bool *stop);
    fut_readable_t readable;
    int            i;
} file_waiter_t;
ASYNC(file_waiter) {
    ASYNC_BEGIN();
    for (self->i = 0; !*self->stop; self->i++) {
        if (self->i == 1000000) ASYNC_RETURN(-ETIMEDOUT);
        AWAIT(self->readable, fut_readable, self->fd);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}
Test(executor, waiting_for_a_file_that_is_always_ready_lets_others_run, .timeout = 60) {
    char path[] = "/tmp/libfuture-test-XXXXXX";
    int  fd     = mkstemp(path);
    bool stop   = false;

    cr_assert_geq(fd, 0);
    unlink(path);
    open_quietly();
    DETACH(SPAWN(&executor, stop_after, 3, &stop));
    cr_assert_eq(BLOCK_ON(&executor, file_waiter, fd, &stop), 0);
    fut_executor_destroy(&executor);
}
