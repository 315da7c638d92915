/* A pool ends in whatever state it is, and whoever still holds a future of it. */
#include "kit.h"

static fut_test_waker_t woken;

/* ---- With something in every phase -------------------------------------------------------------------- */

static hold_t first;
static add_t  queued, waiting, done;
static gate_t gate;

static void fill_pool(void) {
    open_pool(1, 1);
    ON(done, add, 1, 2);
    if (POLL(done, woken) == FUT_PENDING) UNTIL(counts().ended == 1);
    occupy(&first, &gate, &woken);
    ON(queued, add, 1, 2);
    cr_pending(queued, woken);
    ON(waiting, add, 1, 2);
    cr_pending(waiting, woken);
}

Test(blocking, closing_ends_what_has_not_begun_and_tells_what_runs) {
    add_t late;
    fill_pool();
    fut_pool_close(&pool);
    fut_pool_close(&pool);
    cr_ready(queued, woken, -ECANCELED);
    cr_ready(waiting, woken, -ECANCELED);
    cr_assert_eq(queued.blocking.status, -ECANCELED);
    cr_ready(done, woken, 3);
    cr_pending(first, woken);
    ON(late, add, 1, 2);
    cr_ready(late, woken, -ECANCELED);
    fut_event_set(&gate.open);
    cr_wait(first, -7);
    close_pool();
    cr_assert_eq(woken.clones, woken.drops);
    ON(late, add, 1, 2);
    cr_ready(late, woken, -ECANCELED); /* destroyed */
}

Test(blocking, who_waits_is_woken_when_the_pool_closes) {
    fut_test_waker_t in_queue = {0}, in_line = {0};
    fill_pool();
    cr_pending(queued, in_queue);
    cr_pending(waiting, in_line);
    fut_pool_close(&pool);
    cr_assert_eq(LOAD(in_queue.wakes), 1);
    cr_assert_eq(LOAD(in_line.wakes), 1);
    fut_drop(&queued.future);
    fut_drop(&waiting.future);
    fut_drop(&first.future);
    fut_drop(&done.future);
    fut_event_set(&gate.open);
    close_pool();
}

Test(blocking, patience_ends_and_what_is_left_has_a_name) {
    fut_pool_running_t left[2];
    fill_pool();
    cr_assert_eq(fut_pool_running(&pool, left, 0), 1);
    cr_assert_eq(fut_pool_destroy(&pool, 0), -ETIMEDOUT);
    cr_assert_eq(fut_pool_destroy(&pool, FUT_US(100)), -ETIMEDOUT);
    cr_assert_eq(fut_pool_running(&pool, left, 2), 1);
    cr_assert_str_eq(left[0].name, "hold");
    cr_assert(strstr(left[0].file, "kit.h") && left[0].line > 0);
    cr_assert(left[0].since > 0 && left[0].cancelled && !left[0].detached);
    fut_drop(&first.future);
    cr_assert_eq(fut_pool_running(&pool, left, 2), 1);
    cr_assert(left[0].detached);
    fut_drop(&queued.future);
    fut_drop(&waiting.future);
    fut_drop(&done.future);
    fut_event_set(&gate.open);
    close_pool();
    cr_assert_eq(fut_pool_running(&pool, left, 2), 0);
    cr_assert_eq(woken.clones, woken.drops);
}

Test(blocking, futures_may_outlive_the_pool) {
    fill_pool();
    fut_event_set(&gate.open);
    cr_assert_eq(fut_pool_destroy(&pool, FUT_FOREVER), 0);
    cr_assert_eq(fut_pool_destroy(&pool, FUT_FOREVER), 0); /* there is none: nothing to do */
    cr_assert_eq(POLL(first, woken), FUT_READY);
    cr_assert(first.output == 7 || first.output == -7);
    cr_assert_eq(POLL(queued, woken), FUT_READY);
    fut_drop(&waiting.future);
    cr_ready(done, woken, 3);
    cr_assert_eq(LOAD(blocks), 0);
    cr_assert_eq(woken.clones, woken.drops);
}

static int  stopped; /* atomic */
static void on_stop(void *data) {
    (void)data;
    ADD(stopped, 1);
}
Test(blocking, an_abandoned_pool_ends_by_itself) {
    const fut_pool_options_t options = {.threads = 1, .on_stop = on_stop};
    count_memory();
    cr_assert_eq(fut_pool_init(&pool, &options), 0);
    occupy(&first, &gate, &woken);
    cr_assert_eq(fut_pool_destroy(&pool, 0), -ETIMEDOUT);
    fut_drop(&first.future);
    fut_pool_abandon(&pool);
    fut_pool_abandon(&pool);
    cr_assert_eq(fut_pool_destroy(&pool, FUT_FOREVER), 0);
    cr_assert_gt(LOAD(blocks), 0);
    fut_event_set(&gate.open);
    UNTIL(LOAD(blocks) == 0);
    cr_assert_eq(LOAD(stopped), 1);
}
Test(blocking, an_abandoned_pool_without_threads_is_freed_at_once) {
    add_t slot;
    open_pool(2, 0);
    ON(slot, add, 1, 2);
    cr_wait(slot, 3);
    fut_pool_abandon(&pool);
    UNTIL(LOAD(blocks) == 0);
}

typedef struct suicide {
    JOB_FRAME(suicide, int, fut_pool_t *pool);
} suicide_t;
JOB(suicide) { return fut_pool_destroy(args->pool, FUT_FOREVER); }
Test(blocking, a_job_cannot_wait_for_its_own_end) {
    suicide_t slot;
    open_pool(1, 0);
    ON(slot, suicide, &pool);
    cr_wait(slot, -EDEADLK);
    close_pool();
}

static int  answers, refusals; /* atomic: to how many calls; how many were -EDEADLK */
static void destroy_from_within(void) {
    ADD(refusals, fut_pool_destroy(&pool, FUT_MS(1)) == -EDEADLK);
    ADD(answers, 1);
}
static void stop_and_destroy(void *data) {
    (void)data;
    destroy_from_within();
}
static void discard_and_destroy(int output) {
    (void)output;
    destroy_from_within();
}
typedef struct unwanted {
    JOB_FRAME(unwanted, int, gate_t *gate);
} unwanted_t;
JOB_DISCARDING(unwanted, discard_and_destroy) {
    fut_event_set(&args->gate->entered);
    return fut_event_wait_blocking(&args->gate->open);
}
Test(blocking, neither_a_discard_nor_a_hook_can_wait_for_its_own_thread) {
    unwanted_t slot;
    count_memory();
    gate_init(&gate);
    cr_assert_eq(fut_pool_init(&pool, &(fut_pool_options_t){.threads = 1, .on_stop = stop_and_destroy}), 0);
    ON(slot, unwanted, &gate);
    cr_pending(slot, woken);
    cr_assert_eq(fut_event_wait_blocking(&gate.entered), 0);
    fut_drop(&slot.future);
    fut_event_set(&gate.open);
    UNTIL(LOAD(answers) == 2); /* the first one has closed the pool, so the thread ends */
    close_pool();
    cr_assert_eq(LOAD(refusals), 2);
}

Test(blocking, the_pool_of_the_process_is_made_again_after_its_end) {
    add_t slot;
    count_memory();
    for (int i = 0; i < 3; i++) {
        START(slot, add, i, 1);
        cr_wait(slot, i + 1);
        cr_assert_eq(fut_pool_default(), fut_pool_default());
        cr_assert_eq(fut_pool_destroy(fut_pool_default(), FUT_FOREVER), 0);
    }
    cr_assert_eq(LOAD(blocks), 0);
}

/* ---- An executor that goes away ------------------------------------------------------------------------- */

typedef struct worker {
    ASYNC_FRAME(worker, int, gate_t *gate);
    hold_t hold;
} worker_t;
ASYNC(worker) {
    ASYNC_BEGIN();
    BLOCKING_ON(&pool, self->hold, hold, self->gate, 1);
    ASYNC_RETURN(0);
    ASYNC_END();
}
Test(blocking, an_executor_may_be_destroyed_while_its_jobs_run_and_their_wakes_find_nobody) {
    fut_executor_t executor;
    cr_assert_eq(fut_pool_init(&pool, &(fut_pool_options_t){.threads = 1, .queue = 1}), 0);
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    gate_init(&gate);
    for (int i = 0; i < 3; i++) DETACH(SPAWN(&executor, worker, &gate));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 3);
    cr_assert_eq(fut_event_wait_blocking(&gate.entered), 0);
    fut_executor_destroy(&executor);
    fut_event_set(&gate.open);
    cr_assert_eq(fut_pool_destroy(&pool, FUT_FOREVER), 0);
    cr_assert_eq(LOAD(gate.runs), 1);
    cr_assert_eq(LOAD(gate.stops), 1);
}
