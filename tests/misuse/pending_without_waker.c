// PENDING promises that the waker was stored where an event will find it. This future forgot: nothing will ever poll it
// again. A checked build names it.
//
// flags: -DFUT_CHECKED
// run: forgetful (pending_without_waker.c:27): answered PENDING, but nobody took the waker
#include "future.h"
#include "future/test.h"

typedef struct forgetful {
    FUT_FUTURE(forgetful, int, int *event);
#ifdef FIXED
    fut_waker_t waker;
#endif
} forgetful_t;

static inline fut_poll_t forgetful_poll(forgetful_t *self, fut_context_t *cx) {
    if (*self->event) return fut_ready(&self->future);
#ifdef FIXED
    self->waker  = fut_context_waker(cx);
    *self->event = 1;
    fut_wake(self->waker);
#else
    (void)cx;
#endif
    return fut_pending(&self->future);
}
FUT_DEFINE(forgetful);

typedef struct caller {
    ASYNC_FRAME(caller, int, int *event);
    forgetful_t forgetful;
} caller_t;

ASYNC(caller) {
    ASYNC_BEGIN();
    AWAIT(self->forgetful, forgetful, self->event);
    ASYNC_RETURN(5);
    ASYNC_END();
}

int main(void) {
    int      event = 0;
    caller_t caller;
    START(caller, caller, &event);
    return fut_test_run(&caller.future) == READY && caller.output == 5 ? 0 : 1;
}
