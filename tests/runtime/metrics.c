/* Every counter counts what its name says. */
#include "kit.h"

static fut_runtime_metrics_t metrics;
static fut_worker_metrics_t  each[4];

static void     look(void) { fut_runtime_metrics(&runtime, &metrics, each, 4); }
static uint64_t polls_timed(const fut_worker_metrics_t *worker) {
    uint64_t sum = 0;
    for (int i = 0; i < FUT_POLL_TIMES; i++) sum += worker->poll_times[i];
    return sum;
}

/* Outputs are known a moment before their tasks have ended. */
static void until_polls(uint64_t least) {
    do look();
    while (metrics.total.polls < least || metrics.tasks > 0);
}

Test(runtime, each_poll_is_one_and_goes_into_one_bucket) {
    open_with((fut_runtime_options_t){.workers = 1, .time_polls = true});
    cr_assert_eq(BLOCK_ON(&runtime, answer, 1, 9), 1);
    until_polls(10);
    cr_assert_eq(metrics.total.polls, 10);
    cr_assert_eq(polls_timed(&metrics.total), 10);
    shut();
}

Test(runtime, the_histogram_is_by_powers_of_two) {
    struct hog_join handle;
    open_with((fut_runtime_options_t){.workers = 1, .time_polls = true});
    handle = SPAWN(&runtime, hog);
    until(&busy);
    usleep(3000);
    STORE(release, true);
    cr_assert_eq(WAIT(handle), 0);
    until_polls(1);
    for (int i = 0; i <= 11; i++)
        cr_assert_eq(metrics.total.poll_times[i], 0, "it took 3 ms at least, and 2^11 us is less");
    cr_assert_eq(polls_timed(&metrics.total), 1);
    shut();
}

Test(runtime, the_total_is_the_sum_and_there_may_be_less_room_than_workers) {
    uint64_t sum = 0;
    open_workers(3);
    for (unsigned i = 0; i < 3; i++) {
        struct answer_join handle = SPAWN_ON(&runtime, i, answer, 1, (int)i);
        cr_assert_eq(WAIT(handle), 1);
    }
    until_polls(6);
    cr_assert_eq(metrics.workers, 3);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(each[i].polls, (uint64_t)i + 1);
        sum += each[i].polls;
    }
    cr_assert_eq(sum, metrics.total.polls);
    each[1].polls = 77;
    fut_runtime_metrics(&runtime, &metrics, each, 1);
    cr_assert_eq(each[1].polls, 77);
    fut_runtime_metrics(&runtime, &metrics, NULL, 0);
    cr_assert_eq(metrics.total.polls, 6);
    shut();
}

/* One worker, which cannot get rid of anything: its queue overflows. */
typedef struct spawns {
    ASYNC_FRAME(spawns, int, int number);
} spawns_t;
ASYNC(spawns) {
    fut_runtime_metrics_t seen;
    ASYNC_BEGIN();
    for (int i = 0; i < self->number; i++) DETACH(SPAWN(&runtime, answer, i, 0));
    fut_runtime_metrics(&runtime, &seen, NULL, 0);
    ASYNC_RETURN((int)(seen.total.depth + seen.waiting + 10000 * (seen.tasks - seen.total.depth - seen.waiting)));
    ASYNC_END();
}

Test(runtime, a_full_queue_overflows_into_the_common_one) {
    open_workers(1);
    cr_assert_eq(BLOCK_ON(&runtime, spawns, 100), 100 + 10000, "a hundred are queued, and one is polled");
    until_polls(101);
    cr_assert_eq(metrics.total.overflows, 0);
    cr_assert_eq(BLOCK_ON(&runtime, spawns, 1000), 1000 + 10000);
    until_polls(101 + 1001);
    cr_assert_gt(metrics.total.overflows, 0);
    cr_assert_eq(metrics.tasks, 0);
    cr_assert_eq(metrics.waiting, 0);
    cr_assert_eq(metrics.total.depth, 0);
    shut();
}

/* Busy until the other worker has done all. It is told at the second one, the fourth and the eighth; of more it would only
 * hear after this poll, if it was asleep again by then. */
typedef struct steals {
    ASYNC_FRAME(steals, int);
} steals_t;
ASYNC(steals) {
    ASYNC_BEGIN();
    for (int i = 0; i < 8; i++) DETACH(SPAWN(&runtime, answer, 1, 0));
    do fut_runtime_metrics(&runtime, &metrics, each, 4);
    while (metrics.tasks > 1);
    ASYNC_RETURN(fut_runtime_worker(&runtime));
    ASYNC_END();
}

Test(runtime, what_a_busy_worker_has_spawned_is_stolen) {
    int busy_one;
    open_workers(2);
    busy_one = BLOCK_ON(&runtime, steals);
    cr_assert_eq(each[busy_one].stolen, 0);
    cr_assert_eq(each[1 - busy_one].stolen, 8);
    cr_assert_geq(each[1 - busy_one].steals, 4, "half of them at a time: 4, 2, 1, 1");
    shut();
}

Test(runtime, parks_and_searches_are_counted) {
    struct answer_join handle;
    open_with((fut_runtime_options_t){.workers = 1, .search = -1});
    do look();
    while (metrics.total.parks == 0);
    cr_assert_geq(metrics.total.searches, 1);
    handle = SPAWN(&runtime, answer, 1, 0);
    cr_assert_eq(WAIT(handle), 1);
    do look();
    while (metrics.total.parks < 2);
    shut();
}

typedef struct spends {
    FUT_FUTURE(spends, int, int times);
    int i;
} spends_t;
static fut_poll_t spends_poll(spends_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) self->i = 0;
    for (; self->i < self->times; self->i++)
        if (!fut_context_spend(cx)) return fut_pending(&self->future);
    self->output = 0;
    return fut_ready(&self->future);
}
FUT_DEFINE(spends);

Test(runtime, budgets_that_were_spent_are_counted) {
    open_with((fut_runtime_options_t){.workers = 1, .budget = 10});
    cr_assert_eq(BLOCK_ON(&runtime, spends, 35), 0);
    until_polls(4);
    cr_assert_eq(metrics.total.polls, 4);
    cr_assert_eq(metrics.total.budgets_spent, 3);
    shut();
}
