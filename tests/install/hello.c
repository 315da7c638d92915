/* What a user writes first. tests/install.sh compiles it against an installed library. */
#include <future.h>
#include <future/executor.h>
#include <future/time.h>
#include <stdio.h>

typedef struct hello {
    ASYNC_FRAME(hello, int, const char *name; int times);
    int         i;
    fut_sleep_t nap;
} hello_t;

ASYNC(hello) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        AWAIT(self->nap, fut_sleep, FUT_MS(1));
        printf("hello %s\n", self->name);
    }
    ASYNC_RETURN(self->i);
    ASYNC_END();
}

int main(void) {
    fut_executor_t executor;
    int            times;

    if (fut_executor_init(&executor, NULL) < 0) return 1;
    times = BLOCK_ON(&executor, hello, "world", 2);
    fut_executor_destroy(&executor);
    return times == 2 ? 0 : 1;
}
