// A local declared above ASYNC_BEGIN looks as if it were set anew each time the function is entered. It stands inside the
// switch, so it never is.
//
// expect gcc: error: switch jumps over variable initialization
// expect clang -Wall: warning: variable 'limit' is uninitialized when used here
#include "future.h"
#include "future/test.h"

typedef struct count {
    ASYNC_FRAME(count, int, int limit_arg);
    fut_test_after_t after;
#ifdef FIXED
    int limit;
#endif
} count_t;

ASYNC(count) {
#ifdef FIXED
    ASYNC_BEGIN();
    self->limit = 2 * self->limit_arg;
    AWAIT(self->after, fut_test_after, 1, 5);
    ASYNC_RETURN(self->limit - self->after.output);
#else
    int limit = 2 * self->limit_arg;
    ASYNC_BEGIN();
    AWAIT(self->after, fut_test_after, 1, 5);
    ASYNC_RETURN(limit - self->after.output);
#endif
    ASYNC_END();
}

int main(void) {
    count_t count;
    START(count, count, 3);
    return fut_test_run(&count.future) == READY && count.output == 1 ? 0 : 1;
}
