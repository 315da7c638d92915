/* The channels with a queue, step by step: order, room, closing, cancelling, and what cannot be asked for. The three
 * kinds have one text where they promise the same. */
#include "kit.h"

#include "future/executor.h"

typedef FUT_CHANNEL(int, 2) bounded_t;
typedef FUT_LOCAL_CHANNEL(int, 2) local_t;
typedef FUT_UNBOUNDED(int) unbounded_t;

/* ---- What cannot be asked for ------------------------------------------------------------------------------ */

Test(channel, a_channel_needs_a_capacity_a_size_and_memory) {
    uint32_t            memory[8];
    fut_channel_t       bounded;
    fut_local_channel_t local;
    fut_unbounded_t     unbounded;
    cr_assert_eq(fut_channel_init(&bounded, memory, 4, 0), -EINVAL);
    cr_assert_eq(fut_channel_init(&bounded, memory, 0, 4), -EINVAL);
    cr_assert_eq(fut_channel_init(&bounded, NULL, 4, 4), -EINVAL);
    cr_assert_eq(fut_channel_init(&bounded, (char *)memory + 2, 4, 4), -EINVAL);
    cr_assert_eq(fut_channel_init(&bounded, memory, 4, (size_t)FUT_CHANNEL_MAX + 1), -EINVAL);
    cr_assert_eq(fut_channel_init(&bounded, memory, SIZE_MAX, 1), -EINVAL);
    cr_assert_eq(fut_local_channel_init(&local, memory, 4, 0), -EINVAL);
    cr_assert_eq(fut_local_channel_init(&local, memory, 0, 4), -EINVAL);
    cr_assert_eq(fut_local_channel_init(&local, NULL, 4, 4), -EINVAL);
    cr_assert_eq(fut_local_channel_init(&local, memory, 4, SIZE_MAX), -EINVAL);
    cr_assert_eq(fut_unbounded_init(&unbounded, 0), -EINVAL);
    cr_assert_eq(fut_unbounded_init(&unbounded, SIZE_MAX), -EINVAL);
}

Test(channel, receiving_at_most_none_is_refused) {
    bounded_t               channel;
    fut_channel_recv_many_t recv;
    fut_test_waker_t        woken = {0};
    int                     n     = 7;
    FUT_CHANNEL_INIT(&channel);
    cr_assert_eq(fut_channel_try_recv_many(FUT_ITEM(&channel, &n), 0), -EINVAL);
    START(recv, fut_channel_recv_many, FUT_ITEM(&channel, &n), 0);
    cr_ready(recv, woken, -EINVAL);
    cr_ready(recv, woken, -EINVAL);
    cr_assert_eq(n, 7);
    fut_channel_destroy(&channel.channel);
}

/* ---- Order -------------------------------------------------------------------------------------------------- */

/* Messages of every size up to 24, through rings of every capacity up to 9, each several times around; and what is
 * beside a message stays as it is. */
enum { SIZES = 24, CAPACITIES = 9 };

static void make_message(unsigned char *message, unsigned number) {
    for (unsigned i = 0; i < SIZES; i++) message[i] = (unsigned char)(number * 31 + i);
}
static bool is_message(const unsigned char *got, unsigned number, size_t size) {
    unsigned char expected[SIZES];
    make_message(expected, number);
    return !memcmp(got, expected, size) && got[size] == 0xee;
}
static void go_round(void *channel, size_t size, size_t capacity, int (*send)(void *, const void *),
                     int (*receive)(void *, void *)) {
    unsigned      sent = 0, received = 0, seed = (unsigned)(size * 100 + capacity);
    unsigned char message[SIZES], got[SIZES + 1];
    while (received < 6 * capacity) {
        const unsigned most = 1 + any_of(&seed, (unsigned)capacity + 1);
        for (unsigned i = 0; i < most; i++) {
            make_message(message, sent);
            if (send(channel, message) == 0) sent++;
        }
        cr_assert_leq(sent - received, capacity);
        for (unsigned i = any_of(&seed, 3); received < sent && i < most; i++) {
            memset(got, 0xee, sizeof got);
            cr_assert_eq(receive(channel, got), 0);
            cr_assert(is_message(got, received, size), "size %zu, capacity %zu, message %u", size, capacity, received);
            received++;
        }
    }
}
static int send_bounded(void *channel, const void *item) { return fut_channel_try_send(channel, item); }
static int receive_bounded(void *channel, void *item) { return fut_channel_try_recv(channel, item); }
static int send_local(void *channel, const void *item) { return fut_local_channel_try_send(channel, item); }
static int receive_local(void *channel, void *item) { return fut_local_channel_try_recv(channel, item); }

Test(channel, messages_of_any_size_stay_in_order_around_rings_of_any_capacity) {
    static uint32_t memory[FUT_CHANNEL_BYTES(SIZES, CAPACITIES) / 4 + 1];
    for (size_t size = 1; size <= SIZES; size++)
        for (size_t capacity = 1; capacity <= CAPACITIES; capacity++) {
            unsigned char *const end = (unsigned char *)memory + FUT_CHANNEL_BYTES(size, capacity);
            fut_channel_t        bounded;
            fut_local_channel_t  local;
            *end = 0x77;
            cr_assert_eq(fut_channel_init(&bounded, memory, size, capacity), 0);
            go_round(&bounded, size, capacity, send_bounded, receive_bounded);
            fut_channel_destroy(&bounded);
            cr_assert_eq(*end, 0x77);
            cr_assert_eq(fut_local_channel_init(&local, memory, size, capacity), 0);
            go_round(&local, size, capacity, send_local, receive_local);
            fut_local_channel_destroy(&local);
        }
}

Test(channel, receiving_many_takes_what_is_there_and_calls_as_many_senders) {
    FUT_CHANNEL(int, 5) channel;
    fut_channel_send_t sends[4];
    fut_test_waker_t   woken = {0};
    int                got[8], n, next = 0, items[4];
    FUT_CHANNEL_INIT(&channel);
    for (int i = 0; i < 3; i++, next++) cr_assert_eq(fut_channel_try_send(FUT_ITEM(&channel, &next)), 0);
    cr_assert_eq(fut_channel_try_recv_many(FUT_ITEM(&channel, got), 2), 2);
    cr_assert(got[0] == 0 && got[1] == 1);
    for (; fut_channel_try_send(FUT_ITEM(&channel, &next)) == 0; next++) {} /* 2 3 4 | 5 6: around the end */
    cr_assert_eq(next, 7);
    for (int i = 0; i < 4; i++) {
        items[i] = next++;
        START(sends[i], fut_channel_send, FUT_ITEM(&channel, &items[i]));
        cr_pending(sends[i], woken);
    }
    n = fut_channel_try_recv_many(FUT_ITEM(&channel, got), 8);
    cr_assert_eq(n, 3, "up to the ring's end, not around it");
    cr_assert(got[0] == 2 && got[2] == 4);
    cr_assert_eq(woken.wakes, 3, "three have room now");
    for (int i = 0; i < 3; i++) cr_ready(sends[i], woken, 0);
    cr_pending(sends[3], woken);
    for (int i = 5; i < 10; i++) cr_assert(fut_channel_try_recv(FUT_ITEM(&channel, &n)) == 0 && n == i);
    cr_ready(sends[3], woken, 0);
    cr_assert(fut_channel_try_recv(FUT_ITEM(&channel, &n)) == 0 && n == 10);
    cr_assert_eq(fut_channel_try_recv(FUT_ITEM(&channel, &n)), -EAGAIN);
    fut_channel_destroy(&channel.channel);
}

/* ---- Waiting: the same text for both kinds that can be full --------------------------------------------------- */

#define BOTH(kind, type, init, leaf)                                                                                   \
    Test(channel, senders_of_a_##kind##_one_get_room_in_the_order_of_arrival) {                                        \
        type             channel;                                                                                      \
        leaf##_send_t    sends[4];                                                                                     \
        fut_test_waker_t woken[4] = {{0}};                                                                             \
        int              items[4], n;                                                                                  \
        init(&channel);                                                                                                \
        for (n = 0; n < 2; n++) cr_assert_eq(leaf##_try_send(FUT_ITEM(&channel, &n)), 0);                              \
        cr_assert_eq(leaf##_try_send(FUT_ITEM(&channel, &n)), -EAGAIN);                                                \
        for (int i = 0; i < 4; i++) {                                                                                  \
            items[i] = 2 + i;                                                                                          \
            START(sends[i], leaf##_send, FUT_ITEM(&channel, &items[i]));                                               \
            cr_pending(sends[i], woken[i]);                                                                            \
        }                                                                                                              \
        for (int i = 0; i < 4; i++) {                                                                                  \
            cr_assert(leaf##_try_recv(FUT_ITEM(&channel, &n)) == 0 && n == i);                                         \
            for (int k = 0; k < 4; k++) cr_assert_eq(woken[k].wakes, k <= i);                                          \
            cr_ready(sends[i], woken[i], 0);                                                                           \
        }                                                                                                              \
        leaf##_destroy(&channel.channel);                                                                              \
    }                                                                                                                  \
    Test(channel, who_was_passed_keeps_its_place_in_a_##kind##_one) {                                                  \
        type             channel;                                                                                      \
        leaf##_recv_t    first, second;                                                                                \
        fut_test_waker_t one = {0}, two = {0};                                                                         \
        int              n = 7, a = 0, b = 0, passer = 0;                                                              \
        init(&channel);                                                                                                \
        START(first, leaf##_recv, FUT_ITEM(&channel, &a));                                                             \
        START(second, leaf##_recv, FUT_ITEM(&channel, &b));                                                            \
        cr_pending(first, one);                                                                                        \
        cr_pending(second, two);                                                                                       \
        cr_assert_eq(leaf##_try_send(FUT_ITEM(&channel, &n)), 0);                                                      \
        cr_assert(leaf##_try_recv(FUT_ITEM(&channel, &passer)) == 0 && passer == 7);                                   \
        cr_pending(first, one); /* told, and too late: the first again, before the second */                           \
        n = 8;                                                                                                         \
        cr_assert_eq(leaf##_try_send(FUT_ITEM(&channel, &n)), 0);                                                      \
        cr_assert(one.wakes == 2 && two.wakes == 0);                                                                   \
        cr_ready(first, one, 0);                                                                                       \
        cr_assert_eq(a, 8);                                                                                            \
        fut_drop(&second.future);                                                                                      \
        leaf##_destroy(&channel.channel);                                                                              \
    }                                                                                                                  \
    Test(channel, dropping_a_receiver_of_a_##kind##_one_that_was_told_tells_the_next) {                                \
        type             channel;                                                                                      \
        leaf##_recv_t    first, second;                                                                                \
        fut_test_waker_t one = {0}, two = {0};                                                                         \
        int              n = 7, a = -1, b = -1;                                                                        \
        init(&channel);                                                                                                \
        START(first, leaf##_recv, FUT_ITEM(&channel, &a));                                                             \
        START(second, leaf##_recv, FUT_ITEM(&channel, &b));                                                            \
        cr_pending(first, one);                                                                                        \
        cr_pending(second, two);                                                                                       \
        cr_assert_eq(leaf##_try_send(FUT_ITEM(&channel, &n)), 0);                                                      \
        fut_drop(&first.future);                                                                                       \
        memset(&first, 0xee, sizeof first);                                                                            \
        cr_assert(two.wakes == 1 && a == -1, "nothing was taken, and the next was told");                              \
        cr_ready(second, two, 0);                                                                                      \
        cr_assert_eq(b, 7);                                                                                            \
        leaf##_destroy(&channel.channel);                                                                              \
    }                                                                                                                  \
    Test(channel, a_send_to_a_##kind##_one_that_is_dropped_has_not_sent) {                                             \
        type             channel;                                                                                      \
        leaf##_send_t    first, second;                                                                                \
        fut_test_waker_t one = {0}, two = {0};                                                                         \
        int              n, a = 10, b = 11;                                                                            \
        init(&channel);                                                                                                \
        START(first, leaf##_send, FUT_ITEM(&channel, &a));                                                             \
        fut_drop(&first.future); /* not polled yet */                                                                  \
        for (n = 0; n < 2; n++) cr_assert_eq(leaf##_try_send(FUT_ITEM(&channel, &n)), 0);                              \
        START(first, leaf##_send, FUT_ITEM(&channel, &a));                                                             \
        START(second, leaf##_send, FUT_ITEM(&channel, &b));                                                            \
        cr_pending(first, one);                                                                                        \
        cr_pending(second, two);                                                                                       \
        cr_assert_eq(leaf##_try_recv(FUT_ITEM(&channel, &n)), 0);                                                      \
        fut_cancel(&first.future); /* told already */                                                                  \
        cr_assert(first.output == -ECANCELED && two.wakes == 1);                                                       \
        cr_ready(second, two, 0);                                                                                      \
        cr_assert(leaf##_try_recv(FUT_ITEM(&channel, &n)) == 0 && n == 1);                                             \
        cr_assert(leaf##_try_recv(FUT_ITEM(&channel, &n)) == 0 && n == 11);                                            \
        cr_assert_eq(leaf##_try_recv(FUT_ITEM(&channel, &n)), -EAGAIN);                                                \
        leaf##_destroy(&channel.channel);                                                                              \
    }                                                                                                                  \
    Test(channel, closing_a_##kind##_one_ends_all_sends_and_lets_receivers_have_the_rest) {                            \
        enum { CROWD = 40 }; /* more than are woken at once */                                                         \
        type                 channel;                                                                                  \
        static leaf##_send_t sends[CROWD];                                                                             \
        fut_test_waker_t     woken = {0};                                                                              \
        leaf##_recv_t        recv;                                                                                     \
        int                  n, item = 9;                                                                              \
        init(&channel);                                                                                                \
        for (n = 0; n < 2; n++) cr_assert_eq(leaf##_try_send(FUT_ITEM(&channel, &n)), 0);                              \
        for (int i = 0; i < CROWD; i++) {                                                                              \
            START(sends[i], leaf##_send, FUT_ITEM(&channel, &item));                                                   \
            cr_pending(sends[i], woken);                                                                               \
        }                                                                                                              \
        leaf##_close(&channel.channel);                                                                                \
        cr_assert_eq(woken.wakes, CROWD);                                                                              \
        for (int i = 0; i < CROWD; i++) cr_ready(sends[i], woken, -EPIPE);                                             \
        cr_assert_eq(leaf##_try_send(FUT_ITEM(&channel, &item)), -EPIPE);                                              \
        START(sends[0], leaf##_send, FUT_ITEM(&channel, &item));                                                       \
        cr_ready(sends[0], woken, -EPIPE);                                                                             \
        START(recv, leaf##_recv, FUT_ITEM(&channel, &n));                                                              \
        cr_ready(recv, woken, 0);                                                                                      \
        cr_assert_eq(n, 0);                                                                                            \
        cr_assert(leaf##_try_recv(FUT_ITEM(&channel, &n)) == 0 && n == 1);                                             \
        START(recv, leaf##_recv, FUT_ITEM(&channel, &n));                                                              \
        cr_ready(recv, woken, -EPIPE);                                                                                 \
        cr_ready(recv, woken, -EPIPE);                                                                                 \
        cr_assert_eq(leaf##_try_recv(FUT_ITEM(&channel, &n)), -EPIPE);                                                 \
        cr_assert_eq(n, 1, "and what was there is left alone");                                                        \
        leaf##_destroy(&channel.channel);                                                                              \
    }                                                                                                                  \
    Test(channel, closing_a_##kind##_one_ends_all_receives) {                                                          \
        enum { CROWD = 40 };                                                                                           \
        type                 channel;                                                                                  \
        static leaf##_recv_t recvs[CROWD];                                                                             \
        fut_test_waker_t     woken = {0};                                                                              \
        int                  n     = 5;                                                                                \
        init(&channel);                                                                                                \
        for (int i = 0; i < CROWD; i++) {                                                                              \
            START(recvs[i], leaf##_recv, FUT_ITEM(&channel, &n));                                                      \
            cr_pending(recvs[i], woken);                                                                               \
        }                                                                                                              \
        leaf##_close(&channel.channel);                                                                                \
        cr_assert_eq(woken.wakes, CROWD);                                                                              \
        for (int i = 0; i < CROWD; i++)                                                                                \
            if (i % 2)                                                                                                 \
                fut_drop(&recvs[i].future);                                                                            \
            else                                                                                                       \
                cr_ready(recvs[i], woken, -EPIPE);                                                                     \
        cr_assert(n == 5 && woken.wakes == CROWD);                                                                     \
        leaf##_destroy(&channel.channel);                                                                              \
    }                                                                                                                  \
    Test(channel, without_budget_a_##kind##_one_moves_nothing_and_nobody_is_in_line) {                                 \
        type             channel;                                                                                      \
        leaf##_send_t    send;                                                                                         \
        leaf##_recv_t    recv;                                                                                         \
        fut_test_waker_t woken = {0};                                                                                  \
        fut_context_t    cx;                                                                                           \
        int              n = 3, got = 0;                                                                               \
        init(&channel);                                                                                                \
        fut_context_init(&cx, fut_test_waker(&woken), NULL);                                                           \
        cx.budget = 1;                                                                                                 \
        START(send, leaf##_send, FUT_ITEM(&channel, &n));                                                              \
        cr_assert_eq(fut_poll(&send.future, &cx), FUT_READY);                                                          \
        START(send, leaf##_send, FUT_ITEM(&channel, &n));                                                              \
        START(recv, leaf##_recv, FUT_ITEM(&channel, &got));                                                            \
        cr_assert_eq(fut_poll(&send.future, &cx), FUT_PENDING);                                                        \
        cr_assert_eq(fut_poll(&recv.future, &cx), FUT_PENDING);                                                        \
        cr_assert_eq(woken.wakes, 2, "its turn is over, and comes again");                                             \
        fut_drop(&send.future);                                                                                        \
        cr_ready(recv, woken, 0);                                                                                      \
        cr_assert_eq(leaf##_try_recv(FUT_ITEM(&channel, &got)), -EAGAIN);                                              \
        leaf##_destroy(&channel.channel);                                                                              \
    }                                                                                                                  \
    Test(channel, destroying_a_##kind##_one_that_is_waited_for_stops, .signal = SIGABRT) {                             \
        type             channel;                                                                                      \
        leaf##_recv_t    recv;                                                                                         \
        fut_test_waker_t woken = {0};                                                                                  \
        int              n;                                                                                            \
        init(&channel);                                                                                                \
        START(recv, leaf##_recv, FUT_ITEM(&channel, &n));                                                              \
        cr_pending(recv, woken);                                                                                       \
        leaf##_destroy(&channel.channel);                                                                              \
    }

BOTH(bounded, bounded_t, FUT_CHANNEL_INIT, fut_channel)
BOTH(local, local_t, FUT_LOCAL_CHANNEL_INIT, fut_local_channel)

/* The line of the receivers comes from the same file in all; here is what differs. */
Test(channel, a_sender_that_was_woken_by_another_waker_than_before_waits_under_the_new_one) {
    bounded_t          channel;
    fut_channel_send_t send;
    fut_test_waker_t   before = {0}, after = {0};
    int                n;
    FUT_CHANNEL_INIT(&channel);
    for (n = 0; n < 2; n++) cr_assert_eq(fut_channel_try_send(FUT_ITEM(&channel, &n)), 0);
    START(send, fut_channel_send, FUT_ITEM(&channel, &n));
    cr_pending(send, before);
    cr_pending(send, after);
    cr_assert(before.clones == 1 && before.drops == 1 && after.clones == 1 && after.drops == 0);
    cr_assert_eq(fut_channel_try_recv(FUT_ITEM(&channel, &n)), 0);
    cr_assert(before.wakes == 0 && after.wakes == 1 && after.drops == 1);
    fut_drop(&send.future);
    fut_channel_destroy(&channel.channel);
}

/* ---- unbounded -------------------------------------------------------------------------------------------------- */

static long blocks, blocks_left; /* how many are out; how many may still be asked for */

static void *few_blocks(size_t size) {
    if (blocks_left == 0) return NULL;
    blocks_left--, blocks++;
    return malloc(size);
}
static void free_block(void *memory) {
    if (memory) blocks--;
    free(memory);
}

Test(channel, without_memory_an_unbounded_one_refuses_and_keeps_what_it_has) {
    static const fut_allocator_t few = {.allocate = few_blocks, .release = free_block};
    unbounded_t                  channel;
    int                          sent = 0, n;
    FUT_UNBOUNDED_INIT(&channel);
    fut_set_allocator(&few);
    blocks_left = 3;
    while (fut_unbounded_send(FUT_ITEM(&channel, &sent)) == 0) sent++;
    cr_assert_gt(sent, 2);
    cr_assert_eq(fut_unbounded_send(FUT_ITEM(&channel, &sent)), -ENOMEM);
    for (int i = 0; i < sent; i++) cr_assert(fut_unbounded_try_recv(FUT_ITEM(&channel, &n)) == 0 && n == i);
    cr_assert_eq(fut_unbounded_try_recv(FUT_ITEM(&channel, &n)), -EAGAIN);
    cr_assert_leq(blocks, 2, "one to go on with, and a spare one");
    cr_assert_eq(fut_unbounded_send(FUT_ITEM(&channel, &sent)), 0, "which needs no memory");
    FUT_UNBOUNDED_DESTROY(&channel);
    cr_assert_eq(blocks, 0);
    fut_set_allocator(NULL);
}

Test(channel, a_steady_unbounded_one_takes_no_memory) {
    static const fut_allocator_t few = {.allocate = few_blocks, .release = free_block};
    unbounded_t                  channel;
    int                          sent = 0, received = 0, n;
    FUT_UNBOUNDED_INIT(&channel);
    fut_set_allocator(&few);
    blocks_left = 2;
    for (int i = 0; i < 20000; i++) { /* up to 100 on the way: across the ends of blocks */
        while (sent - received < 1 + i % 100) {
            cr_assert_eq(fut_unbounded_send(FUT_ITEM(&channel, &sent)), 0);
            sent++;
        }
        cr_assert(fut_unbounded_try_recv(FUT_ITEM(&channel, &n)) == 0 && n == received);
        received++;
    }
    FUT_UNBOUNDED_DESTROY(&channel);
    fut_set_allocator(NULL);
}

Test(channel, closing_an_unbounded_one_ends_sends_and_lets_receivers_have_the_rest) {
    unbounded_t          channel;
    fut_unbounded_recv_t recvs[2];
    fut_test_waker_t     woken = {0};
    int                  n     = 4;
    FUT_UNBOUNDED_INIT(&channel);
    cr_assert_eq(fut_unbounded_send(FUT_ITEM(&channel, &n)), 0);
    START(recvs[0], fut_unbounded_recv, FUT_ITEM(&channel, &n));
    cr_ready(recvs[0], woken, 0);
    for (int i = 0; i < 2; i++) {
        START(recvs[i], fut_unbounded_recv, FUT_ITEM(&channel, &n));
        cr_pending(recvs[i], woken);
    }
    cr_assert_eq(fut_unbounded_send(FUT_ITEM(&channel, &n)), 0);
    fut_unbounded_close(&channel.channel);
    cr_assert_eq(woken.wakes, 2);
    cr_assert_eq(fut_unbounded_send(FUT_ITEM(&channel, &n)), -EPIPE);
    cr_ready(recvs[1], woken, 0); /* in whatever order they are polled */
    cr_ready(recvs[0], woken, -EPIPE);
    FUT_UNBOUNDED_DESTROY(&channel);
}

/* ---- Under an executor --------------------------------------------------------------------------------------------
 * */

typedef struct count_to {
    ASYNC_FRAME(count_to, int, bounded_t *channel; int last);
    fut_channel_send_t send;
    int                n;
} count_to_t;
ASYNC(count_to) {
    ASYNC_BEGIN();
    for (self->n = 0; self->n < self->last; self->n++)
        AWAIT_TRY(self->send, fut_channel_send, FUT_ITEM(self->channel, &self->n));
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_channel_close(&self->channel->channel);
    ASYNC_END();
}

typedef struct sum_up {
    ASYNC_FRAME(sum_up, int, bounded_t *channel);
    fut_channel_recv_t recv;
    int                n, sum;
} sum_up_t;
ASYNC(sum_up) {
    ASYNC_BEGIN();
    for (self->sum = 0;; self->sum += self->n) {
        AWAIT(self->recv, fut_channel_recv, FUT_ITEM(self->channel, &self->n));
        if (self->recv.output < 0) break;
    }
    ASYNC_RETURN(self->recv.output == -EPIPE ? self->sum : -1);
    ASYNC_END();
}

Test(channel, a_source_that_ends_closes_and_a_sink_that_hears_it_ends) {
    bounded_t          channel;
    fut_executor_t     executor;
    struct sum_up_join sum;
    FUT_CHANNEL_INIT(&channel);
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    DETACH(SPAWN(&executor, count_to, &channel, 1000));
    sum = SPAWN(&executor, sum_up, &channel);
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert_eq(fut_join_take(&sum.join), 0);
    cr_assert_eq(sum.output, 999 * 1000 / 2);
    fut_executor_destroy(&executor);
    fut_channel_destroy(&channel.channel);
}

Test(channel, a_source_that_is_cancelled_in_its_wait_closes_too) {
    bounded_t            channel;
    fut_executor_t       executor;
    struct count_to_join source;
    int                  n;
    FUT_CHANNEL_INIT(&channel);
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    source = SPAWN(&executor, count_to, &channel, 1000);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    fut_join_cancel(&source.join);
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert_eq(fut_join_take(&source.join), -ECANCELED);
    for (int i = 0; i < 2; i++) cr_assert(fut_channel_try_recv(FUT_ITEM(&channel, &n)) == 0 && n == i);
    cr_assert_eq(fut_channel_try_recv(FUT_ITEM(&channel, &n)), -EPIPE);
    fut_executor_destroy(&executor);
    fut_channel_destroy(&channel.channel);
}

typedef struct last_word {
    ASYNC_FRAME(last_word, int, bounded_t *channel);
    fut_channel_send_t send;
    fut_test_never_t   never;
    int                n;
} last_word_t;
ASYNC(last_word) {
    ASYNC_BEGIN();
    AWAIT(self->never, fut_test_never, NULL);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    self->n = 99;
    AWAIT(self->send, fut_channel_send, FUT_ITEM(self->channel, &self->n));
    ASYNC_END();
}

Test(channel, in_the_finally_of_a_hard_drop_a_send_is_sent_if_there_is_room_and_cut_otherwise) {
    for (int filled = 1; filled <= 2; filled++) {
        bounded_t        channel;
        last_word_t      word;
        fut_test_waker_t woken = {0};
        int              n;
        FUT_CHANNEL_INIT(&channel);
        for (n = 0; n < filled; n++) cr_assert_eq(fut_channel_try_send(FUT_ITEM(&channel, &n)), 0);
        START(word, last_word, &channel);
        cr_pending(word, woken);
        fut_drop(&word.future);
        cr_assert_eq(word.send.output, filled == 1 ? 0 : -ECANCELED);
        fut_channel_destroy(&channel.channel); /* nobody waits any more */
    }
}

typedef struct listen_alone {
    ASYNC_FRAME(listen_alone, int, local_t *channel);
    fut_local_channel_recv_t recv;
    int                      n;
} listen_alone_t;
ASYNC(listen_alone) {
    ASYNC_BEGIN();
    AWAIT(self->recv, fut_local_channel_recv, FUT_ITEM(self->channel, &self->n));
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(channel, the_executor_sees_a_deadlock_among_those_who_wait_for_a_local_one) {
    const fut_executor_options_t quiet = {.quiet = true};
    local_t                      channel;
    fut_executor_t               executor;
    FUT_LOCAL_CHANNEL_INIT(&channel);
    cr_assert_eq(fut_executor_init(&executor, &quiet), 0);
    DETACH(SPAWN(&executor, listen_alone, &channel));
    cr_assert_eq(fut_executor_run(&executor), -EDEADLK);
    fut_executor_destroy(&executor);
    fut_local_channel_destroy(&channel.channel);
}

Test(channel, what_a_dump_says_of_those_who_wait) {
    bounded_t          channel;
    fut_channel_recv_t recvs[3];
    fut_test_waker_t   woken = {0};
    fut_note_t         note  = {0};
    int                n;
    FUT_CHANNEL_INIT(&channel);
    for (int i = 0; i < 3; i++) {
        START(recvs[i], fut_channel_recv, FUT_ITEM(&channel, &n));
        cr_pending(recvs[i], woken);
    }
    recvs[0].future.vtable->describe(&recvs[0].future, &note);
    cr_assert(strstr(note.text, "a message in a channel") && note.number == 3 && note.kind == FUT_NOTE_NUMBER);
    for (int i = 0; i < 3; i++) fut_drop(&recvs[i].future);
    fut_channel_destroy(&channel.channel);
}
