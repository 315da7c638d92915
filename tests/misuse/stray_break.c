// A `break` that stands in no loop of the user's leaves the switch of the async function.
//
// expect gcc: error: call to 'fut_stray_break_' declared with attribute error: a `break` of yours left the async function
// expect gcc -O2: error: call to 'fut_stray_break_' declared with attribute error: a `break` of yours left the async function
// expect gcc -DFUT_COMPUTED_GOTO: error: call to 'fut_stray_break_' declared with attribute error
// expect clang: error: call to fut_stray_break_ declared with 'error' attribute: a `break` of yours left the async function
// expect clang -O2: error: call to fut_stray_break_ declared with 'error' attribute
#include "future.h"
#include "future/test.h"

typedef struct stop_early {
    ASYNC_FRAME(stop_early, int, int limit);
    fut_test_after_t after;
    int              i;
} stop_early_t;

ASYNC(stop_early) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < 10; self->i++) {
        AWAIT(self->after, fut_test_after, 1, 0);
        if (self->i == self->limit) break; // leaves the loop
    }
#ifndef FIXED
    if (self->i == self->limit) break; // leaves the function
#endif
    ASYNC_RETURN(self->i);
    ASYNC_END();
}

int main(void) {
    stop_early_t stop_early;
    START(stop_early, stop_early, 3);
    return fut_test_run(&stop_early.future) == READY && stop_early.output == 3 ? 0 : 1;
}
