/* FUT_NO_SHORT_NAMES: the whole language with its prefix, and not one bare name taken. */
#define FUT_NO_SHORT_NAMES
#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

#if defined(PENDING) || defined(READY) || defined(ASYNC_FRAME) || defined(ASYNC) || defined(ASYNC_DECLARE) ||          \
    defined(ASYNC_DEFINE) || defined(ASYNC_FORWARD) || defined(ASYNC_BEGIN) || defined(ASYNC_RETURN) ||                \
    defined(ASYNC_FINALLY) || defined(ASYNC_END) || defined(START) || defined(AWAIT) || defined(AWAIT_TRY) ||          \
    defined(TRY) || defined(YIELD)
#error "a short name is still there"
#endif

/* Names that are free for others now. */
enum { PENDING = 77, READY, START, AWAIT, YIELD, TRY, ASYNC };

typedef struct prefixed_child {
    FUT_ASYNC_FRAME(prefixed_child, int, int number);
} prefixed_child_t;
FUT_ASYNC_FORWARD(prefixed_child);

typedef struct prefixed {
    FUT_ASYNC_FRAME(prefixed, int);
    prefixed_child_t child;
} prefixed_t;

FUT_ASYNC(prefixed) {
    FUT_ASYNC_BEGIN();
    FUT_AWAIT(self->child, prefixed_child, 1);
    FUT_START(self->child, prefixed_child, 2);
    FUT_AWAIT(self->child);
    FUT_YIELD();
    FUT_TRY(self->child.output);
    FUT_AWAIT_TRY(self->child, prefixed_child, -3);
    FUT_ASYNC_RETURN(READY);
    FUT_ASYNC_FINALLY();
    fut_test_say("finally");
    FUT_ASYNC_END();
}

FUT_ASYNC(prefixed_child) {
    FUT_ASYNC_BEGIN();
    FUT_YIELD();
    FUT_ASYNC_RETURN(self->number);
    FUT_ASYNC_END();
}

Test(macros, the_whole_language_is_there_without_its_short_names) {
    prefixed_t future;

    FUT_START(future, prefixed);
    cr_assert_eq(fut_test_run(&future.future), FUT_READY);
    cr_assert_eq(future.output, -3);
    cr_assert(fut_test_said("finally"));
}
