/* The core alone: no library, no libc. Compiled freestanding for small machines, too.
 * links: nothing
 */
#include <future.h>

#if defined(FUT_TASK_H) || defined(FUT_DRIVER_H) || defined(FUT_EXECUTOR_H) || defined(FUT_REACTOR_H) ||               \
    defined(FUT_TIME_H)
#error "an upper layer leaked into the core"
#endif
#if defined(EOF) || defined(EPERM) || defined(EXIT_SUCCESS) || defined(PTHREAD_ONCE_INIT)
#error "a header of the system leaked into the core"
#endif

_Static_assert(sizeof(fut_frame_t) <= (sizeof(void *) == 8 ? 32 : 16), "the header of an async function grew");

typedef struct doubled {
    ASYNC_FRAME(doubled, int, int n);
} doubled_t;

ASYNC(doubled) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN(2 * self->n);
    ASYNC_END();
}

typedef struct sum_of_doubled {
    ASYNC_FRAME(sum_of_doubled, int, int a; int b);
    doubled_t child;
    int       sum;
} sum_of_doubled_t;

ASYNC(sum_of_doubled) {
    ASYNC_BEGIN();
    AWAIT(self->child, doubled, self->a);
    self->sum = self->child.output;
    AWAIT(self->child, doubled, .n = self->b);
    ASYNC_RETURN(self->sum + self->child.output);
    ASYNC_FINALLY();
    self->sum = 0;
    ASYNC_END();
}

int main(void) {
    sum_of_doubled_t future;
    fut_waker_t      nobody = {NULL, 0};
    int              polls  = 1;

    START(future, sum_of_doubled, 3, 4);
    for (;; polls++) {
        fut_context_t cx;
        fut_context_init(&cx, nobody, NULL);
        if (fut_poll(&future.future, &cx) == READY) break;
    }
    return polls == 3 && future.output == 14 ? 0 : 1;
}
