/* Timers need a driver, and no executor: a sleep polled by hand under a clock that jumps.
 * links: core time
 */
#include <future/time.h>

#if defined(FUT_TASK_H) || defined(FUT_EXECUTOR_H) || defined(FUT_REACTOR_H)
#error "an upper layer leaked into future/time.h"
#endif

int main(void) {
    fut_virtual_clock_t *clock = fut_virtual_clock_new();
    fut_driver_t        *driver;
    fut_waker_t          nobody = {NULL, 0};
    fut_context_t        cx;
    fut_sleep_t          nap;
    fut_instant_t        start;

    if (!clock) return 1;
    driver = fut_virtual_clock_driver(clock);
    start  = driver->vtable->now(driver);
    fut_context_init(&cx, nobody, driver);
    START(nap, fut_sleep, FUT_MIN(60));
    if (fut_poll(&nap.future, &cx) != PENDING) return 1;
    if (driver->vtable->park(driver, FUT_NEVER) != 0) return 1;
    if (fut_poll(&nap.future, &cx) != READY || nap.output != 0) return 1;
    if (driver->vtable->now(driver) - start != (fut_instant_t)FUT_MIN(60)) return 1;
    fut_virtual_clock_free(clock);
    return 0;
}
