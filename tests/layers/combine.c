/* Combinators need neither task nor executor, nor a clock: two futures one after the other, polled by hand.
 * links: core sync time cancel combine
 */
#include <future/combine.h>

#if defined(FUT_TASK_H) || defined(FUT_EXECUTOR_H) || defined(FUT_REACTOR_H) || defined(FUT_TIME_H)
#error "an upper layer leaked into future/combine.h"
#endif

FUT_IMMEDIATE(number, int);
FUT_AND_THEN(one_more, number, number) { START(*second, number, first->output + 1); }
FUT_MAP(twice, int, one_more) { return 2 * child->output; }

int main(void) {
    fut_waker_t       nobody = {NULL, 0};
    number_t          first, second;
    one_more_t        sum;
    twice_t           twice;
    fut_shared_t      shared;
    fut_shared_wait_t a, b;
    fut_context_t     cx;

    fut_context_init(&cx, nobody, NULL);
    START(first, number, 20);
    START(sum, one_more, &first, &second);
    START(twice, twice, &sum);
    fut_shared_init(&shared, &twice.future);
    START(a, fut_shared_wait, &shared);
    START(b, fut_shared_wait, &shared);
    if (fut_poll(&b.future, &cx) != READY || fut_poll(&a.future, &cx) != READY) return 1;
    return twice.output == 42 ? 0 : 1;
}
