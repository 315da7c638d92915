// A combinator is told what its child is, and takes no other.
//
// expect both: incompatible pointer type
#include "future/combine.h"
#include "future/test.h"

FUT_MAP(doubled, int, fut_test_after) { return 2 * child->output; }

typedef struct twice {
    ASYNC_FRAME(twice, int);
    fut_test_after_t after;
    fut_test_never_t never;
    doubled_t        doubled;
} twice_t;

ASYNC(twice) {
    ASYNC_BEGIN();
    START(self->after, fut_test_after, 0, 21);
    START(self->never, fut_test_never, NULL);
#ifdef FIXED
    AWAIT(self->doubled, doubled, &self->after);
#else
    AWAIT(self->doubled, doubled, &self->never);
#endif
    ASYNC_RETURN(self->doubled.output);
    ASYNC_END();
}

int main(void) {
    twice_t twice;
    START(twice, twice);
    return fut_test_run(&twice.future) == READY && twice.output == 42 ? 0 : 1;
}
