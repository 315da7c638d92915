// The counter of a loop is a local like any other.
//
// expect gcc: error: switch jumps over variable initialization
// expect clang: warning: variable 'i' may be uninitialized when used here
#include "future.h"
#include "future/test.h"

typedef struct repeat {
    ASYNC_FRAME(repeat, int);
    fut_test_after_t after;
    int              sum;
#ifdef FIXED
    int i;
#endif
} repeat_t;

ASYNC(repeat) {
    ASYNC_BEGIN();
    self->sum = 0;
#ifdef FIXED
    for (self->i = 0; self->i < 3; self->i++) {
#else
    for (int i = 0; i < 3; i++) {
#endif
        AWAIT(self->after, fut_test_after, 1, 5);
        self->sum += self->after.output;
    }
    ASYNC_RETURN(self->sum);
    ASYNC_END();
}

int main(void) {
    repeat_t repeat;
    START(repeat, repeat);
    return fut_test_run(&repeat.future) == READY && repeat.output == 15 ? 0 : 1;
}
