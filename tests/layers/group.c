/* Groups need the core, and nothing of the system: no executor, no clock, no libc.
 * links: nothing
 */
#include <future/group.h>

#if defined(FUT_TASK_H) || defined(FUT_DRIVER_H) || defined(FUT_EXECUTOR_H) || defined(FUT_REACTOR_H) ||               \
    defined(FUT_TIME_H)
#error "an upper layer leaked into future/group.h"
#endif
#if defined(EOF) || defined(EPERM) || defined(EXIT_SUCCESS) || defined(PTHREAD_ONCE_INIT)
#error "a header of the system leaked into future/group.h"
#endif

_Static_assert(sizeof(void *) != 8 || sizeof(FUT_GROUP(2)) == 64, "a group is 32 bytes and 16 for each child");

typedef struct counts {
    ASYNC_FRAME(counts, int, int n);
} counts_t;

ASYNC(counts) {
    ASYNC_BEGIN();
    while (self->n-- > 0) YIELD();
    ASYNC_RETURN(1);
    ASYNC_END();
}

typedef struct both {
    ASYNC_FRAME(both, int);
    counts_t a, b;
    FUT_GROUP(2) group;
} both_t;

ASYNC(both) {
    ASYNC_BEGIN();
    JOIN(self->group, (self->a, counts, 2), (self->b, counts, 1));
    SELECT(self->group, (self->a, counts, 3), (self->b, counts, 1));
    ASYNC_RETURN(WON(self->group, self->b) ? 0 : 1);
    ASYNC_END();
}

int main(void) {
    both_t      future;
    fut_waker_t nobody = {NULL, 0};
    int         polls  = 1;

    START(future, both);
    for (;; polls++) {
        fut_context_t cx;
        fut_context_init(&cx, nobody, NULL);
        if (fut_poll(&future.future, &cx) == READY) break;
    }
    return polls == 4 ? future.output : 1;
}
