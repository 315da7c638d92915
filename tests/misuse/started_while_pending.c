// One slot, shared by two async functions: the second starts it while the future of the first is still pending in it, linked in
// its event. A checked build names the slot.
//
// flags: -DFUT_CHECKED
// run: fut_test_wait (started_while_pending.c:21): the slot `*self->slot` is started again while
#include "future.h"
#include "future/test.h"

static fut_test_event_t event;

typedef struct waits {
    ASYNC_FRAME(waits, int, fut_test_wait_t *slot);
#ifdef FIXED
    fut_test_wait_t own;
#endif
} waits_t;

ASYNC(waits) {
    ASYNC_BEGIN();
#ifndef FIXED
    AWAIT(*self->slot, fut_test_wait, &event);
    ASYNC_RETURN(self->slot->output);
#else
    AWAIT(self->own, fut_test_wait, &event);
    ASYNC_RETURN(self->own.output);
#endif
    ASYNC_END();
}

int main(void) {
    fut_test_wait_t slot;
    waits_t         first, second;

    START(first, waits, &slot);
    START(second, waits, &slot);
    if (fut_test_run(&first.future) == READY) return 1;
    fut_test_event_fire(&event, 5);
    if (fut_test_run(&second.future) != READY || second.output != 5) return 1;
    fut_drop(&first.future);
    return 0;
}
