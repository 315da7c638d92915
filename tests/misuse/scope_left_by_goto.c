// A goto out of the body of a SCOPE passes its end by: the children would run on in a frame that is gone. A checked
// build stops when the function returns.
//
// flags: -DFUT_CHECKED
// needs: the library
// run: search (scope_left_by_goto.c:18): ended while a scope in its frame is open
#include "future/executor.h"
#include "future/scope.h"
#include "future/test.h"

typedef struct search {
    ASYNC_FRAME(search, int);
    fut_scope_t      scope;
    fut_test_after_t child;
    int              i;
} search_t;

ASYNC(search) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < 3; self->i++) {
        SCOPE(self->scope) {
            SCOPE_SPAWN(self->scope, self->child, fut_test_after, 10, 0);
#ifndef FIXED
            if (self->i == 0) goto out;
#else
            if (self->i == 1) ASYNC_RETURN(1);
#endif
        }
        SCOPE_END(self->scope);
    }
#ifndef FIXED
out:
#endif
    ASYNC_RETURN(0);
    ASYNC_END();
}

typedef struct root {
    ASYNC_FRAME(root, int);
    search_t search;
} root_t;

ASYNC(root) {
    ASYNC_BEGIN();
    AWAIT_TRY(self->search, search);
    ASYNC_RETURN(self->search.output);
    ASYNC_END();
}

int main(void) {
    fut_executor_t executor;
    if (fut_executor_init(&executor, NULL) < 0) return 1;
    int output = BLOCK_ON(&executor, root);
    fut_executor_destroy(&executor);
    return output < 0;
}
