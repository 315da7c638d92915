// Without ASYNC_END the braces do not match, which a compiler reports far below. One of its errors names the cause.
//
// expect gcc: error: label 'FUT_ASYNC_END_is_missing' used but not defined
// expect clang: error: use of undeclared label 'FUT_ASYNC_END_is_missing'
#include "future.h"
#include "future/test.h"

typedef struct tick {
    ASYNC_FRAME(tick, int);
} tick_t;

ASYNC(tick) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN(1);
#ifdef FIXED
    ASYNC_END();
#endif
}

int main(void) {
    tick_t tick;
    START(tick, tick);
    return fut_test_run(&tick.future) == READY && tick.output == 1 ? 0 : 1;
}
