// SCOPE belongs into async functions.
//
// needs: the library
// expect both: fut_return_to_
#include "future/scope.h"
#include "future/test.h"

static int helper(fut_scope_t *scope, fut_context_t *cx) {
#ifndef FIXED
    SCOPE(*scope) {}
    SCOPE_END(*scope);
    (void)cx;
#else
    FUT_START(*scope, fut_scope); /* the same by hand */
    fut_scope_open(scope, cx);
#endif
    return 0;
}

int main(void) {
    fut_scope_t      scope;
    fut_context_t    cx;
    fut_test_waker_t counter = {0};
    fut_context_init(&cx, fut_test_waker(&counter), NULL);
    if (helper(&scope, &cx) < 0) return 1;
    return fut_poll(&scope.future, &cx) == PENDING;
}
