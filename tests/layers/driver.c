/* The interface of drivers: a microcontroller's driver is a table and a counter. Nothing of the library is needed for it.
 * links: nothing
 */
#include <future/driver.h>

#if defined(FUT_TASK_H) || defined(FUT_EXECUTOR_H) || defined(FUT_REACTOR_H) || defined(FUT_TIME_H)
#error "an upper layer leaked into future/driver.h"
#endif

static fut_instant_t tick(fut_driver_t *driver) {
    (void)driver;
    return 42;
}

int main(void) {
    static const fut_driver_vtable_t vtable = {.name = "tick", .now = tick};
    fut_driver_t                     driver = {.vtable = &vtable};
    return driver.vtable->now(&driver) == 42 ? 0 : 1;
}
