/* The smallest program with two tasks that let one another run. On a bare machine, where there is no executor, a loop
 * that polls two futures. */
#ifdef __linux__
#include "future/executor.h"
#else
#include "future.h"
#endif

static volatile unsigned turns;

typedef struct turner {
    ASYNC_FRAME(turner, void, unsigned times);
    unsigned i;
} turner_t;

ASYNC(turner) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        turns = turns + 1;
        YIELD();
    }
    ASYNC_RETURN();
    ASYNC_END();
}

#ifdef __linux__

int main(void) {
    fut_executor_t executor;
    if (fut_executor_init(&executor, NULL) < 0) return 1;
    DETACH(SPAWN(&executor, turner, 3));
    DETACH(SPAWN(&executor, turner, 5));
    fut_executor_run(&executor);
    fut_executor_destroy(&executor);
    return turns != 8;
}

#else

int main(void) {
    static turner_t a, b;
    fut_context_t   cx;
    bool            busy = true;
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
    START(a, turner, 3);
    START(b, turner, 5);
    while (busy) {
        busy = fut_poll(&a.future, &cx) == FUT_PENDING;
        if (fut_poll(&b.future, &cx) == FUT_PENDING) busy = true;
    }
    return turns != 8;
}

#endif
