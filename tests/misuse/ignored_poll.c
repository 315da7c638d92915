// Whoever polls and does not look at the answer waits for ever, or uses an output that is not there yet.
//
// expect gcc -Wall: warning: ignoring return value of 'fut_poll'
// expect clang: warning: ignoring return value of function declared with 'warn_unused_result' attribute
#include "future.h"
#include "future/test.h"

typedef struct through {
    FUT_FUTURE(through, int, fut_test_after_t *child);
} through_t;

static inline fut_poll_t through_poll(through_t *self, fut_context_t *cx) {
#ifdef FIXED
    if (fut_poll(&self->child->future, cx) == PENDING) return fut_pending(&self->future);
#else
    fut_poll(&self->child->future, cx);
#endif
    self->output = self->child->output;
    return fut_ready(&self->future);
}
FUT_DEFINE(through);

int main(void) {
    fut_test_after_t after;
    through_t        through;
    START(after, fut_test_after, 2, 7);
    START(through, through, &after);
    return fut_test_run(&through.future) == READY && through.output == 7 ? 0 : 1;
}
