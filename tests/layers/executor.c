/* The executor brings tasks and drivers; it shows neither the clock's leaves nor the descriptors'.
 * links: core task time reactor executor
 */
#include <future/executor.h>

#if defined(FUT_REACTOR_H) || defined(FUT_TIME_H)
#error "a leaf's layer leaked into future/executor.h"
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
    fut_executor_t executor;
    int            result;

    if (fut_executor_init(&executor, NULL) < 0) return 1;
    result = BLOCK_ON(&executor, answer);
    fut_executor_destroy(&executor);
    return result == 42 ? 0 : 1;
}
