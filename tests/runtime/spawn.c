/* Tasks begin and end: from inside, from outside, on a worker of one's choice; their outputs, and what is refused. */
#include "kit.h"

Test(runtime, block_on_gives_the_output) {
    open_workers(2);
    cr_assert_eq(BLOCK_ON(&runtime, answer, 42, 3), 42);
    cr_assert_eq(BLOCK_ON(&runtime, answer, -EIO, 0), -EIO);
    cr_assert_eq(fut_runtime_tasks(&runtime), 0);
    shut();
}

Test(runtime, the_defaults_are_one_worker_for_each_core) {
    cpu_set_t cores;
    cr_assert_eq(sched_getaffinity(0, sizeof cores, &cores), 0);
    cr_assert_eq(fut_runtime_init(&runtime, NULL), 0);
    cr_assert_eq(fut_runtime_workers(&runtime), (unsigned)CPU_COUNT(&cores));
    cr_assert_eq(BLOCK_ON(&runtime, answer, 1, 1), 1);
    shut();
}

Test(runtime, one_worker_is_enough) {
    open_workers(1);
    for (int i = 0; i < 100; i++) cr_assert_eq(BLOCK_ON(&runtime, answer, i, i % 3), i);
    shut();
}

Test(runtime, the_most_workers_that_there_may_be) {
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 255}), -EINVAL);
    open_with((fut_runtime_options_t){.workers = 254, .stack_size = 64 * 1024});
    cr_assert_eq(fut_runtime_workers(&runtime), 254);
    for (unsigned i = 0; i < 254; i++) {
        struct where_join handle = SPAWN_ON(&runtime, i, where);
        cr_assert_eq(WAIT(handle), (int)i);
    }
    shut();
}

Test(runtime, it_may_be_begun_and_ended_again_and_again) {
    for (unsigned i = 0; i < 30; i++) {
        open_workers(i % 3 + 1);
        cr_assert_eq(fut_runtime_workers(&runtime), i % 3 + 1);
        cr_assert_eq(BLOCK_ON(&runtime, answer, 7, 1), 7);
        shut();
        fut_runtime_destroy(&runtime); /* once more does nothing */
    }
}

typedef struct family {
    ASYNC_FRAME(family, long, int depth);
    struct family_join left, right;
} family_t;
ASYNC(family) {
    ASYNC_BEGIN();
    if (self->depth == 0) ASYNC_RETURN(1);
    self->left  = SPAWN(fut_runtime_of(cx), family, self->depth - 1);
    self->right = SPAWN(fut_runtime_of(cx), family, self->depth - 1);
    AWAIT_TRY(self->left);
    AWAIT_TRY(self->right);
    ASYNC_RETURN(self->left.output + self->right.output);
    ASYNC_END();
}

Test(runtime, tasks_spawn_tasks_and_await_them) {
    open_workers(2);
    cr_assert_eq(BLOCK_ON(&runtime, family, 12), 1L << 12);
    cr_assert_eq(fut_runtime_tasks(&runtime), 0);
    shut();
}

Test(runtime, two_runtimes_at_a_time) {
    fut_runtime_t      second;
    struct answer_join a, b;
    open_workers(1);
    cr_assert_eq(fut_runtime_init(&second, &(fut_runtime_options_t){.workers = 1}), 0);
    a = SPAWN(&runtime, answer, 1, 5);
    b = SPAWN(&second, answer, 2, 5);
    cr_assert_eq(WAIT(a), 1);
    cr_assert_eq(WAIT(b), 2);
    fut_runtime_destroy(&second);
    cr_assert_eq(BLOCK_ON(&runtime, answer, 3, 1), 3);
    shut();
}

/* ---- Futures of every kind ------------------------------------------------------------------------------------- */

typedef struct large {
    ASYNC_FRAME(large, int);
    char locals[5000];
} large_t;
ASYNC(large) {
    ASYNC_BEGIN();
    memset(self->locals, 7, sizeof self->locals);
    YIELD();
    for (size_t i = 0; i < sizeof self->locals; i++)
        if (self->locals[i] != 7) ASYNC_RETURN(-EIO);
    ASYNC_RETURN(0);
    ASYNC_END();
}

typedef struct aligned {
    ASYNC_FRAME(aligned, int);
    _Alignas(64) char line[64];
} aligned_t;
ASYNC(aligned) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN((int)((uintptr_t)self->line % 64));
    ASYNC_END();
}

typedef struct pair {
    double x, y;
} pair_t;
typedef struct two {
    ASYNC_FRAME(two, pair_t, double x);
} two_t;
ASYNC(two) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN(((pair_t){self->x, 2 * self->x}));
    ASYNC_END();
}

typedef struct by_hand {
    FUT_FUTURE(by_hand, int, int polls);
    int polled;
} by_hand_t;
static fut_poll_t by_hand_poll(by_hand_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) self->polled = 0;
    if (self->polled++ < self->polls) {
        fut_wake(fut_context_waker(cx));
        return fut_pending(&self->future);
    }
    self->output = self->polled;
    return fut_ready(&self->future);
}
FUT_DEFINE(by_hand);

Test(runtime, futures_of_any_size_alignment_and_kind_are_tasks) {
    large_t             slot;
    struct large_join   large_handle;
    struct two_join     pair_handle;
    struct by_hand_join hand;
    open_workers(2);
    for (int i = 0; i < 10; i++) {
        struct aligned_join handle = SPAWN(&runtime, aligned);
        cr_assert_eq(WAIT(handle), 0);
        large_handle = SPAWN(&runtime, large);
        cr_assert_eq(WAIT(large_handle), 0);
    }
    pair_handle = SPAWN(&runtime, two, 1.5);
    cr_assert_eq(fut_wait_on_thread(&pair_handle.join.future), 0);
    cr_assert_eq(pair_handle.output.x + pair_handle.output.y, 4.5);
    hand = SPAWN(&runtime, by_hand, 3);
    cr_assert_eq(WAIT(hand), 4);
    large_handle = SPAWN_IN(&runtime, slot, large);
    cr_assert_eq(WAIT(large_handle), 0);
    cr_assert_eq(slot.output, 0);
    cr_assert_eq(BLOCK_ON(&runtime, large), 0);
    shut();
}

/* ---- What is refused ------------------------------------------------------------------------------------------- */

typedef struct blocks_inside {
    ASYNC_FRAME(blocks_inside, int);
} blocks_inside_t;
ASYNC(blocks_inside) {
    ASYNC_BEGIN();
    ASYNC_RETURN(BLOCK_ON(&runtime, answer, 1, 0));
    ASYNC_END();
}

typedef struct shuts_inside {
    ASYNC_FRAME(shuts_inside, int);
} shuts_inside_t;
ASYNC(shuts_inside) {
    ASYNC_BEGIN();
    ASYNC_RETURN(fut_runtime_shutdown(&runtime, -1));
    ASYNC_END();
}

Test(runtime, a_worker_that_would_wait_for_itself_is_EBUSY) {
    open_workers(1);
    cr_assert_eq(BLOCK_ON(&runtime, blocks_inside), -EBUSY);
    cr_assert_eq(BLOCK_ON(&runtime, shuts_inside), -EBUSY);
    cr_assert_eq(BLOCK_ON(&runtime, answer, 5, 1), 5, "and it goes on");
    shut();
}

Test(runtime, a_worker_that_does_not_exist_is_EINVAL) {
    struct answer_join handle;
    open_workers(2);
    handle = SPAWN_ON(&runtime, 2, answer, 1, 0);
    cr_assert_eq(handle.join.status, -EINVAL);
    cr_assert_eq(WAIT(handle), -EINVAL);
    handle = SPAWN_ON(&runtime, 1, answer, 1, 0);
    cr_assert_eq(WAIT(handle), 1);
    shut();
}

/* ---- Who am I? ------------------------------------------------------------------------------------------------- */

typedef struct looks {
    ASYNC_FRAME(looks, int, fut_runtime_t *other);
} looks_t;
ASYNC(looks) {
    ASYNC_BEGIN();
    if (fut_runtime_of(cx) != &runtime) ASYNC_RETURN(-1);
    if (fut_executor_of(cx) != NULL) ASYNC_RETURN(-2);
    if (fut_runtime_worker(self->other) != -1) ASYNC_RETURN(-3);
    if (fut_runtime_tasks(&runtime) != 1) ASYNC_RETURN(-4);
    ASYNC_RETURN(fut_runtime_worker(&runtime));
    ASYNC_END();
}

typedef struct of_another {
    ASYNC_FRAME(of_another, int);
} of_another_t;
ASYNC(of_another) {
    ASYNC_BEGIN();
    ASYNC_RETURN(fut_runtime_of(cx) == NULL);
    ASYNC_END();
}

Test(runtime, a_task_knows_its_runtime_and_worker_and_nobody_elses) {
    fut_runtime_t  other;
    fut_executor_t executor;
    open_workers(1);
    cr_assert_eq(fut_runtime_init(&other, &(fut_runtime_options_t){.workers = 1}), 0);
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(BLOCK_ON(&runtime, looks, &other), 0);
    cr_assert_eq(fut_runtime_worker(&runtime), -1, "this thread is none");
    cr_assert_eq(BLOCK_ON(&executor, of_another), 1);
    fut_executor_destroy(&executor);
    fut_runtime_destroy(&other);
    shut();
}
