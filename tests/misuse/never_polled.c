// START fills a slot and nothing more. Where the slot is a local, gcc can tell that nobody uses it.
//
// expect gcc -Wall: warning: variable 'tick' set but not used
#include "future.h"
#include "future/test.h"

typedef struct tick {
    ASYNC_FRAME(tick, int, int number);
} tick_t;
ASYNC(tick) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN(self->number);
    ASYNC_END();
}

int main(void) {
    tick_t tick;
    START(tick, tick, 5);
#ifdef FIXED
    if (fut_test_run(&tick.future) != READY || tick.output != 5) return 1;
#endif
    return 0;
}
