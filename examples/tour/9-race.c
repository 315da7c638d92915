/* Chapter 9: a race of two mirrors, and a limit to one's patience.
 *
 * RACE awaits several futures until the first is done. The others are cancelled before the next statement runs: their FINALLY
 * has run by then, their sockets are closed, and nobody points into their slots. TIMEOUT is the same against a clock.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "future/group.h"
#include "service.h"
#include "tour.h"

enum { NEAR = 20, FAR = 120, PATIENCE = 60 }; /* milliseconds */

/* The same file from one of several places. */
typedef struct mirror {
    ASYNC_FRAME(mirror, int, const char *name; const service_t *service; int milliseconds);
    request_t request;
} mirror_t;

ASYNC(mirror) {
    ASYNC_BEGIN();
    printf("    %-5s is asked, and takes %d ms\n", self->name, self->milliseconds);
    AWAIT_TRY(self->request, request, self->service, self->milliseconds);
    ASYNC_RETURN(0);

    ASYNC_FINALLY();
    printf("    %-5s %s\n", self->name, self->output < 0 ? strerror(-self->output) : "answers");
    ASYNC_END();
}

/* Output: how often what should win won. */
typedef struct contest {
    ASYNC_FRAME(contest, int, fut_executor_t *executor; service_t *service, *down);
    struct serving_join serving;
    mirror_t            near, far;
    fut_timeout_t       limit;
    fut_instant_t       start;
    int                 expected;
    FUT_GROUP(2) race;
} contest_t;

static int since(const contest_t *self, fut_context_t *cx) { return (int)((fut_now(cx) - self->start) / 1000000); }

ASYNC(contest) {
    ASYNC_BEGIN();
    self->serving  = SPAWN(self->executor, serving, self->executor, self->service);
    self->expected = 0;

    printf("Two mirrors have the same file. Who is first?\n\n");
    self->start = fut_now(cx);
    RACE(self->race, (self->far, mirror, "far", self->service, FAR), (self->near, mirror, "near", self->service, NEAR));
    if (WON(self->race, self->near)) self->expected++;
    printf("\n    %s has won, after %d ms.\n", WON(self->race, self->near) ? "near" : "far", since(self, cx));

    printf("\nThe far one alone, with a patience of %d ms:\n\n", PATIENCE);
    self->start = fut_now(cx);
    TIMEOUT(self->limit, FUT_MS(PATIENCE), (self->far, mirror, "far", self->service, FAR));
    if (self->limit.output == -ETIMEDOUT) self->expected++;
    printf("\n    %s, after %d ms.\n", strerror(-self->limit.output), since(self, cx));

    printf("\nThe first to succeed: ANY does not take a failure for an answer.\n\n");
    ANY(self->race, (self->far, mirror, "down", self->down, FAR), (self->near, mirror, "near", self->service, NEAR));
    if (WON(self->race, self->near) && self->far.output == -ECONNREFUSED) self->expected++;
    ASYNC_RETURN(self->expected);

    ASYNC_FINALLY();
    fut_join_cancel(&self->serving.join);
    AWAIT(self->serving);
    ASYNC_END();
}

/* An address at which nobody listens any more. */
static int service_down(service_t *service) {
    int error = service_open(service);
    if (error == 0) fut_close(service->listener);
    return error;
}

static int run(fut_executor_t *executor) {
    service_t service, down;
    int       won = service_down(&down);
    if (won == 0) won = service_open(&service);
    if (won == 0) won = BLOCK_ON(executor, contest, executor, &service, &down);
    if (won < 0) return won;
    return won == 3 ? fut_executor_run(executor) : -EILSEQ;
}

int race(void) {
    fut_executor_t executor;
    int            error = fut_executor_init(&executor, NULL);
    if (error < 0) return error;
    error = run(&executor);
    fut_executor_destroy(&executor);
    if (error < 0) return error;
    printf("\nA group of two is %zu bytes in the frame that awaits it; the losers' storage is free again.\n",
           sizeof(FUT_GROUP(2)));
    return 0;
}
