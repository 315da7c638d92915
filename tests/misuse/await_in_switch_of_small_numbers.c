// The same with case labels that look like the numbers of resume points: a switch of the user's must not be able to jump into
// the middle of an AWAIT, and the first attempt to resume there stops.
//
// run: choose (await_in_switch_of_small_numbers.c:23): this AWAIT stands inside a switch of yours
// works: -DFUT_COMPUTED_GOTO
#include "future.h"
#include "future/test.h"

typedef struct choose {
    ASYNC_FRAME(choose, int, int which);
    fut_test_after_t after;
} choose_t;

ASYNC(choose) {
    ASYNC_BEGIN();
    self->after.output = 5;
#ifdef FIXED
    if (self->which == 0) AWAIT(self->after, fut_test_after, 1, 10);
    if (self->which == 1) AWAIT(self->after, fut_test_after, 1, 20);
#else
    switch (self->which) {
        case 0: AWAIT(self->after, fut_test_after, 1, 10); break;
        case 1: AWAIT(self->after, fut_test_after, 1, 20); break;
    }
#endif
    ASYNC_RETURN(self->after.output);
    ASYNC_END();
}

int main(void) {
    for (int which = 9; which > 0; which--) { // 9 to 2: no case is taken; 1: the second
        choose_t choose = {.output = 0};
        START(choose, choose, which);
        if (fut_test_run(&choose.future) != READY || choose.output != (which == 1 ? 20 : 5)) return 1;
    }
    return 0;
}
