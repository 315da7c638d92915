// `return` leaves an async function without a word about where it stands. A checked build notices both answers.
//
// flags: -DFUT_CHECKED
// run: hasty (return_in_async.c:17): answered PENDING, but nobody took the waker
// run -DANSWER=READY: hasty (return_in_async.c:17): answered READY
#include "future.h"
#include "future/test.h"

#ifndef ANSWER
#define ANSWER PENDING
#endif

typedef struct hasty {
    ASYNC_FRAME(hasty, int);
} hasty_t;

ASYNC(hasty) {
    ASYNC_BEGIN();
#ifdef FIXED
    ASYNC_RETURN(5);
#else
    return ANSWER;
#endif
    ASYNC_END();
}

typedef struct caller {
    ASYNC_FRAME(caller, int);
    hasty_t hasty;
} caller_t;

ASYNC(caller) {
    ASYNC_BEGIN();
    AWAIT(self->hasty, hasty);
    ASYNC_RETURN(self->hasty.output);
    ASYNC_END();
}

int main(void) {
    caller_t caller;
    START(caller, caller);
    return fut_test_run(&caller.future) == READY && caller.output == 5 ? 0 : 1;
}
