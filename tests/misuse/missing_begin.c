// Without ASYNC_BEGIN there is no first point to enter the function at.
//
// expect gcc: error: label 'FUT_ASYNC_BEGIN_is_missing' used but not defined
// expect clang: error: use of undeclared label 'FUT_ASYNC_BEGIN_is_missing'
#include "future.h"
#include "future/test.h"

typedef struct tick {
    ASYNC_FRAME(tick, int);
} tick_t;

ASYNC(tick) {
#ifdef FIXED
    ASYNC_BEGIN();
#endif
    YIELD();
    ASYNC_RETURN(1);
    ASYNC_END();
}

int main(void) {
    tick_t tick;
    START(tick, tick);
    return fut_test_run(&tick.future) == READY && tick.output == 1 ? 0 : 1;
}
