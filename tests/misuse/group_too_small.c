// Three children in a group that was declared for two: an error at compile time, with the name of the slot.
//
// expect both: the group `self->group` has no room for so many children
#include "future/group.h"
#include "future/test.h"

typedef struct three {
    ASYNC_FRAME(three, int);
    fut_test_after_t a, b, c;
#ifndef FIXED
    FUT_GROUP(2) group;
#else
    FUT_GROUP(3) group;
#endif
} three_t;

ASYNC(three) {
    ASYNC_BEGIN();
    JOIN(self->group, (self->a, fut_test_after, 1, 2), (self->b, fut_test_after, 1, 2),
         (self->c, fut_test_after, 1, 2));
    ASYNC_RETURN(self->a.output + self->b.output + self->c.output);
    ASYNC_END();
}

int main(void) {
    three_t three;
    START(three, three);
    return fut_test_run(&three.future) == READY && three.output == 6 ? 0 : 1;
}
