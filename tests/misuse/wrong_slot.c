// The slot has to be of the type that belongs to the function.
//
// expect both: the slot `self->length` is not a add_t
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

typedef struct length {
    ASYNC_FRAME(length, int, const char *text; int limit);
} length_t;
ASYNC(length) {
    ASYNC_BEGIN();
    ASYNC_RETURN((int)strlen(self->text) + self->limit);
    ASYNC_END();
}

typedef struct both {
    ASYNC_FRAME(both, int);
    add_t    add;
    length_t length;
} both_t;

ASYNC(both) {
    ASYNC_BEGIN();
    AWAIT(self->length, length, "four", 0);
#ifdef FIXED
    AWAIT(self->add, add, 1, 2);
#else
    AWAIT(self->length, add, 1, 2);
#endif
    ASYNC_RETURN(self->length.output + self->add.output);
    ASYNC_END();
}

int main(void) {
    both_t both;
    START(both, both);
    return fut_test_run(&both.future) == READY && both.output == 7 ? 0 : 1;
}
