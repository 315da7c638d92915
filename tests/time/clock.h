/* clock.h: an executor on a virtual clock, for the tests of this folder. */
#ifndef TESTS_TIME_CLOCK_H
#define TESTS_TIME_CLOCK_H

#include <errno.h>

#include <criterion/criterion.h>

#include "future/executor.h"
#include "future/test.h"
#include "future/time.h"

typedef struct world {
    fut_executor_t       executor;
    fut_virtual_clock_t *clock;
    fut_driver_t        *driver;
    fut_instant_t        start;
} world_t;

static world_t world; /* one for each test, which is a process of its own */

/* How much time has passed since the start. */
static inline int64_t passed(void) { return (int64_t)(world.driver->vtable->now(world.driver) - world.start); }

static inline void world_open(void) {
    world.clock = fut_virtual_clock_new();
    cr_assert_not_null(world.clock);
    world.driver = fut_virtual_clock_driver(world.clock);
    world.start  = world.driver->vtable->now(world.driver);
    cr_assert_eq(fut_executor_init(&world.executor, &(fut_executor_options_t){.driver = world.driver, .quiet = true}),
                 0);
}

static inline void world_close(void) {
    fut_executor_destroy(&world.executor);
    cr_assert_eq(world.driver->vtable->next(world.driver), FUT_NEVER, "a timer is still linked");
    fut_virtual_clock_free(world.clock);
}

static inline fut_instant_t next_deadline(void) { return world.driver->vtable->next(world.driver); }

/* One poll by hand with this clock. */
static inline fut_poll_t poll_with_clock(fut_future_t *future, fut_test_waker_t *counter) {
    fut_context_t cx;
    fut_context_init(&cx, fut_test_waker(counter), world.driver);
    return fut_poll(future, &cx);
}

/* Jump to the next deadline, and fire it. */
static inline void jump(void) { cr_assert_eq(world.driver->vtable->park(world.driver, FUT_NEVER), 0); }

/* Sleep, then say a word and the milliseconds that have passed. */
typedef struct sleeper {
    ASYNC_FRAME(sleeper, int, const char *name; fut_duration_t duration);
    fut_sleep_t nap;
} sleeper_t;
ASYNC(sleeper) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep, self->duration);
    fut_test_say("%s at %d", self->name, (int)(passed() / FUT_MS(1)));
    ASYNC_RETURN(self->nap.output);
    ASYNC_END();
}

/* Waits, and takes time to end. */
typedef struct slow_to_end {
    ASYNC_FRAME(slow_to_end, int, fut_duration_t duration; fut_duration_t farewell);
    fut_sleep_t nap;
} slow_to_end_t;
ASYNC(slow_to_end) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep, self->duration);
    ASYNC_RETURN(5);
    ASYNC_FINALLY();
    fut_test_say("closes at %d", (int)(passed() / FUT_MS(1)));
    AWAIT(self->nap, fut_sleep, self->farewell);
    fut_test_say("ends at %d", (int)(passed() / FUT_MS(1)));
    ASYNC_END();
}

#endif
