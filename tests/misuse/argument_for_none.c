// An argument for a function that takes none.
//
// expect gcc: has no member named 'fut_takes_arguments_'
// expect clang: error: no member named 'fut_takes_arguments_' in 'struct tick'
#include "future.h"
#include "future/test.h"

typedef struct tick {
    ASYNC_FRAME(tick, int);
} tick_t;
ASYNC(tick) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN(1);
    ASYNC_END();
}

typedef struct caller {
    ASYNC_FRAME(caller, int);
    tick_t tick;
} caller_t;

ASYNC(caller) {
    ASYNC_BEGIN();
#ifdef FIXED
    AWAIT(self->tick, tick);
#else
    AWAIT(self->tick, tick, 1);
#endif
    ASYNC_RETURN(self->tick.output);
    ASYNC_END();
}

int main(void) {
    caller_t caller;
    START(caller, caller);
    return fut_test_run(&caller.future) == READY && caller.output == 1 ? 0 : 1;
}
