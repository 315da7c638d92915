// A local that is initialised and then crosses an AWAIT has lost its value when the function is entered again.
//
// expect gcc: error: switch jumps over variable initialization
// expect gcc -O2: error: switch jumps over variable initialization
// expect clang: warning: variable 'limit' may be uninitialized when used here
#include "future.h"
#include "future/test.h"

typedef struct count {
    ASYNC_FRAME(count, int, int limit_arg);
    fut_test_after_t after;
#ifdef FIXED
    int limit; // it survives in the frame
#endif
} count_t;

ASYNC(count) {
    ASYNC_BEGIN();
#ifdef FIXED
    self->limit = 2 * self->limit_arg;
    AWAIT(self->after, fut_test_after, 1, 5);
    ASYNC_RETURN(self->limit - self->after.output);
#else
    int limit = 2 * self->limit_arg;
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
