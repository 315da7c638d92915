/* Clocks: the virtual one, and ones that behave badly. */
#include <pthread.h>

#include "../../src/time/wheel.h"
#include "../counting.h"
#include "clock.h"

Test(time, the_virtual_clock_starts_at_one_second) {
    world_open();
    cr_assert_eq(world.start, 1000000000);
    cr_assert_eq(next_deadline(), FUT_NEVER);
    world_close();
}

typedef struct work {
    ASYNC_FRAME(work, int);
    int i;
} work_t;
ASYNC(work) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < 10000; self->i++) YIELD();
    ASYNC_RETURN((int)passed());
    ASYNC_END();
}

Test(time, the_virtual_clock_stands_still_while_tasks_run) {
    world_open();
    DETACH(SPAWN(&world.executor, sleeper, "late", 1)); /* could be due at any moment */
    cr_assert_eq(BLOCK_ON(&world.executor, work), 0);
    cr_assert_eq(fut_executor_run(&world.executor), 0);
    cr_assert(fut_test_said("late at 0"));
    cr_assert_eq(passed(), 1);
    world_close();
}

Test(time, a_clock_moved_by_hand_fires_at_the_next_look) {
    world_open();
    DETACH(SPAWN(&world.executor, sleeper, "b", FUT_MS(20)));
    DETACH(SPAWN(&world.executor, sleeper, "a", FUT_MS(10)));
    DETACH(SPAWN(&world.executor, sleeper, "c", FUT_MS(30)));
    cr_assert_eq(fut_executor_run_until_stalled(&world.executor), 3);
    fut_virtual_clock_advance(world.clock, FUT_MS(9));
    cr_assert_eq(fut_executor_run_until_stalled(&world.executor), 3);
    cr_assert(fut_test_said(NULL));
    fut_virtual_clock_advance(world.clock, FUT_MS(16));
    cr_assert(fut_test_said(NULL), "nothing fires before somebody looks");
    cr_assert_eq(fut_executor_run_until_stalled(&world.executor), 1);
    cr_assert(fut_test_said("a at 25", "b at 25"));
    fut_virtual_clock_advance(world.clock, -FUT_S(1));
    fut_virtual_clock_advance(world.clock, 0);
    cr_assert_eq(passed(), FUT_MS(25), "it does not go back");
    cr_assert_eq(fut_executor_run(&world.executor), 0);
    cr_assert(fut_test_said("c at 30"));
    world_close();
}

Test(time, a_clock_moved_beyond_the_end_of_time_stops_there) {
    world_open();
    for (int i = 0; i < 3; i++) fut_virtual_clock_advance(world.clock, INT64_MAX);
    cr_assert_eq(world.driver->vtable->now(world.driver), FUT_NEVER);
    DETACH(SPAWN(&world.executor, sleeper, "a", 0));
    cr_assert_eq(fut_executor_run(&world.executor), 0);
    fut_test_hush();
    cr_assert_eq(BLOCK_ON(&world.executor, fut_sleep, 1), -EDEADLK, "there is no later");
    world_close();
}

Test(time, without_a_jump_a_clock_that_stalls_lets_sleepers_sleep_and_others_work) {
    world_open();
    DETACH(SPAWN(&world.executor, sleeper, "never", FUT_MS(1)));
    DETACH(SPAWN(&world.executor, sleeper, "at once", 0));
    for (int i = 0; i < 100; i++) cr_assert_eq(fut_executor_run_until_stalled(&world.executor), 1);
    cr_assert(fut_test_said("at once at 0"));
    world_close();
}

Test(time, a_virtual_clock_has_no_memory_or_is_NULL) {
    counting_begin();
    counting.refuse_all = true;
    cr_assert_null(fut_virtual_clock_new());
    counting.refuse_all = false;
    fut_virtual_clock_free(fut_virtual_clock_new());
    cr_assert_eq(counting.live, 0);
    fut_virtual_clock_free(NULL);
}

Test(time, a_clock_serves_one_executor_after_the_other) {
    fut_executor_t next;

    world_open();
    DETACH(SPAWN(&world.executor, sleeper, "dropped", FUT_MS(10)));
    cr_assert_eq(fut_executor_run_until_stalled(&world.executor), 1);
    fut_executor_destroy(&world.executor);
    cr_assert_eq(next_deadline(), FUT_NEVER);
    cr_assert_eq(fut_executor_init(&next, &(fut_executor_options_t){.driver = world.driver}), 0);
    cr_assert_eq(BLOCK_ON(&next, sleeper, "next", FUT_MS(1)), 0);
    cr_assert(fut_test_said("next at 1"));
    fut_executor_destroy(&next);
    fut_virtual_clock_free(world.clock);
}

/* ---- Waiting in earnest, when the clock has nowhere to jump to ----------------------------------------------- */

/* Ready once another thread has done its work. The waker is cloned: a wake may come from outside. */
typedef struct outside {
    FUT_FUTURE(outside, int);
    fut_waker_t waker;
    pthread_t   thread;
    bool        done; /* atomic */
} outside_t;
static void *work_outside(void *future) {
    outside_t *self = future;
    __atomic_store_n(&self->done, true, __ATOMIC_RELEASE);
    fut_wake(self->waker);
    return NULL;
}
static fut_poll_t outside_poll(outside_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        self->done  = false;
        self->waker = fut_waker_clone(fut_context_waker(cx));
        cr_assert_eq(pthread_create(&self->thread, NULL, work_outside, self), 0);
        return fut_pending(&self->future);
    }
    (void)fut_context_waker(cx);
    if (!__atomic_load_n(&self->done, __ATOMIC_ACQUIRE)) return fut_pending(&self->future);
    pthread_join(self->thread, NULL);
    fut_waker_drop(self->waker);
    self->output = 0;
    return fut_ready(&self->future);
}
FUT_DEFINE(outside);

typedef struct alternate {
    ASYNC_FRAME(alternate, int);
    outside_t   outside;
    fut_sleep_t nap;
    int         i;
} alternate_t;
ASYNC(alternate) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < 100; self->i++) {
        AWAIT(self->outside, outside);
        AWAIT(self->nap, fut_sleep, FUT_MS(1));
    }
    ASYNC_RETURN(self->i);
    ASYNC_END();
}

Test(time, a_virtual_clock_without_deadlines_waits_for_other_threads, .timeout = 60) {
    world_open();
    cr_assert_eq(BLOCK_ON(&world.executor, alternate), 100);
    cr_assert_eq(passed(), FUT_MS(100));
    world_close();
}

/* ---- A clock that goes where it wants ------------------------------------------------------------------------ */

static struct {
    fut_driver_t  driver; /* first */
    fut_instant_t now;
    fut__wheel_t  wheel;
    unsigned      parks;
} wild;

static fut_instant_t wild_now(fut_driver_t *driver) {
    (void)driver;
    return wild.now;
}
static void wild_insert(fut_driver_t *driver, fut_timer_t *timer) {
    (void)driver;
    fut__wheel_insert(&wild.wheel, timer);
}
static fut_instant_t wild_next(fut_driver_t *driver) {
    (void)driver;
    return fut__wheel_next(&wild.wheel);
}
/* A tenth of a second forward, at every seventh park half a second back; with `stalled`, not at all. */
static bool stalled;
static int  wild_park(fut_driver_t *driver, fut_instant_t until) {
     (void)driver;
     wild.parks++;
     if (until != FUT_NOW && stalled && wild.parks > 100) return -EIO; /* a test must come to an end */
    if (until != FUT_NOW && !stalled) wild.now = wild.parks % 7 ? wild.now + FUT_MS(100) : wild.now - FUT_MS(500);
    fut__wheel_advance(&wild.wheel, wild.now);
     return 0;
}
static const fut_driver_vtable_t wild_vtable = {
    .name = "wild", .now = wild_now, .timer_insert = wild_insert, .next = wild_next, .park = wild_park};

static fut_executor_t *wild_open(void) {
    wild.driver.vtable = &wild_vtable;
    wild.now           = FUT_S(100);
    fut__wheel_init(&wild.wheel, wild.now);
    world.driver = &wild.driver;
    world.start  = wild.now;
    cr_assert_eq(fut_executor_init(&world.executor, &(fut_executor_options_t){.driver = &wild.driver, .quiet = true}),
                 0);
    return &world.executor;
}

Test(time, a_clock_that_goes_back_delays_sleepers_and_loses_none) {
    fut_executor_t *executor = wild_open();

    for (int i = 1; i <= 50; i++) DETACH(SPAWN(executor, sleeper, "x", FUT_MS(37) * i));
    cr_assert_eq(fut_executor_run(executor), 0);
    cr_assert_eq(fut_test_words.count, 50);
    fut_test_hush();
    cr_assert_eq(fut_executor_tasks(executor), 0);
    fut_executor_destroy(executor);
}

Test(time, the_error_of_a_drivers_park_ends_the_run_and_the_tasks_stay) {
    fut_executor_t *executor = wild_open();

    stalled = true;
    DETACH(SPAWN(executor, sleeper, "x", FUT_MS(1)));
    cr_assert_eq(fut_executor_run(executor), -EIO);
    cr_assert_eq(fut_executor_tasks(executor), 1);
    cr_assert_eq(BLOCK_ON(executor, fut_sleep, FUT_MS(1)), -EIO);
    cr_assert_eq(fut_executor_tasks(executor), 1, "what was blocked on was dropped");
    stalled = false;
    cr_assert_eq(fut_executor_run(executor), 0);
    fut_test_hush();
    fut_executor_destroy(executor);
}
