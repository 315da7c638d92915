/* A pool needs neither task nor executor, nor the locks between tasks: a job's future is polled by hand until it is ready.
 * links: core blocking
 */
#include <future/blocking.h>

#if defined(FUT_TASK_H) || defined(FUT_EXECUTOR_H) || defined(FUT_REACTOR_H)
#error "an upper layer leaked into future/blocking.h"
#endif

typedef struct twice {
    JOB_FRAME(twice, int, int n);
} twice_t;
JOB(twice) { return 2 * args->n; }

int main(void) {
    fut_waker_t   nobody = {NULL, 0};
    fut_context_t cx;
    fut_pool_t    pool;
    twice_t       slot;

    if (fut_pool_init(&pool, NULL) < 0) return 1;
    fut_context_init(&cx, nobody, NULL);
    START(slot, twice, 21);
    fut_blocking_on(&slot.blocking, &pool);
    while (fut_poll(&slot.future, &cx) == PENDING) {}
    if (fut_pool_destroy(&pool, FUT_FOREVER) < 0) return 1;
    return slot.output != 42;
}
