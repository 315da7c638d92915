/* BLOCK_ON: outputs, errors, and where it is refused. */
#include "kit.h"

/* ---- Outputs ------------------------------------------------------------------------------------------------- */

typedef struct give_void {
    ASYNC_FRAME(give_void, void);
} give_void_t;
ASYNC(give_void) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN();
    ASYNC_END();
}
typedef struct give_long {
    ASYNC_FRAME(give_long, long);
} give_long_t;
ASYNC(give_long) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN(sizeof(long) == 8 ? (long)(1LL << 40) : 77);
    ASYNC_END();
}
typedef struct give_llong {
    ASYNC_FRAME(give_llong, long long, long long value);
} give_llong_t;
ASYNC(give_llong) {
    ASYNC_BEGIN();
    ASYNC_RETURN(self->value);
    ASYNC_END();
}
typedef struct give_short {
    ASYNC_FRAME(give_short, short);
} give_short_t;
ASYNC(give_short) {
    ASYNC_BEGIN();
    ASYNC_RETURN(-12);
    ASYNC_END();
}
typedef struct point {
    int x, y, z;
} point_t;
typedef struct give_struct {
    ASYNC_FRAME(give_struct, point_t, int x);
} give_struct_t;
ASYNC(give_struct) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN((point_t){self->x, 2, 3});
    ASYNC_END();
}

Test(executor, block_on_yields_integers_and_zero_for_the_rest) {
    open_virtual();
    cr_assert_eq(BLOCK_ON(&executor, answer, 42), 42);
    cr_assert_eq(BLOCK_ON(&executor, answer, -EPIPE), -EPIPE);
    cr_assert_eq(BLOCK_ON(&executor, give_void), 0);
    cr_assert_eq(BLOCK_ON(&executor, give_long), sizeof(long) == 8 ? (long)(1LL << 40) : 77);
    cr_assert_eq(BLOCK_ON(&executor, give_llong, 1LL << 60), 1LL << 60);
    cr_assert_eq(BLOCK_ON(&executor, give_short), -12);
    cr_assert_eq(BLOCK_ON(&executor, give_struct, 1), 0);
    cr_assert_eq(sizeof(BLOCK_ON(&executor, give_llong, 0)), sizeof(long long));
    cr_assert_eq(fut_executor_tasks(&executor), 0);
    close_virtual();
}

Test(executor, any_output_is_in_the_slot_that_was_blocked_on) {
    give_struct_t slot;

    open_virtual();
    START(slot, give_struct, 1);
    cr_assert_eq(fut_block_on(&executor, &slot.future), 0);
    cr_assert(slot.output.x == 1 && slot.output.y == 2 && slot.output.z == 3);
    close_virtual();
}

Test(executor, a_future_that_is_done_is_not_run_again) {
    give_struct_t slot;

    open_virtual();
    START(slot, give_struct, 1);
    cr_assert_eq(fut_block_on(&executor, &slot.future), 0);
    slot.output.x = 9;
    cr_assert_eq(fut_block_on(&executor, &slot.future), 0);
    cr_assert_eq(slot.output.x, 9);
    close_virtual();
}

Test(executor, a_future_by_hand_can_be_blocked_on) {
    open_virtual();
    cr_assert_eq(BLOCK_ON(&executor, fut_test_after, 5, 55), 55);
    close_virtual();
}

Test(executor, block_on_runs_the_others_meanwhile_and_leaves_them_where_they_are) {
    open_virtual();
    DETACH(SPAWN(&executor, counter, "other", 5));
    cr_assert_eq(BLOCK_ON(&executor, counter, "mine", 2), 2);
    cr_assert(fut_test_said("other1", "mine1", "other2", "mine2"));
    cr_assert_eq(fut_executor_tasks(&executor), 1);
    cr_assert_eq(BLOCK_ON(&executor, counter, "mine", 1), 1);
    cr_assert(fut_test_said("other3", "mine1"));
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert(fut_test_said("other4", "other5"));
    close_virtual();
}

Test(executor, block_on_waits_for_another_thread, .timeout = 60) {
    open_quietly();
    for (int i = 0; i < 20; i++) cr_assert_eq(BLOCK_ON(&executor, outside), 0);
    fut_executor_destroy(&executor);
}

/* ---- From inside a poll -------------------------------------------------------------------------------------- */

static fut_executor_t other;

typedef struct nested {
    ASYNC_FRAME(nested, int);
} nested_t;
ASYNC(nested) {
    ASYNC_BEGIN();
    cr_assert_eq(BLOCK_ON(&executor, counter, "never", 1), -EBUSY);
    cr_assert_eq(fut_executor_run(&executor), -EBUSY);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), -EBUSY);
    cr_assert_eq(fut_executor_turn(&executor), -EBUSY);
    cr_assert_eq(BLOCK_ON(&other, counter, "never", 1), -EBUSY, "another executor would block this one");
    cr_assert_eq(fut_executor_run(&other), -EBUSY);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(executor, block_on_inside_a_poll_is_refused) {
    open_quietly();
    cr_assert_eq(fut_executor_init(&other, NULL), 0);
    cr_assert_eq(BLOCK_ON(&executor, nested), 0);
    cr_assert_eq(fut_executor_tasks(&executor), 0);
    cr_assert_eq(fut_executor_tasks(&other), 0);
    DETACH(SPAWN(&executor, nested));
    cr_assert_eq(fut_executor_turn(&executor), 0);
    cr_assert(fut_test_said(NULL));
    cr_assert_eq(BLOCK_ON(&other, counter, "after", 1), 1, "and afterwards it is allowed again");
    cr_assert(fut_test_said("after1"));
    fut_executor_destroy(&other);
    fut_executor_destroy(&executor);
}

/* A turn of another executor does not block. */
typedef struct turns_other {
    ASYNC_FRAME(turns_other, int);
} turns_other_t;
ASYNC(turns_other) {
    ASYNC_BEGIN();
    while (fut_executor_turn(&other) > 0) YIELD();
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(executor, a_task_may_turn_another_executor) {
    open_quietly();
    cr_assert_eq(fut_executor_init(&other, NULL), 0);
    DETACH(SPAWN(&other, counter, "b", 3));
    DETACH(SPAWN(&executor, counter, "a", 3));
    cr_assert_eq(BLOCK_ON(&executor, turns_other), 0);
    cr_assert(fut_test_said("a1", "b1", "a2", "b2", "a3", "b3"));
    fut_executor_destroy(&other);
    fut_executor_destroy(&executor);
}

/* ---- From another thread ------------------------------------------------------------------------------------- */

static void *run_too(void *answers) {
    ((int *)answers)[0] = fut_executor_run(&executor);
    ((int *)answers)[1] = fut_executor_turn(&executor);
    ((int *)answers)[2] = BLOCK_ON(&executor, counter, "never", 1);
    return NULL;
}
typedef struct shared {
    ASYNC_FRAME(shared, int, int *answers);
} shared_t;
ASYNC(shared) {
    ASYNC_BEGIN();
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_too, self->answers) != 0) ASYNC_RETURN(-1);
    pthread_join(thread, NULL);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(executor, running_an_executor_that_another_thread_runs_is_refused) {
    int answers[3] = {0};

    open_quietly();
    cr_assert_eq(BLOCK_ON(&executor, shared, answers), 0);
    cr_assert_eq(answers[0], -EBUSY);
    cr_assert_eq(answers[1], -EBUSY);
    fut_executor_destroy(&executor);
}

Test(executor, blocking_on_an_executor_that_another_thread_runs_is_refused) {
    int answers[3] = {0};

    open_quietly();
    cr_assert_eq(BLOCK_ON(&executor, shared, answers), 0);
    cr_assert_eq(answers[2], -EBUSY);
    fut_executor_destroy(&executor);
}

/* ---- Memory -------------------------------------------------------------------------------------------------- */

Test(executor, block_on_without_memory_is_ENOMEM) {
    give_struct_t slot;

    counting_begin();
    open_quietly();
    counting.refuse_all = true;
    cr_assert_eq(BLOCK_ON(&executor, answer, 1), -ENOMEM);
    START(slot, give_struct, 1);
    cr_assert_eq(fut_block_on(&executor, &slot.future), -ENOMEM);
    counting.refuse_all = false;
    cr_assert_eq(BLOCK_ON(&executor, answer, 1), 1);
    fut_executor_destroy(&executor);
}
