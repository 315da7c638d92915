/* Descriptors need a driver, and no executor: a pipe read by hand.
 * links: core time reactor
 */
#include <future/reactor.h>

#if defined(FUT_TASK_H) || defined(FUT_EXECUTOR_H) || defined(FUT_TIME_H)
#error "an upper layer leaked into future/reactor.h"
#endif

#include <unistd.h>

int main(void) {
    fut_reactor_t *reactor = fut_reactor_new();
    fut_driver_t  *driver;
    fut_waker_t    nobody = {NULL, 0};
    fut_context_t  cx;
    fut_read_t     read;
    int            ends[2];
    char           byte = 0;

    if (!reactor || pipe(ends) < 0) return 1;
    driver = fut_reactor_driver(reactor);
    fut_context_init(&cx, nobody, driver);
    START(read, fut_read, ends[0], &byte, 1);
    if (fut_poll(&read.future, &cx) != PENDING) return 1;
    if (write(ends[1], "x", 1) != 1) return 1;
    if (driver->vtable->park(driver, FUT_NEVER) != 0) return 1;
    if (fut_poll(&read.future, &cx) != READY || read.output != 1 || byte != 'x') return 1;
    if (fut_close(ends[0]) < 0 || fut_close(ends[1]) < 0) return 1;
    fut_reactor_free(reactor);
    return 0;
}
