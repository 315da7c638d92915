/* The rate limiter, under a clock that jumps. */
#include "../play.h"
#include "kit.h"

#include "future/executor.h"

static fut_virtual_clock_t *virtual_clock;
static fut_driver_t        *driver;
static fut_instant_t        start;
static fut_rate_limiter_t   limiter;

static void open_world(uint32_t capacity, fut_duration_t period) {
    virtual_clock = fut_virtual_clock_new();
    cr_assert_not_null(virtual_clock);
    driver = fut_virtual_clock_driver(virtual_clock);
    start  = driver->vtable->now(driver);
    cr_assert_eq(fut_rate_limiter_init(&limiter, capacity, period), 0);
}
static void close_world(void) {
    fut_rate_limiter_destroy(&limiter);
    fut_virtual_clock_free(virtual_clock);
}
static fut_poll_t poll_here(fut_future_t *future, fut_test_waker_t *woken) {
    fut_context_t cx;
    fut_context_init(&cx, fut_test_waker(woken), driver);
    return fut_poll(future, &cx);
}
static void jump(void) { cr_assert_eq(driver->vtable->park(driver, FUT_NEVER), 0); }
static long passed(void) { return (long)((driver->vtable->now(driver) - start) / 1000000); }

typedef struct client {
    ASYNC_FRAME(client, int, const char *name; uint32_t tokens; int times);
    fut_rate_limiter_acquire_t acquire;
    int                        i;
    bool                       begun;
} client_t;
ASYNC(client) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        AWAIT_TRY(self->acquire, fut_rate_limiter_acquire, &limiter, self->tokens);
        fut_test_say("%s %ld", self->name, passed());
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(sync, a_burst_then_one_each_period_in_the_order_of_arrival) {
    fut_executor_t         executor;
    fut_executor_options_t options = {0};
    open_world(3, FUT_MS(10));
    options.driver = driver;
    cr_assert_eq(fut_executor_init(&executor, &options), 0);
    DETACH(SPAWN(&executor, client, "a", 1, 4));
    DETACH(SPAWN(&executor, client, "big", 3, 1));
    DETACH(SPAWN(&executor, client, "b", 1, 1));
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert(fut_test_said("a 0", "a 0", "a 0", /* the burst                            */
                            "a 10",              /* it was in line first                 */
                            "big 40",            /* three: nobody passes                 */
                            "b 50"));
    fut_executor_destroy(&executor);
    close_world();
}

Test(sync, a_bucket_holds_no_more_than_its_capacity) {
    open_world(3, FUT_MS(10));
    cr_assert_eq(fut_rate_limiter_try_acquire(&limiter, 3, start), 0);
    cr_assert_eq(fut_rate_limiter_try_acquire(&limiter, 1, start + FUT_MS(10) - 1), -EAGAIN);
    cr_assert_eq(fut_rate_limiter_try_acquire(&limiter, 1, start + FUT_MS(10)), 0);
    cr_assert_eq(fut_rate_limiter_try_acquire(&limiter, 3, start + FUT_S(1000)), 0);
    cr_assert_eq(fut_rate_limiter_try_acquire(&limiter, 1, start + FUT_S(1000)), -EAGAIN);
    cr_assert_eq(fut_rate_limiter_try_acquire(&limiter, 1, start), -EAGAIN, "a clock that is behind gives nothing");
    cr_assert_eq(fut_rate_limiter_try_acquire(&limiter, 1, start + FUT_S(1000) + FUT_MS(10)), 0);
    cr_assert_eq(fut_rate_limiter_try_acquire(&limiter, 0, start), 0);
    cr_assert_eq(fut_rate_limiter_try_acquire(&limiter, 4, FUT_NEVER), -EINVAL);
    close_world();
}

Test(sync, a_rate_limiter_refuses_what_it_could_never_give) {
    fut_rate_limiter_acquire_t acquire;
    fut_test_waker_t           woken = {0};
    cr_assert_eq(fut_rate_limiter_init(&limiter, 0, 1), -EINVAL);
    cr_assert_eq(fut_rate_limiter_init(&limiter, 1, 0), -EINVAL);
    cr_assert_eq(fut_rate_limiter_init(&limiter, 1, -1), -EINVAL);
    open_world(3, FUT_MS(10));
    START(acquire, fut_rate_limiter_acquire, &limiter, 4);
    cr_assert_eq(poll_here(&acquire.future, &woken), FUT_READY);
    cr_assert_eq(acquire.output, -EINVAL);
    START(acquire, fut_rate_limiter_acquire, &limiter, 1);
    cr_ready(acquire, woken, -ENOTSUP); /* without a clock */
    close_world();
}

/* The first in line, the one behind it, the last: each is dropped before its time, after it, and after it was woken. */
Test(sync, whoever_is_dropped_the_others_are_served_in_order_and_in_time) {
    for (int victim = 0; victim < 3; victim++)
        for (int fired = 0; fired < 2; fired++) {
            fut_rate_limiter_acquire_t waits[3];
            fut_test_waker_t           woken[3] = {{0}};
            long                       turn     = fired ? 1 : 0;
            open_world(1, FUT_MS(10));
            cr_assert_eq(fut_rate_limiter_try_acquire(&limiter, 1, start), 0);
            for (int i = 0; i < 3; i++) {
                START(waits[i], fut_rate_limiter_acquire, &limiter, 1);
                cr_assert_eq(poll_here(&waits[i].future, &woken[i]), FUT_PENDING);
            }
            if (fired) jump();
            fut_drop(&waits[victim].future);
            cr_assert_eq(waits[victim].output, -ECANCELED);
            for (int i = 0; i < 3; i++) {
                if (i == victim) continue;
                while (poll_here(&waits[i].future, &woken[i]) == FUT_PENDING) {
                    cr_assert_lt(passed(), 100, "it is never served");
                    for (int k = i + 1; k < 3; k++)
                        if (k != victim) cr_assert_eq(poll_here(&waits[k].future, &woken[k]), FUT_PENDING);
                    jump();
                }
                cr_assert_eq(waits[i].output, 0);
                cr_assert_gt(woken[i].wakes, 0u);
                turn = turn ? turn : 1;
                cr_assert_eq(passed(), 10 * turn);
                turn = passed() / 10 + 1;
            }
            for (int i = 0; i < 3; i++) cr_assert_eq(woken[i].clones, woken[i].drops);
            close_world();
        }
}

Test(sync, a_wait_of_centuries_is_no_overflow) {
    fut_rate_limiter_acquire_t acquire;
    fut_test_waker_t           woken = {0};
    open_world(UINT32_MAX, INT64_MAX);
    cr_assert_eq(fut_rate_limiter_try_acquire(&limiter, UINT32_MAX, start), 0);
    START(acquire, fut_rate_limiter_acquire, &limiter, UINT32_MAX);
    cr_assert_eq(poll_here(&acquire.future, &woken), FUT_PENDING);
    cr_assert_eq(driver->vtable->next(driver), FUT_NEVER);
    fut_drop(&acquire.future);
    close_world();
}

/* Any order, any amounts, anybody dropped: never more than capacity + time / period, and nobody passes. */
static void crowd(const void *nothing) {
    enum { CLIENTS = 6, CAPACITY = 5 };
    fut_rate_limiter_acquire_t waits[CLIENTS];
    fut_test_waker_t           woken[CLIENTS] = {{0}};
    unsigned long              since[CLIENTS] = {0}, turn = 0;
    uint64_t                   taken = 0;
    (void)nothing;
    open_world(CAPACITY, FUT_MS(1));
    while (play_more(1500)) {
        const unsigned i = play_pick(CLIENTS);
        if (play_pick(6) == 5) {
            const unsigned nanoseconds = play_pick(3000000);
            play_say("%u ns", nanoseconds);
            fut_virtual_clock_advance(virtual_clock, nanoseconds);
        }
        play_claim(driver->vtable->park(driver, FUT_NOW) == 0, "the driver fails");
        if (!since[i]) {
            START(waits[i], fut_rate_limiter_acquire, &limiter, play_pick(CAPACITY + 1));
            since[i] = ++turn;
            play_say("start %u of %u", i, waits[i].tokens);
        } else if (play_pick(8) == 7) {
            play_say("drop %u", i);
            fut_drop(&waits[i].future);
            since[i] = 0;
            continue;
        }
        play_say("poll %u", i);
        if (poll_here(&waits[i].future, &woken[i]) == FUT_PENDING) continue;
        for (unsigned k = 0; k < CLIENTS; k++) play_claim(!since[k] || since[k] >= since[i], "%u passed %u", i, k);
        taken += waits[i].tokens;
        since[i] = 0;
        play_claim(taken <= CAPACITY + (uint64_t)(driver->vtable->now(driver) - start) / 1000000,
                   "more than there were");
    }
    for (int i = 0; i < CLIENTS; i++)
        if (since[i]) fut_drop(&waits[i].future);
    close_world();
}
Test(sync, random_clients_get_what_the_bucket_has_and_not_one_token_more) { play_all(crowd, NULL, 60); }
