// A SCOPE whose SCOPE_END is missing, and the other way round.
//
// needs: the library
// expect gcc: error: expected 'while' before
// expect clang: error: expected 'while' in do/while loop
#include "future/scope.h"
#include "future/test.h"

typedef struct parent {
    ASYNC_FRAME(parent, int);
    fut_scope_t scope;
} parent_t;

ASYNC(parent) {
    ASYNC_BEGIN();
    SCOPE(self->scope) { fut_test_say("body"); }
#ifdef FIXED
    SCOPE_END(self->scope);
#endif
    ASYNC_RETURN(0);
    ASYNC_END();
}

int main(void) {
    parent_t         parent;
    fut_test_waker_t counter = {0};
    START(parent, parent);
    return fut_test_poll(&parent.future, &counter) == PENDING;
}
