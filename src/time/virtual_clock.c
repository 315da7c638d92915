/* virtual_clock.c: a driver whose clock jumps to the next deadline when nothing can run. */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

#include "../core/memory.h"
#include "future/time.h"
#include "wheel.h"

struct fut_virtual_clock {
    fut_driver_t driver;
    int          bell; /* the executor's; wakes from other threads ring it */
    fut__wheel_t wheel;
};

static fut_virtual_clock_t *clock_of(fut_driver_t *driver) { return (fut_virtual_clock_t *)(void *)driver; }

static fut_instant_t now(fut_driver_t *driver) { return driver->seen; }

static void timer_insert(fut_driver_t *driver, fut_timer_t *timer) {
    fut__wheel_insert(&clock_of(driver)->wheel, timer);
}

static fut_instant_t next(fut_driver_t *driver) { return fut__wheel_next(&clock_of(driver)->wheel); }

static int listen_to(fut_driver_t *driver, int bell) {
    clock_of(driver)->bell = bell;
    return 0;
}

/* Nothing can happen by the clock: wait in earnest for another thread. */
static int wait_for_bell(const fut_virtual_clock_t *clock) {
    struct pollfd bell = {clock->bell, POLLIN, 0};
    uint64_t      rings;
    if (clock->bell < 0) return -EDEADLK;
    if (poll(&bell, 1, -1) < 0 && errno != EINTR) return -errno;
    if (bell.revents && read(clock->bell, &rings, sizeof rings) < 0 && errno != EAGAIN) return -errno;
    return 0;
}

/* The earliest deadline of a slot may have been cancelled; then one jump goes only as far as the clock would have
 * been woken for nothing, and the executor parks again. */
static int park(fut_driver_t *driver, fut_instant_t until) {
    fut_virtual_clock_t *clock  = clock_of(driver);
    fut_instant_t        target = next(driver);
    if (until < target) target = until;
    if (target == FUT_NEVER) return wait_for_bell(clock);
    if (target > clock->driver.seen) clock->driver.seen = target;
    fut__wheel_advance(&clock->wheel, clock->driver.seen);
    return 0;
}

static const fut_driver_vtable_t vtable = {
    .name = "virtual clock", .now = now, .timer_insert = timer_insert, .next = next, .park = park, .listen = listen_to};

fut_virtual_clock_t *fut_virtual_clock_new(void) {
    fut_virtual_clock_t *clock = fut__allocate_zeroed(sizeof *clock);
    if (!clock) return NULL;
    clock->driver.vtable = &vtable;
    clock->driver.seen   = 1000000000;
    clock->bell          = -1;
    fut__wheel_init(&clock->wheel, clock->driver.seen);
    return clock;
}

void fut_virtual_clock_free(fut_virtual_clock_t *clock) { fut__release(clock); }

fut_driver_t *fut_virtual_clock_driver(fut_virtual_clock_t *clock) { return &clock->driver; }

void fut_virtual_clock_advance(fut_virtual_clock_t *clock, fut_duration_t duration) {
    if (duration > 0) clock->driver.seen = fut_instant_add(clock->driver.seen, duration);
}
