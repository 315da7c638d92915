/* Living inside another loop: turn, deadline, descriptor. */
#define _GNU_SOURCE
#include <poll.h>

#include <sys/epoll.h>

#include "kit.h"

static bool is_readable(int fd) {
    struct pollfd poll_fd = {fd, POLLIN, 0};
    return poll(&poll_fd, 1, 0) == 1;
}
/* What the loop around waits for: at most ten seconds, which are never needed. */
static bool becomes_readable(int fd) {
    struct pollfd poll_fd = {fd, POLLIN, 0};
    return poll(&poll_fd, 1, 10000) == 1;
}
static void assert_nothing_to_do(void) {
    cr_assert_eq(fut_executor_deadline(&executor), FUT_NEVER);
    cr_assert_not(is_readable(fut_executor_fd(&executor)));
}

/* ---- turn ---------------------------------------------------------------------------------------------------- */

Test(executor, a_turn_polls_everyone_who_is_ready_once) {
    open_quietly();
    DETACH(SPAWN(&executor, counter, "a", 3));
    DETACH(SPAWN(&executor, counter, "b", 2));
    cr_assert_eq(fut_executor_turn(&executor), 1);
    cr_assert(fut_test_said("a1", "b1"));
    cr_assert_eq(fut_executor_turn(&executor), 1);
    cr_assert(fut_test_said("a2", "b2"));
    cr_assert_eq(fut_executor_turn(&executor), 0);
    cr_assert(fut_test_said("a3"));
    cr_assert_eq(fut_executor_turn(&executor), 0);
    cr_assert(fut_test_said(NULL));
    fut_executor_destroy(&executor);
}

Test(executor, a_task_that_wakes_itself_gets_one_poll_a_turn) {
    open_quietly();
    DETACH(SPAWN(&executor, fut_test_after, 3, 0));
    for (int i = 0; i < 3; i++) cr_assert_eq(fut_executor_turn(&executor), 1);
    cr_assert_eq(fut_executor_turn(&executor), 0);
    fut_executor_destroy(&executor);
}

/* A million times, lest a turn that does not end hang the test. */
Test(executor, a_turn_comes_to_an_end_with_a_lifo_slot_too) {
    int turns = 0;

    open_with((fut_executor_options_t){.lifo = true});
    DETACH(SPAWN(&executor, fut_test_after, 1000000, 0));
    while (turns < 100 && fut_executor_turn(&executor) == 1) turns++;
    cr_assert_eq(turns, 100, "a task that wakes itself ran to its end in %d turns", turns);
    fut_executor_destroy(&executor);
}

Test(executor, a_turn_never_blocks) {
    fut_test_event_t event = {0};

    open_quietly();
    DETACH(SPAWN(&executor, listener, "a", &event));
    DETACH(SPAWN(&executor, fut_sleep, FUT_S(1000)));
    for (int i = 0; i < 10; i++) cr_assert_eq(fut_executor_turn(&executor), 0);
    fut_test_hush();
    fut_executor_destroy(&executor);
}

/* ---- deadline ------------------------------------------------------------------------------------------------ */

Test(executor, the_deadline_is_now_or_the_next_timer_or_never) {
    fut_instant_t start;

    open_virtual();
    start = executor.driver->vtable->now(executor.driver);
    cr_assert_eq(fut_executor_deadline(&executor), FUT_NEVER);
    DETACH(SPAWN(&executor, fut_sleep, FUT_MS(20)));
    DETACH(SPAWN(&executor, fut_sleep, FUT_MS(10)));
    cr_assert_eq(fut_executor_deadline(&executor), FUT_NOW);
    cr_assert_eq(fut_executor_turn(&executor), 0);
    cr_assert_eq(fut_executor_deadline(&executor), start + FUT_MS(10));
    fut_virtual_clock_advance(virtual_clock, FUT_MS(10));
    cr_assert_eq(fut_executor_turn(&executor), 0);
    cr_assert_eq(fut_executor_deadline(&executor), start + FUT_MS(20));
    cr_assert_eq(fut_executor_tasks(&executor), 1);
    fut_virtual_clock_advance(virtual_clock, FUT_S(1));
    cr_assert_eq(fut_executor_turn(&executor), 0);
    cr_assert_eq(fut_executor_deadline(&executor), FUT_NEVER);
    cr_assert_eq(fut_executor_tasks(&executor), 0);
    close_virtual();
}

/* ---- descriptor ---------------------------------------------------------------------------------------------- */

Test(executor, a_driver_without_a_descriptor_has_none) {
    open_virtual();
    cr_assert_eq(fut_executor_fd(&executor), -ENOTSUP);
    close_virtual();
}

Test(executor, the_descriptor_is_readable_when_something_was_spawned) {
    open_quietly();
    cr_assert_eq(fut_executor_turn(&executor), 0);
    assert_nothing_to_do();
    DETACH(SPAWN(&executor, answer, 1));
    cr_assert(is_readable(fut_executor_fd(&executor)));
    cr_assert_eq(fut_executor_turn(&executor), 0);
    assert_nothing_to_do();
    fut_executor_destroy(&executor);
}

Test(executor, the_descriptor_is_readable_when_a_task_was_woken_or_cancelled_between_two_turns) {
    fut_test_event_t     event = {0};
    struct listener_join handle;

    open_quietly();
    handle = SPAWN(&executor, listener, "a", &event);
    cr_assert_eq(fut_executor_turn(&executor), 0);
    assert_nothing_to_do();
    for (int i = 0; i < 3; i++) {
        fut_wake(event.waker);
        fut_wake(event.waker);
        cr_assert(is_readable(fut_executor_fd(&executor)));
        cr_assert_eq(fut_executor_deadline(&executor), FUT_NOW);
        cr_assert_eq(fut_executor_turn(&executor), 0);
        assert_nothing_to_do();
    }
    fut_join_cancel(&handle.join);
    cr_assert(is_readable(fut_executor_fd(&executor)));
    cr_assert_eq(fut_executor_turn(&executor), 0);
    cr_assert(fut_test_said("a begins", "a ends"));
    assert_nothing_to_do();
    DETACH(handle);
    fut_executor_destroy(&executor);
}

Test(executor, the_descriptor_becomes_readable_when_another_thread_wakes, .timeout = 60) {
    open_quietly();
    for (int i = 0; i < 20; i++) {
        int more;
        DETACH(SPAWN(&executor, outside));
        more = fut_executor_turn(&executor);
        while (fut_executor_tasks(&executor) > 0) { /* the wake may come at any moment, also inside of a turn */
            if (more == 0) cr_assert(becomes_readable(fut_executor_fd(&executor)));
            more = fut_executor_turn(&executor);
            cr_assert_geq(more, 0);
        }
        cr_assert_eq(fut_executor_turn(&executor), 0, "the bell may have come late");
        assert_nothing_to_do();
    }
    fut_executor_destroy(&executor);
}

typedef struct reads {
    ASYNC_FRAME(reads, int, int fd);
    fut_read_t read;
    char       byte;
} reads_t;
ASYNC(reads) {
    ASYNC_BEGIN();
    AWAIT_TRY(self->read, fut_read, self->fd, &self->byte, 1);
    ASYNC_RETURN(self->byte);
    ASYNC_END();
}

Test(executor, the_descriptor_is_readable_when_one_that_is_waited_for_is) {
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    open_quietly();
    DETACH(SPAWN(&executor, reads, ends[0]));
    cr_assert_eq(fut_executor_turn(&executor), 0);
    assert_nothing_to_do();
    cr_assert_eq(write(ends[1], "x", 1), 1);
    cr_assert(is_readable(fut_executor_fd(&executor)));
    cr_assert_eq(fut_executor_turn(&executor), 0);
    cr_assert_eq(fut_executor_tasks(&executor), 0);
    assert_nothing_to_do();
    fut_executor_destroy(&executor);
}

/* All of it at once: somebody else's epoll loop. */
Test(executor, an_executor_lives_in_a_foreign_epoll_loop, .timeout = 60) {
    int                ends[2], loop = epoll_create1(0), turns = 0;
    struct epoll_event event = {.events = EPOLLIN};

    cr_assert_eq(pipe(ends), 0);
    open_quietly();
    cr_assert_eq(epoll_ctl(loop, EPOLL_CTL_ADD, fut_executor_fd(&executor), &event), 0);
    DETACH(SPAWN(&executor, outside));
    DETACH(SPAWN(&executor, fut_sleep, FUT_MS(5)));
    DETACH(SPAWN(&executor, counter, "a", 3));
    DETACH(SPAWN(&executor, reads, ends[0]));
    while (fut_executor_tasks(&executor) > 0 && turns < 10000) {
        fut_instant_t deadline = fut_executor_deadline(&executor), now = executor.driver->vtable->now(executor.driver);
        int timeout = deadline == FUT_NEVER ? 1000 : deadline <= now ? 0 : (int)((deadline - now) / 1000000) + 1;
        cr_assert_geq(epoll_wait(loop, &event, 1, timeout), 0);
        cr_assert_geq(fut_executor_turn(&executor), 0);
        if (turns++ == 5) cr_assert_eq(write(ends[1], "x", 1), 1);
    }
    cr_assert_eq(fut_executor_tasks(&executor), 0);
    cr_assert_lt(turns, 100, "it spins");
    cr_assert(fut_test_said("a1", "a2", "a3"));
    fut_executor_destroy(&executor);
    close(loop);
}

/* ---- Two in one thread --------------------------------------------------------------------------------------- */

/* Plays with a task of the other executor. */
typedef struct player {
    ASYNC_FRAME(player, int, const char *name; fut_test_event_t *mine; fut_test_event_t *others; int rounds);
    fut_test_wait_t wait;
    int             i;
} player_t;
ASYNC(player) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->rounds; self->i++) {
        AWAIT(self->wait, fut_test_wait, self->mine);
        fut_test_say("%s", self->name);
        fut_test_event_fire(self->others, 0);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(executor, two_executors_in_one_thread_wake_each_other) {
    fut_executor_t   other;
    fut_test_event_t a = {0}, b = {0};

    open_quietly();
    cr_assert_eq(fut_executor_init(&other, NULL), 0);
    DETACH(SPAWN(&executor, player, "a", &a, &b, 3));
    DETACH(SPAWN(&other, player, "b", &b, &a, 3));
    fut_test_event_fire(&a, 0);
    for (int i = 0; i < 4; i++) {
        cr_assert_geq(fut_executor_turn(&executor), 0);
        cr_assert_geq(fut_executor_turn(&other), 0);
    }
    cr_assert(fut_test_said("a", "b", "a", "b", "a", "b"));
    cr_assert_eq(fut_executor_tasks(&executor), 0);
    cr_assert_eq(fut_executor_tasks(&other), 0);
    fut_executor_destroy(&other);
    fut_executor_destroy(&executor);
}

Test(executor, an_executor_runs_on_a_borrowed_reactor) {
    fut_reactor_t *reactor = fut_reactor_new();
    int            ends[2];

    cr_assert_eq(pipe(ends), 0);
    cr_assert_not_null(reactor);
    for (int i = 0; i < 3; i++) {
        open_with((fut_executor_options_t){.driver = fut_reactor_driver(reactor)});
        cr_assert_eq(write(ends[1], "x", 1), 1);
        cr_assert_eq(BLOCK_ON(&executor, reads, ends[0]), 'x');
        cr_assert_eq(BLOCK_ON(&executor, outside), 0);
        DETACH(SPAWN(&executor, answer, 1));
        cr_assert(is_readable(fut_reactor_fd(reactor)) || fut_executor_deadline(&executor) == FUT_NOW);
        cr_assert_eq(fut_executor_run(&executor), 0);
        fut_executor_destroy(&executor);
    }
    fut_reactor_free(reactor);
}
