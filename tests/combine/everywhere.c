/* A function that goes through everything, ended at each of its polls: dropped, or cancelled, and then every other poll
 * swallowed. Nothing may be left of it: no timer, nobody in a line, no FINALLY that has not run. */
#include "kit.h"

#include "../counting.h"
#include "future/deadline.h"
#include "future/local.h"

static int                balance; /* who has begun, and not ended */
static fut_cancel_token_t token;

FUT_TASK_LOCAL(int, number);

typedef struct busy {
    ASYNC_FRAME(busy, int, int times);
    int              i;
    fut_sleep_t      nap;
    fut_test_after_t farewell;
} busy_t;
ASYNC(busy) {
    ASYNC_BEGIN();
    balance++;
    for (self->i = 0; self->i < self->times; self->i++) YIELD();
    AWAIT(self->nap, fut_sleep, FUT_MS(1));
    ASYNC_RETURN(self->times);
    ASYNC_FINALLY();
    AWAIT(self->farewell, fut_test_after, 1, 0);
    balance--;
    ASYNC_END();
}

FUT_MAP(mapped, int, busy) { return child->output + 1; }
FUT_INSPECT(looked_at, mapped) { (void)child; }
FUT_AND_THEN(chained, busy, busy) { START(*second, busy, first->output + 1); }
FUT_OR_ELSE(retried, busy, busy) { START(*second, busy, 1); }
FUT_LAZY(late, busy) { START(*child, busy, FUT_LOCAL_OR(cx, number, 0)); }

typedef struct everything {
    ASYNC_FRAME(everything, int);
    busy_t              a, b;
    mapped_t            mapped;
    looked_at_t         looked_at;
    chained_t           chained;
    retried_t           retried;
    late_t              late;
    number_t            number;
    fut_with_deadline_t deadline;
    fut_with_token_t    with_token;
    fut_abortable_t     abortable;
    fut_fuse_t          fuse;
    fut_shared_t        shared;
    fut_shared_wait_t   wait[2];
    fut_never_t         never;
    FUT_GROUP(3) group;
} everything_t;
ASYNC(everything) {
    ASYNC_BEGIN();
    START(self->a, busy, 1);
    START(self->mapped, mapped, &self->a);
    AWAIT(self->looked_at, looked_at, &self->mapped);
    cr_assert_eq(self->looked_at.output, 2);

    START(self->a, busy, 1);
    AWAIT(self->chained, chained, &self->a, &self->b);
    cr_assert_eq(self->chained.output, 2);

    START(self->a, busy, -7);
    AWAIT(self->retried, retried, &self->a, &self->b);
    cr_assert_eq(self->retried.output, 1);

    START(self->late, late, &self->a);
    WITH_LOCAL(self->number, number, 2, self->late);
    cr_assert_eq(self->late.output, 2);

    WITH_DEADLINE(self->deadline, fut_deadline_in(cx, FUT_MS(5)), (self->a, busy, 1));
    cr_assert_eq(self->deadline.output, 0);
    WITH_DEADLINE(self->deadline, fut_deadline_in(cx, FUT_US(5)), (self->a, busy, 1));
    cr_assert_eq(self->deadline.output, -ETIMEDOUT);

    START(self->a, busy, 1);
    START(self->deadline, fut_with_deadline, &self->a.future, fut_deadline_in(cx, FUT_MS(5)));
    WITH_TOKEN(self->with_token, &token, self->deadline);
    cr_assert_eq(self->with_token.output, 0);

    START(self->a, busy, 1);
    START(self->abortable, fut_abortable, &self->a.future, &token);
    AWAIT(self->fuse, fut_fuse, &self->abortable.future);

    START(self->a, busy, 1);
    fut_shared_init(&self->shared, &self->a.future);
    SELECT(self->group, (self->wait[0], fut_shared_wait, &self->shared),
           (self->wait[1], fut_shared_wait, &self->shared), (self->never, fut_never));
    cr_assert(fut_is_done(&self->a.future));

    START(self->a, busy, 1);
    fut_shared_init(&self->shared, &self->a.future);
    JOIN(self->group, (self->wait[0], fut_shared_wait, &self->shared), (self->wait[1], fut_shared_wait, &self->shared));
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    CANCEL(self->group, self->a);
    ASYNC_END();
}

/* ---- The clock, and the polls ------------------------------------------------------------------------------------ */

static fut_virtual_clock_t *virtual_clock;

static fut_poll_t poll_once(fut_future_t *future, fut_test_waker_t *woken) {
    fut_driver_t *const driver = fut_virtual_clock_driver(virtual_clock);
    const unsigned      before = woken->wakes;
    fut_context_t       cx;
    fut_poll_t          answer;
    fut_context_init(&cx, fut_test_waker(woken), driver);
    answer = fut_poll(future, &cx);
    if (answer == FUT_PENDING && woken->wakes == before) (void)driver->vtable->park(driver, FUT_NEVER);
    return answer;
}
/* Polls, at most so many times; how often. */
static unsigned run(fut_future_t *future, unsigned most) {
    static fut_test_waker_t woken;
    unsigned                polls = 0;
    while (polls < most) {
        polls++;
        if (poll_once(future, &woken) == FUT_READY) break;
    }
    return polls;
}

enum { DROPPED, CANCELLED, BY_TOKEN, WAYS };
static unsigned one_life(unsigned polls, int way, bool stutter) {
    everything_t       everything;
    fut_with_token_t   with;
    fut_test_stutter_t around;
    fut_cancel_token_t own    = FUT_CANCEL_TOKEN_INIT;
    fut_future_t      *future = stutter ? &around.future : &with.future;
    fut_driver_t      *driver;
    unsigned           lived;
    size_t             requests;
    token         = (fut_cancel_token_t)FUT_CANCEL_TOKEN_INIT;
    virtual_clock = fut_virtual_clock_new();
    driver        = fut_virtual_clock_driver(virtual_clock);
    requests      = counting.calls;
    memset(&everything, 0x55, sizeof everything);
    START(everything, everything);
    START(with, fut_with_token, &everything.future, &own);
    START(around, fut_test_stutter, &with.future);
    lived = run(future, polls);
    if (lived == polls && !fut_is_done(future)) {
        if (way == DROPPED) fut_drop(future);
        if (way == CANCELLED) fut_cancel(future);
        if (way == BY_TOKEN) fut_cancel_token_cancel(&own, 0);
        cr_assert_lt(run(future, 1000), 1000);
    }
    cr_assert(fut_is_done(&everything.future), "after %u polls, way %d", polls, way);
    cr_assert_eq(balance, 0, "after %u polls, way %d: %d have not ended", polls, way, balance);
    cr_assert_eq(driver->vtable->next(driver), FUT_NEVER, "after %u polls, way %d: a timer is left", polls, way);
    cr_assert_eq(counting.calls, requests, "memory was asked for");
    fut_cancel_token_destroy(&token); /* stops where somebody is in line */
    fut_cancel_token_destroy(&own);
    fut_virtual_clock_free(virtual_clock);
    return lived;
}

Test(combine, everything_can_end_at_each_of_its_polls_and_allocates_nothing) {
    counting_begin();
    for (int way = 0; way < WAYS; way++)
        for (int stutter = 0; stutter < 2; stutter++) {
            const unsigned whole = one_life(1000, way, stutter);
            cr_assert_gt(whole, 30);
            for (unsigned polls = 0; polls < whole; polls++) (void)one_life(polls, way, stutter);
        }
}
