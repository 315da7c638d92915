// AWAIT is a statement. The output is in the slot afterwards.
//
// expect gcc: error: expected expression before 'do'
// expect clang: error: expected expression
#include "future.h"
#include "future/test.h"

typedef struct caller {
    ASYNC_FRAME(caller, int);
    fut_test_after_t after;
    int              result;
} caller_t;

ASYNC(caller) {
    ASYNC_BEGIN();
#ifdef FIXED
    AWAIT(self->after, fut_test_after, 1, 5);
    self->result = self->after.output;
#else
    self->result = AWAIT(self->after, fut_test_after, 1, 5);
#endif
    ASYNC_RETURN(self->result);
    ASYNC_END();
}

int main(void) {
    caller_t caller;
    START(caller, caller);
    return fut_test_run(&caller.future) == READY && caller.output == 5 ? 0 : 1;
}
