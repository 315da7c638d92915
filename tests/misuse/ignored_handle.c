// The handle of a spawned task has to be awaited, cancelled or detached: an ended task keeps its output until somebody
// takes it.
//
// needs: the library
// expect gcc -Wall: warning:
// expect clang -Wall: warning: ignoring return value of function declared with 'warn_unused_result' attribute
#include "future.h"
#include "future/executor.h"

typedef struct tick {
    ASYNC_FRAME(tick, int, int number);
} tick_t;
ASYNC(tick) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN(self->number);
    ASYNC_END();
}

typedef struct spawner {
    ASYNC_FRAME(spawner, int);
    struct tick_join handle;
} spawner_t;

ASYNC(spawner) {
    ASYNC_BEGIN();
#ifdef FIXED
    self->handle = SPAWN(fut_executor_of(cx), tick, 1);
    DETACH(self->handle);
#else
    SPAWN(fut_executor_of(cx), tick, 1);
#endif
    self->handle = SPAWN(fut_executor_of(cx), tick, 5);
    AWAIT(self->handle);
    ASYNC_RETURN(self->handle.output);
    ASYNC_END();
}

int main(void) {
    fut_executor_t executor;
    if (fut_executor_init(&executor, NULL) < 0) return 1;
    const int output = (int)BLOCK_ON(&executor, spawner);
    fut_executor_destroy(&executor);
    return output == 5 ? 0 : 1;
}
