/* Nothing can ever run again: said at once, with who waits for what. */
#define _GNU_SOURCE
#include "kit.h"

/* ---- Said ---------------------------------------------------------------------------------------------------- */

Test(executor, waiting_for_what_nobody_can_do_is_a_deadlock_and_the_future_is_dropped) {
    fut_test_event_t event = {0};
    listener_t       slot;

    open_quietly();
    START(slot, listener, "a", &event);
    cr_assert_eq(fut_block_on(&executor, &slot.future), -EDEADLK);
    cr_assert(fut_test_said("a begins", "a ends"));
    cr_assert(fut_is_done(&slot.future));
    cr_assert_eq(slot.output, -ECANCELED);
    cr_assert_eq(event.drops, 1);
    cr_assert_eq(fut_executor_tasks(&executor), 0);
    cr_assert_eq(BLOCK_ON(&executor, listener, "b", &event), -EDEADLK);
    cr_assert(fut_test_said("b begins", "b ends"));
    cr_assert_eq(BLOCK_ON(&executor, answer, 3), 3, "the executor is as good as before");
    fut_executor_destroy(&executor);
}

Test(executor, run_finds_a_deadlock_and_leaves_the_tasks) {
    fut_test_event_t event = {0};

    open_quietly();
    DETACH(SPAWN(&executor, listener, "a", &event));
    cr_assert_eq(fut_executor_run(&executor), -EDEADLK);
    cr_assert_eq(fut_executor_tasks(&executor), 1);
    fut_test_event_fire(&event, 3);
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert(fut_test_said("a begins", "a got 3", "a ends"));
    fut_executor_destroy(&executor);
}

typedef struct waits_for {
    ASYNC_FRAME(waits_for, int, struct waits_for_join **other);
} waits_for_t;
ASYNC(waits_for) {
    ASYNC_BEGIN();
    AWAIT(**self->other);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(executor, two_tasks_that_await_each_other_are_a_deadlock) {
    struct waits_for_join a, b, *to_a = &a, *to_b = &b;

    open_virtual();
    a = SPAWN(&executor, waits_for, &to_b);
    b = SPAWN(&executor, waits_for, &to_a);
    cr_assert_eq(fut_executor_run(&executor), -EDEADLK);
    close_virtual();
}

Test(executor, looking_once_is_never_a_deadlock) {
    fut_test_event_t event = {0};

    open_quietly();
    DETACH(SPAWN(&executor, listener, "a", &event));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    cr_assert_eq(fut_executor_turn(&executor), 0);
    fut_test_hush();
    fut_executor_destroy(&executor);
}

Test(executor, no_tasks_are_no_deadlock) {
    open_quietly();
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 0);
    cr_assert_eq(fut_executor_turn(&executor), 0);
    fut_executor_destroy(&executor);
}

/* ---- A wake may come from outside ---------------------------------------------------------------------------- */

/* Once for another thread, then for nobody. */
typedef struct outside_then {
    ASYNC_FRAME(outside_then, int, fut_test_event_t *event);
    outside_t       outside;
    fut_test_wait_t wait;
} outside_then_t;
ASYNC(outside_then) {
    ASYNC_BEGIN();
    AWAIT(self->outside, outside);
    fut_test_say("woken");
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(executor, a_cloned_waker_is_hope_until_it_is_dropped, .timeout = 60) {
    fut_test_event_t event = {0};

    open_quietly();
    cr_assert_eq(BLOCK_ON(&executor, outside_then, &event), -EDEADLK);
    cr_assert(fut_test_said("woken"));
    fut_executor_destroy(&executor);
    open_virtual();
    cr_assert_eq(BLOCK_ON(&executor, outside_then, &event), -EDEADLK);
    cr_assert(fut_test_said("woken"));
    close_virtual();
}

Test(executor, a_clone_dropped_after_its_executor_has_gone_leaves_the_next_one_as_it_was, .timeout = 60) {
    fut_test_event_t event = {0};
    fut_waker_t      clone;

    open_quietly();
    DETACH(SPAWN(&executor, listener, "a", &event));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    clone = fut_waker_clone(event.waker);
    fut_executor_destroy(&executor);
    open_quietly();
    fut_waker_drop(clone);
    cr_assert_eq(BLOCK_ON(&executor, listener, "b", &event), -EDEADLK);
    fut_test_hush();
    fut_executor_destroy(&executor);
}

/* ---- The report ---------------------------------------------------------------------------------------------- */

static char report[4096];

/* Run with stderr going to a file, and read that. */
static int run_and_read_report(void) {
    FILE  *file   = tmpfile();
    int    before = dup(STDERR_FILENO), answer;
    size_t length;
    cr_assert(file && before >= 0);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    answer = fut_executor_run(&executor);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    length         = fread(report, 1, sizeof report - 1, file);
    report[length] = '\0';
    fclose(file);
    return answer;
}

static int inner_line, outer_line;
typedef struct inner {
    ASYNC_FRAME(inner, int, fut_test_event_t *event);
    fut_test_wait_t wait;
} inner_t;
ASYNC(inner) {
    ASYNC_BEGIN();
    inner_line = __LINE__ + 1;
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct outer {
    ASYNC_FRAME(outer, int, fut_test_event_t *event);
    inner_t inner;
} outer_t;
ASYNC(outer) {
    ASYNC_BEGIN();
    outer_line = __LINE__ + 1;
    AWAIT(self->inner, inner, self->event);
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void assert_reported(const char *format, int line) {
    char expected[128];
    snprintf(expected, sizeof expected, format, line);
    cr_assert_not_null(strstr(report, expected), "\"%s\" is not in:\n%s", expected, report);
}

Test(executor, the_report_of_a_deadlock_names_every_function_with_file_and_line) {
    fut_test_event_t event = {0};

    open_with((fut_executor_options_t){0});
    DETACH(SPAWN(&executor, outer, &event));
    cr_assert_eq(run_and_read_report(), -EDEADLK);
    assert_reported("libfuture: deadlock: ", 0);
    assert_reported("fut_waker_clone", 0);
    assert_reported("\n    outer                 deadlock.c:%d\n", outer_line);
    assert_reported("\n    inner                 deadlock.c:%d\n", inner_line);
    assert_reported("\n    fut_test_wait", 0);
    fut_executor_destroy(&executor);
}

Test(executor, a_quiet_executor_reports_nothing) {
    fut_test_event_t event = {0};

    open_quietly();
    DETACH(SPAWN(&executor, outer, &event));
    cr_assert_eq(run_and_read_report(), -EDEADLK);
    cr_assert_str_empty(report);
    fut_executor_destroy(&executor);
}

Test(executor, an_executor_that_ends_well_reports_nothing) {
    open_with((fut_executor_options_t){0});
    DETACH(SPAWN(&executor, answer, 1));
    cr_assert_eq(run_and_read_report(), 0);
    cr_assert_str_empty(report);
    fut_executor_destroy(&executor);
}
