/* Chapter 8: at most five at once.
 *
 * A semaphore has so many permits; whoever wants one waits until one is free. It is the service that says how many
 * requests it saw at a time, not the clients. First come, first served; and a request that is cancelled while it waits
 * leaves the queue, one that is cancelled while it is served gives its permit back, in FINALLY.
 */
#include <errno.h>
#include <stdio.h>

#include "future/set.h"
#include "future/sync.h"
#include "service.h"
#include "tour.h"

enum { REQUESTS = 30, AT_ONCE = 5, EACH = 20 }; /* milliseconds */

typedef struct polite {
    ASYNC_FRAME(polite, int, const service_t *service; fut_semaphore_t *permits);
    fut_semaphore_acquire_t permit;
    request_t               request;
} polite_t;

ASYNC(polite) {
    ASYNC_BEGIN();
    AWAIT_TRY(self->permit, fut_semaphore_acquire, self->permits, 1);
    AWAIT_TRY(self->request, request, self->service, EACH);
    ASYNC_RETURN(self->request.output);

    ASYNC_FINALLY();
    if (self->permit.output == 0) fut_semaphore_release(self->permits, 1);
    ASYNC_END();
}

/* Output: milliseconds, or the first error. */
typedef struct crowd {
    ASYNC_FRAME(crowd, long, fut_executor_t *executor; service_t *service; uint32_t at_once);
    struct serving_join serving;
    fut_instant_t       start;
    fut_semaphore_t     permits;
    fut_try_join_all_t  all;
    polite_t            requests[REQUESTS];
} crowd_t;

ASYNC(crowd) {
    ASYNC_BEGIN();
    self->start   = fut_now(cx);
    self->serving = SPAWN(self->executor, serving, self->executor, self->service);
    TRY(fut_semaphore_init(&self->permits, self->at_once, self->at_once));
    for (int i = 0; i < REQUESTS; i++) START(self->requests[i], polite, self->service, &self->permits);
    AWAIT_TRY(self->all, fut_try_join_all, FUT_EACH(self->requests));
    ASYNC_RETURN((long)((fut_now(cx) - self->start) / 1000000));

    ASYNC_FINALLY();
    fut_join_cancel(&self->serving.join);
    AWAIT(self->serving);
    ASYNC_END();
}

/* 0, or a negative errno. */
static int run(fut_executor_t *executor, uint32_t at_once) {
    service_t service;
    long      milliseconds = service_open(&service);
    if (milliseconds == 0) milliseconds = BLOCK_ON(executor, crowd, executor, &service, at_once);
    if (milliseconds < 0) return (int)milliseconds;
    printf("    %2u permits    %4ld ms, the service saw %d at a time\n", at_once, milliseconds, service.most);
    if (service.answered != REQUESTS || service.most > (int)at_once) return -EILSEQ;
    return fut_executor_run(executor);
}

int limited(void) {
    fut_executor_t executor;
    int            error = fut_executor_init(&executor, NULL);
    if (error < 0) return error;

    printf("%d requests of %d ms each to a service that should not be asked too much:\n\n", REQUESTS, EACH);
    if ((error = run(&executor, AT_ONCE)) == 0 && (error = run(&executor, 1)) == 0) error = run(&executor, REQUESTS);
    fut_executor_destroy(&executor);
    if (error < 0) return error;

    printf("\nA semaphore is %zu bytes, a request that waits for it %zu more; waiting allocates nothing.\n",
           sizeof(fut_semaphore_t), sizeof(fut_semaphore_acquire_t));
    return 0;
}
