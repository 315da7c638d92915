// An array of variable length cannot cross an AWAIT either.
//
// expect gcc: error: switch jumps into scope of identifier with variably modified type
// expect clang: error: cannot jump from switch statement to this case label
#include "future.h"
#include "future/test.h"

typedef struct fill {
    ASYNC_FRAME(fill, int, int length);
    fut_test_after_t after;
#ifdef FIXED
    int numbers[16]; // as long as it may become
#endif
} fill_t;

ASYNC(fill) {
    ASYNC_BEGIN();
#ifdef FIXED
    self->numbers[self->length - 1] = 7;
    AWAIT(self->after, fut_test_after, 1, 0);
    ASYNC_RETURN(self->numbers[self->length - 1]);
#else
    int numbers[self->length];
    numbers[self->length - 1] = 7;
    AWAIT(self->after, fut_test_after, 1, 0);
    ASYNC_RETURN(numbers[self->length - 1]);
#endif
    ASYNC_END();
}

int main(void) {
    fill_t fill;
    START(fill, fill, 9);
    return fut_test_run(&fill.future) == READY && fill.output == 7 ? 0 : 1;
}
