/* The other half of declared.h: what the file that defines them looks like. */
#include "declared.h"

ASYNC_DEFINE(declared) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(self->wait.output * self->factor);
    ASYNC_FINALLY();
    fut_test_say("declared ends");
    ASYNC_END();
}

ASYNC_DEFINE(declared_plain) {
    ASYNC_BEGIN();
    YIELD();
    fut_test_say("declared_plain ends");
    ASYNC_END();
}

fut_poll_t by_hand_poll(by_hand_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->times-- > 0) {
        fut_wake(fut_context_waker(cx));
        return fut_pending(&self->future);
    }
    self->output = 5;
    return fut_ready(&self->future);
}
static void by_hand_drop(fut_future_t *future) {
    (void)future;
    fut_test_say("by_hand drops");
}
FUT_DEFINE_DECLARED(by_hand, .drop = by_hand_drop, .loses = FUT_LOSES_BYTES);
