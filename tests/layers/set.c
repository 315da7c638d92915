/* Sets need no executor and no driver: an array is joined by hand.
 * links: core set
 */
#include <future/set.h>

#if defined(FUT_DRIVER_H) || defined(FUT_TASK_H) || defined(FUT_EXECUTOR_H) || defined(FUT_REACTOR_H) ||               \
    defined(FUT_TIME_H)
#error "an upper layer leaked into future/set.h"
#endif

typedef struct twice {
    ASYNC_FRAME(twice, int, int n);
} twice_t;

ASYNC(twice) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN(2 * self->n);
    ASYNC_END();
}

int main(void) {
    twice_t        workers[100];
    fut_join_all_t all;
    fut_waker_t    nobody = {NULL, 0};
    fut_context_t  cx;
    int            sum = 0, polls = 0;

    fut_context_init(&cx, nobody, NULL);
    for (int i = 0; i < 100; i++) START(workers[i], twice, i);
    START(all, fut_join_all, FUT_EACH(workers));
    while (fut_poll(&all.future, &cx) == PENDING && polls < 10) polls++;
    for (int i = 0; i < 100; i++) sum += workers[i].output;
    return all.output == 0 && sum == 9900 && polls <= 1 ? 0 : 1;
}
