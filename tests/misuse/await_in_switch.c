// An AWAIT inside a switch of the user's: its resume point becomes a label of that switch, and the function cannot find it
// again. The first attempt to resume there stops; labels as values do not mind.
//
// run: choose (await_in_switch.c:25): this AWAIT stands inside a switch of yours
// works: -DFUT_COMPUTED_GOTO
#include "future.h"
#include "future/test.h"

typedef struct choose {
    ASYNC_FRAME(choose, int, int which);
    fut_test_after_t after;
} choose_t;

ASYNC(choose) {
    ASYNC_BEGIN();
#ifdef FIXED
    if (self->which == 'a') {
        AWAIT(self->after, fut_test_after, 1, 10);
    } else if (self->which == 'b') {
        AWAIT(self->after, fut_test_after, 1, 20);
    }
#else
    switch (self->which) {
        case 'a': AWAIT(self->after, fut_test_after, 0, 10); break; // ready at once: not noticed
        case 'b': AWAIT(self->after, fut_test_after, 1, 20); break;
    }
#endif
    ASYNC_RETURN(self->after.output);
    ASYNC_END();
}

int main(void) {
    choose_t choose;
    START(choose, choose, 'b');
    return fut_test_run(&choose.future) == READY && choose.output == 20 ? 0 : 1;
}
