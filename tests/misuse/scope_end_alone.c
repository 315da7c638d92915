// SCOPE_END without its SCOPE.
//
// needs: the library
// expect both: fut_return_to_
#include "future/scope.h"
#include "future/test.h"

typedef struct parent {
    ASYNC_FRAME(parent, int);
    fut_scope_t scope;
} parent_t;

ASYNC(parent) {
    ASYNC_BEGIN();
#ifdef FIXED
    SCOPE(self->scope)
#endif
    {
        fut_test_say("body");
    }
    SCOPE_END(self->scope);
    ASYNC_RETURN(0);
    ASYNC_END();
}

int main(void) {
    parent_t         parent;
    fut_test_waker_t counter = {0};
    START(parent, parent);
    return fut_test_poll(&parent.future, &counter) == PENDING;
}
