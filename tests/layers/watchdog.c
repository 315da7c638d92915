/* A watchdog needs what it watches, and no leaf.
 * links: core task time reactor sync executor runtime watchdog
 */
#include <future/watchdog.h>

#if defined(FUT_REACTOR_H) || defined(FUT_TIME_H) || defined(FUT_SYNC_H)
#error "a leaf's layer leaked into future/watchdog.h"
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
    fut_watchdog_t watchdog;
    fut_executor_t executor;
    int            result;

    if (fut_watchdog_init(&watchdog, NULL) < 0) return 1;
    if (fut_executor_init(&executor, NULL) < 0) return 1;
    if (WATCH(&watchdog, &executor, "loop") < 0) return 1;
    result = BLOCK_ON(&executor, answer);
    fut_executor_destroy(&executor);
    fut_watchdog_destroy(&watchdog);
    return result == 42 ? 0 : 1;
}
