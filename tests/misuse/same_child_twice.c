// A copy of a line that was not finished: the same slot stands in the group twice. A checked build names the place.
//
// flags: -DFUT_CHECKED
// run: fut_group (same_child_twice.c:19): the same child stands in it twice
#include "future/group.h"
#include "future/test.h"

typedef struct both {
    ASYNC_FRAME(both, int);
    fut_test_after_t a, b;
    FUT_GROUP(2) group;
} both_t;

ASYNC(both) {
    ASYNC_BEGIN();
    START(self->a, fut_test_after, 1, 2);
    START(self->b, fut_test_after, 2, 3);
#ifndef FIXED
    JOIN(self->group, self->a, self->a);
#else
    JOIN(self->group, self->a, self->b);
#endif
    ASYNC_RETURN(self->a.output);
    ASYNC_END();
}

int main(void) {
    both_t both;
    START(both, both);
    return fut_test_run(&both.future) == READY && both.output == 2 ? 0 : 1;
}
