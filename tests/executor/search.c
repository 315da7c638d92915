/* Whether an executor searches before it sleeps, on a driver whose clock and wakes are the test's. */
#include "kit.h"

/* Each look at the clock takes half a microsecond, each sleep thirty more than it lasts. */
enum { LOOK = 500, KERNEL = 30000 };

typedef struct fake {
    fut_driver_t  driver; /* first */
    fut_instant_t time, wake_at;
    fut_waker_t   waker;
    unsigned      looks, parks;
} fake_t;
static fake_t fake;

static void wake_if_due(void) {
    if (!fake.waker.target || fake.time < fake.wake_at) return;
    fake.wake_at = FUT_NEVER;
    fut_wake_from_interrupt(fake.waker); /* as from another thread: through the inbox */
}
static fut_instant_t fake_now(fut_driver_t *driver) {
    (void)driver;
    fake.looks++;
    fake.time += LOOK;
    wake_if_due();
    return fake.time;
}
static fut_instant_t fake_next(fut_driver_t *driver) {
    (void)driver;
    return FUT_NEVER;
}
static int fake_park(fut_driver_t *driver, fut_instant_t until) {
    (void)driver;
    if (until == FUT_NOW) return 0;
    fake.parks++;
    cr_assert_neq(fake.wake_at, FUT_NEVER, "asleep, and nobody is to wake it");
    if (fake.wake_at > fake.time) fake.time = fake.wake_at;
    fake.time += KERNEL;
    wake_if_due();
    return 0;
}
static void                      fake_unpark(fut_driver_t *driver) { (void)driver; }
static const fut_driver_vtable_t fake_vtable = {
    .name = "fake", .now = fake_now, .next = fake_next, .park = fake_park, .unpark = fake_unpark};

/* Is woken so many times, each so many nanoseconds after the last poll. */
typedef struct called {
    FUT_FUTURE(called, int, int times; fut_instant_t gap);
    int polls;
} called_t;
static fut_poll_t called_poll(called_t *self, fut_context_t *cx) {
    if (self->future.point == FUT_POINT_START) {
        self->polls = 0;
        fake.waker  = fut_waker_clone(fut_context_waker(cx));
    }
    (void)fut_context_waker(cx);
    if (self->polls++ < self->times) {
        fake.wake_at = fake.time + self->gap;
        return fut_pending(&self->future);
    }
    fut_waker_drop(fake.waker);
    fake.waker.target = NULL;
    self->output      = self->polls;
    return fut_ready(&self->future);
}
FUT_DEFINE(called);

static void run_calls(int search, int times, fut_instant_t gap) {
    fake = (fake_t){.driver.vtable = &fake_vtable, .time = 1, .wake_at = FUT_NEVER};
    open_with((fut_executor_options_t){.driver = &fake.driver, .search = search});
    cr_assert_eq(BLOCK_ON(&executor, called, times, gap), times + 1);
    fut_executor_destroy(&executor);
}

Test(executor, who_was_woken_soon_searches_for_the_next_wake_and_does_not_sleep) {
    run_calls(20, 1000, 3000);
    cr_assert_eq(fake.parks, 1, "%u sleeps", fake.parks);
}

Test(executor, who_sleeps_long_never_searches) {
    run_calls(20, 1000, 1000000);
    cr_assert_eq(fake.parks, 1000);
    cr_assert_lt(fake.looks, 5 * 1000, "%u looks at the clock", fake.looks);
}

/* The sleeps look short, but no search lasts long enough: each makes the next one rarer. */
Test(executor, searching_in_vain_becomes_rare) {
    run_calls(20, 1000, 50000);
    cr_assert_eq(fake.parks, 1000);
    cr_assert_lt(fake.looks, 5 * 1000 + 12 * 50, "%u looks at the clock", fake.looks);
    cr_assert_gt(fake.looks, 2 * 1000 + 3 * 40, "%u looks: it never tried", fake.looks);
}

Test(executor, who_is_told_not_to_search_does_not) {
    run_calls(-1, 1000, 3000);
    cr_assert_eq(fake.parks, 1000);
    cr_assert_lt(fake.looks, 5 * 1000);
}

/* A search looks at the driver where something waits there. */
static unsigned glances;
static int      glancing_park(fut_driver_t *driver, fut_instant_t until) {
         glances += until == FUT_NOW;
         return fake_park(driver, until);
}
Test(executor, a_search_does_not_keep_descriptors_waiting) {
    const fut_driver_vtable_t vtable = {
        .name = "fake", .now = fake_now, .next = fake_next, .park = glancing_park, .unpark = fake_unpark};
    fake = (fake_t){.driver = {.vtable = &vtable, .waits = 1}, .time = 1, .wake_at = FUT_NEVER};
    open_with((fut_executor_options_t){.driver = &fake.driver, .search = 20});
    glances = 0;
    cr_assert_eq(BLOCK_ON(&executor, called, 100, 3000), 101);
    cr_assert_eq(fake.parks, 1);
    cr_assert_geq(glances, 99);
    fut_executor_destroy(&executor);
}
