/* Many threads need the executor's header, the epoll reactor and a plain thread's wait; not the one-thread executor itself.
 * links: core task time reactor sync runtime
 */
#include <future/runtime.h>

#if defined(FUT_REACTOR_H) || defined(FUT_TIME_H) || defined(FUT_SYNC_H)
#error "a leaf's layer leaked into future/runtime.h"
#endif

typedef struct answer {
    ASYNC_FRAME(answer, int);
} answer_t;

ASYNC(answer) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN(42);
    ASYNC_END();
}

int main(void) {
    fut_runtime_t runtime;
    int           result;

    if (fut_runtime_init(&runtime, NULL) < 0) return 1;
    result = BLOCK_ON(&runtime, answer);
    fut_runtime_destroy(&runtime);
    return result == 42 ? 0 : 1;
}
