/* Chapter 7: fan out, fan in. A hundred requests at once, one answer.
 *
 * The requests lie in an array, and fut_join_all awaits the array: each has a waker of its own, so an answer that comes
 * touches one request and not the other ninety-nine. Nothing is spawned; all of them are parts of one task.
 */
#include <errno.h>
#include <stdio.h>

#include "future/set.h"
#include "service.h"
#include "tour.h"

enum { REQUESTS = 100, SHORTEST = 50, LONGEST = 149 }; /* milliseconds */

/* Output: the sum of all answers, or the first error. */
typedef struct fan {
    ASYNC_FRAME(fan, long, fut_executor_t *executor; service_t *service; long *milliseconds);
    struct serving_join serving;
    fut_instant_t       start;
    fut_try_join_all_t  all;
    request_t           requests[REQUESTS];
} fan_t;

static long sum_of(const request_t *requests) {
    long sum = 0;
    for (int i = 0; i < REQUESTS; i++) sum += requests[i].output;
    return sum;
}

ASYNC(fan) {
    ASYNC_BEGIN();
    self->start   = fut_now(cx);
    self->serving = SPAWN(self->executor, serving, self->executor, self->service);
    for (int i = 0; i < REQUESTS; i++) START(self->requests[i], request, self->service, SHORTEST + i);
    AWAIT_TRY(self->all, fut_try_join_all, FUT_EACH(self->requests));
    *self->milliseconds = (long)((fut_now(cx) - self->start) / 1000000);
    ASYNC_RETURN(sum_of(self->requests));

    ASYNC_FINALLY();
    fut_join_cancel(&self->serving.join);
    AWAIT(self->serving);
    ASYNC_END();
}

int fan_out(void) {
    const long     expected = (long)REQUESTS * (SHORTEST + LONGEST) / 2;
    fut_executor_t executor;
    service_t      service;
    long           milliseconds = 0, sum;
    int            error        = fut_executor_init(&executor, NULL);
    if (error < 0) return error;
    if ((error = service_open(&service)) < 0) {
        fut_executor_destroy(&executor);
        return error;
    }

    printf("%d requests to a service that takes %d to %d ms for each.\n\n", REQUESTS, SHORTEST, LONGEST);
    sum = BLOCK_ON(&executor, fan, &executor, &service, &milliseconds);
    if (sum >= 0) error = fut_executor_run(&executor);
    fut_executor_destroy(&executor);
    if (sum < 0 || error < 0) return sum < 0 ? (int)sum : error;

    printf("    one after the other they would take    %6ld ms\n", expected);
    printf("    at once they took                      %6ld ms\n", milliseconds);
    printf("    in progress at the service, at most    %6d\n", service.most);
    printf("    the sum of the answers                 %6ld, as it should be\n\n", sum);
    printf("The first error would have cancelled the rest, and closed their sockets.\n");
    return sum == expected ? 0 : -EILSEQ;
}
