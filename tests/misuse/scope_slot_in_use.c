// Two children in one slot at the same time: a loop that spawns needs a slot for each, or SCOPE_SPAWN_NEW.
//
// flags: -DFUT_CHECKED
// needs: the library
// run: waiter (scope_slot_in_use.c:36): the slot `self->child` is started again while
#include "future/executor.h"
#include "future/scope.h"
#include "future/test.h"

typedef struct waiter {
    ASYNC_FRAME(waiter, int);
    fut_test_after_t pause;
} waiter_t;

ASYNC(waiter) {
    ASYNC_BEGIN();
    AWAIT(self->pause, fut_test_after, 5, 0);
    ASYNC_RETURN(0);
    ASYNC_END();
}

typedef struct parent {
    ASYNC_FRAME(parent, int);
    fut_scope_t scope;
    waiter_t    child;
    int         i;
} parent_t;

ASYNC(parent) {
    ASYNC_BEGIN();
    SCOPE(self->scope) {
        for (self->i = 0; self->i < 2; self->i++) {
#ifdef FIXED
            SCOPE_SPAWN_NEW(self->scope, waiter);
#else
            SCOPE_SPAWN(self->scope, self->child, waiter);
#endif
            YIELD();
        }
    }
    SCOPE_END(self->scope);
    ASYNC_RETURN(0);
    ASYNC_END();
}

int main(void) {
    fut_executor_t executor;
    if (fut_executor_init(&executor, NULL) < 0) return 1;
    int output = BLOCK_ON(&executor, parent);
    fut_executor_destroy(&executor);
    return output;
}
