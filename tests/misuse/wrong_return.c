// ASYNC_RETURN is checked as `return` is: text is not a number, also where no flag asks for it.
//
// expect gcc: error: assignment to 'int' from 'char *' makes integer from pointer without a cast
// expect clang: error: incompatible pointer to integer conversion assigning to
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
    ASYNC_RETURN("forty-two");
#endif
    ASYNC_END();
}

int main(void) {
    answer_t answer;
    START(answer, answer);
    return fut_test_run(&answer.future) == READY && answer.output == 42 ? 0 : 1;
}
