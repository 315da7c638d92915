// ASYNC_RETURN() with nothing belongs to functions whose output is void, and only to them.
//
// expect gcc: error: incompatible types when assigning to type 'int' from type 'fut_unit_t'
// expect clang: from incompatible type 'fut_unit_t'
#include "future.h"
#include "future/test.h"

typedef struct answer {
    ASYNC_FRAME(answer, int);
} answer_t;

ASYNC(answer) {
    ASYNC_BEGIN();
#ifdef FIXED
    ASYNC_RETURN(42);
#else
    ASYNC_RETURN();
#endif
    ASYNC_END();
}

int main(void) {
    answer_t answer;
    START(answer, answer);
    return fut_test_run(&answer.future) == READY && answer.output == 42 ? 0 : 1;
}
