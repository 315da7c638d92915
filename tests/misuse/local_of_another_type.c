// A task-local has a type.
//
// expect gcc: error: initialization of 'const char *' from 'int' makes pointer from integer without a cast
// expect clang: error: incompatible integer to pointer conversion initializing 'const char *' with an expression of type 'int'
// needs: the library
#include "future/local.h"
#include "future/test.h"

FUT_TASK_LOCAL(const char *, user_name);

typedef struct length {
    ASYNC_FRAME(length, int);
} length_t;
ASYNC(length) {
    ASYNC_BEGIN();
    ASYNC_RETURN((int)strlen(FUT_LOCAL_OR(cx, user_name, "")));
    ASYNC_END();
}

typedef struct with {
    ASYNC_FRAME(with, int);
    length_t    length;
    user_name_t user;
} with_t;

ASYNC(with) {
    ASYNC_BEGIN();
#ifdef FIXED
    WITH_LOCAL(self->user, user_name, "four", (self->length, length));
#else
    WITH_LOCAL(self->user, user_name, 4, (self->length, length));
#endif
    ASYNC_RETURN(self->length.output);
    ASYNC_END();
}

int main(void) {
    with_t with;
    START(with, with);
    return fut_test_run(&with.future) == READY && with.output == 4 ? 0 : 1;
}
