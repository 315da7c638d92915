// A child drops the function that awaits it, from inside its own poll: frames that are running would be torn down under their
// own feet. A checked build stops. The right way is to end with an error; the parent decides.
//
// flags: -DFUT_CHECKED
// run: parent (dropped_while_polled.c:30): dropped while it is being polled
#include "future.h"
#include "future/test.h"

typedef struct child {
    ASYNC_FRAME(child, int, fut_future_t *parent);
} child_t;

ASYNC(child) {
    ASYNC_BEGIN();
    YIELD();
#ifndef FIXED
    fut_drop(self->parent);
#endif
    ASYNC_RETURN(-1);
    ASYNC_END();
}

typedef struct parent {
    ASYNC_FRAME(parent, int);
    child_t child;
} parent_t;

ASYNC(parent) {
    ASYNC_BEGIN();
    AWAIT_TRY(self->child, child, &self->future);
    ASYNC_RETURN(0);
    ASYNC_END();
}

typedef struct root {
    ASYNC_FRAME(root, int);
    parent_t parent;
} root_t;

ASYNC(root) {
    ASYNC_BEGIN();
    AWAIT(self->parent, parent);
    ASYNC_RETURN(self->parent.output);
    ASYNC_END();
}

int main(void) {
    root_t root;
    START(root, root);
    return fut_test_run(&root.future) == READY && root.output == -1 ? 0 : 1;
}
