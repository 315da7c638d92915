// The same for a local that is assigned, not initialised: no jump over an initialiser, so it takes a data-flow warning.
//
// expect gcc -O2 -Wmaybe-uninitialized: warning: 'limit' may be used uninitialized
// expect clang: warning: variable 'limit' may be uninitialized when used here
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
    ASYNC_BEGIN();
#ifdef FIXED
    self->limit = 2 * self->limit_arg;
    AWAIT(self->after, fut_test_after, 1, 5);
    ASYNC_RETURN(self->limit - self->after.output);
#else
    int limit;
    limit = 2 * self->limit_arg;
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
