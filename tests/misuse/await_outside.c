// AWAIT outside an async function has nowhere to come back to.
//
// expect gcc: error: 'fut_base_' undeclared
// expect gcc: error: case label not within a switch statement
// expect clang: error: use of undeclared identifier 'fut_base_'
// expect clang: error: 'case' statement not in switch statement
#include "future.h"
#include "future/test.h"

typedef struct helper {
    ASYNC_FRAME(helper, int, int number);
    fut_test_after_t after;
} helper_t;

#ifdef FIXED
ASYNC(helper) {
    ASYNC_BEGIN();
    AWAIT(self->after, fut_test_after, 1, self->number);
    ASYNC_RETURN(self->after.output);
    ASYNC_END();
}
int main(void) {
    helper_t helper;
    START(helper, helper, 5);
    return fut_test_run(&helper.future) == READY && helper.output == 5 ? 0 : 1;
}
#else
static fut_poll_t helper(helper_t *self, fut_context_t *cx) {
    AWAIT(self->after, fut_test_after, 1, self->number);
    return FUT_READY;
}
int main(void) {
    helper_t helper_slot = {0};
    return helper(&helper_slot, NULL) == READY;
}
#endif
