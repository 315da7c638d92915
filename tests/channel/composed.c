/* Channels under what is built of them: a SELECT whose losers have taken nothing, a timeout that has sent nothing, a
 * checked build that does not let a thread sleep inside of a poll. */
#ifndef FUT_CHECKED
#define FUT_CHECKED
#endif
#include "kit.h"

#include "future/executor.h"
#include "future/group.h"
#include "future/time.h"

typedef FUT_CHANNEL(int, 2) bounded_t;
typedef FUT_LOCAL_CHANNEL(int, 2) local_t;

/* ---- SELECT ------------------------------------------------------------------------------------------------- */

enum { MESSAGES = 2000 };

typedef struct source {
    ASYNC_FRAME(source, int, bounded_t *bounded; local_t *local; unsigned seed);
    fut_channel_send_t       send;
    fut_local_channel_send_t send_local;
    int                      n;
} source_t;
ASYNC(source) {
    ASYNC_BEGIN();
    for (self->n = 0; self->n < MESSAGES; self->n++) {
        if (self->bounded)
            AWAIT_TRY(self->send, fut_channel_send, FUT_ITEM(self->bounded, &self->n));
        else
            AWAIT_TRY(self->send_local, fut_local_channel_send, FUT_ITEM(self->local, &self->n));
        while (any_of(&self->seed, 3) == 0) YIELD();
    }
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    if (self->bounded) fut_channel_close(&self->bounded->channel);
    if (self->local) fut_local_channel_close(&self->local->channel);
    ASYNC_END();
}

typedef struct either {
    ASYNC_FRAME(either, int, bounded_t *bounded; local_t *local);
    fut_channel_recv_t       a;
    fut_local_channel_recv_t b;
    FUT_GROUP(2) group;
    int from_a, from_b, next_a, next_b;
} either_t;
ASYNC(either) {
    ASYNC_BEGIN();
    self->next_a = self->next_b = 0;
    while (self->next_a < MESSAGES || self->next_b < MESSAGES) {
        SELECT(self->group, (self->a, fut_channel_recv, FUT_ITEM(self->bounded, &self->from_a)),
               (self->b, fut_local_channel_recv, FUT_ITEM(self->local, &self->from_b)));
        if (self->a.output == 0 && self->from_a != self->next_a++) ASYNC_RETURN(-1);
        if (self->b.output == 0 && self->from_b != self->next_b++) ASYNC_RETURN(-2);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(channel, a_select_of_two_receives_loses_no_message_of_either) {
    for (unsigned seed = 0; seed < 10; seed++) {
        bounded_t      bounded;
        local_t        local;
        fut_executor_t executor;
        FUT_CHANNEL_INIT(&bounded);
        FUT_LOCAL_CHANNEL_INIT(&local);
        cr_assert_eq(fut_executor_init(&executor, NULL), 0);
        DETACH(SPAWN(&executor, source, &bounded, NULL, seed));
        DETACH(SPAWN(&executor, source, NULL, &local, seed + 100));
        cr_assert_eq(BLOCK_ON(&executor, either, &bounded, &local), 0, "seed %u", seed);
        fut_executor_destroy(&executor);
        fut_channel_destroy(&bounded.channel);
        fut_local_channel_destroy(&local.channel);
    }
}

/* ---- timeout ------------------------------------------------------------------------------------------------- */

typedef struct hurry {
    ASYNC_FRAME(hurry, int, bounded_t *channel);
    fut_channel_send_t send;
    fut_timeout_t      limit;
    int                n;
} hurry_t;
ASYNC(hurry) {
    ASYNC_BEGIN();
    self->n = 5;
    START(self->send, fut_channel_send, FUT_ITEM(self->channel, &self->n));
    AWAIT(self->limit, fut_timeout, &self->send.future, FUT_S(10));
    ASYNC_RETURN(self->limit.output);
    ASYNC_END();
}

Test(channel, a_send_that_ran_into_a_timeout_has_not_sent) {
    fut_virtual_clock_t   *clock   = fut_virtual_clock_new();
    fut_executor_options_t options = {.driver = fut_virtual_clock_driver(clock)};
    fut_executor_t         executor;
    bounded_t              channel;
    int                    n;
    FUT_CHANNEL_INIT(&channel);
    for (n = 0; n < 2; n++) cr_assert_eq(fut_channel_try_send(FUT_ITEM(&channel, &n)), 0);
    cr_assert_eq(fut_executor_init(&executor, &options), 0);
    cr_assert_eq(BLOCK_ON(&executor, hurry, &channel), -ETIMEDOUT);
    for (int i = 0; i < 2; i++) cr_assert(fut_channel_try_recv(FUT_ITEM(&channel, &n)) == 0 && n == i);
    cr_assert_eq(fut_channel_try_recv(FUT_ITEM(&channel, &n)), -EAGAIN);
    cr_assert_eq(BLOCK_ON(&executor, hurry, &channel), 0);
    cr_assert(fut_channel_try_recv(FUT_ITEM(&channel, &n)) == 0 && n == 5);
    fut_executor_destroy(&executor);
    fut_virtual_clock_free(clock);
    fut_channel_destroy(&channel.channel);
}

/* ---- blocking ------------------------------------------------------------------------------------------------- */

typedef struct blocks {
    FUT_FUTURE(blocks, int, bounded_t *channel);
} blocks_t;
static fut_poll_t blocks_poll(blocks_t *self, fut_context_t *cx) {
    int n = 1;
    (void)cx;
    self->output = fut_channel_send_blocking(FUT_ITEM(self->channel, &n));
    return fut_ready(&self->future);
}
FUT_DEFINE(blocks);

Test(channel, blocking_inside_of_a_poll_is_refused_where_it_would_have_to_wait) {
    bounded_t        channel;
    blocks_t         blocks;
    fut_test_waker_t woken = {0};
    int              n;
    FUT_CHANNEL_INIT(&channel);
    for (int i = 0; i < 3; i++) {
        START(blocks, blocks, &channel);
        cr_ready(blocks, woken, i < 2 ? 0 : -EDEADLK);
    }
    for (int i = 0; i < 2; i++) cr_assert_eq(fut_channel_try_recv(FUT_ITEM(&channel, &n)), 0);
    cr_assert_eq(fut_channel_try_recv(FUT_ITEM(&channel, &n)), -EAGAIN, "what was refused was not sent");
    fut_channel_destroy(&channel.channel);
}
