// Arguments are checked as those of a call are: a pointer is not a number, also where no flag asks for it.
//
// expect gcc: error: initialization of 'int' from 'char *' makes integer from pointer without a cast
// expect clang: error: incompatible pointer to integer conversion initializing 'int' with an expression of type 'char[4]'
#include "future.h"
#include "future/test.h"

typedef struct add {
    ASYNC_FRAME(add, int, int a; int b);
} add_t;
ASYNC(add) {
    ASYNC_BEGIN();
    ASYNC_RETURN(self->a + self->b);
    ASYNC_END();
}

typedef struct caller {
    ASYNC_FRAME(caller, int);
    add_t add;
} caller_t;

ASYNC(caller) {
    ASYNC_BEGIN();
#ifdef FIXED
    AWAIT(self->add, add, 1, 2);
#else
    AWAIT(self->add, add, 1, "two");
#endif
    ASYNC_RETURN(self->add.output);
    ASYNC_END();
}

int main(void) {
    caller_t caller;
    START(caller, caller);
    return fut_test_run(&caller.future) == READY && caller.output == 3 ? 0 : 1;
}
