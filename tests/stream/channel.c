/* Streams that come out of channels, and sinks that go into them. */
#include "future/channel.h"
#include "kit.h"

typedef FUT_CHANNEL(int, 2) ints_t;
typedef FUT_LOCAL_CHANNEL(int, 2) local_ints_t;

Test(stream, the_messages_of_a_channel_until_it_is_closed) {
    ints_t                 ints;
    fut_channel_recv_t     recv;
    fut_stream_from_recv_t from;
    fut_test_waker_t       woken = {0};
    fut_context_t          cx;
    fut_stream_t          *s;
    int                    n;
    FUT_CHANNEL_INIT(&ints);
    START(recv, fut_channel_recv, FUT_ITEM(&ints, &n));
    s = fut_stream_from_recv(&from, &recv.future, FUT_OUT(&n));
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    for (int i = 0; i < 5; i++) {
        const unsigned before = woken.wakes;
        cr_assert_eq(fut_stream_poll_next(s, &cx), FUT_PENDING);
        cr_assert_eq(fut_channel_try_send(FUT_ITEM(&ints, &i)), 0);
        cr_assert_eq(woken.wakes, before + 1);
        cr_assert_eq(fut_stream_poll_next(s, &cx), FUT_READY);
        cr_assert_eq(*(int *)s->item, i);
    }
    fut_channel_close(&ints.channel);
    cr_assert_eq(fut_stream_poll_next(s, &cx), FUT_READY);
    cr_assert(fut_stream_has_ended(s));
    cr_assert_eq(s->error, 0);
    fut_channel_destroy(&ints.channel);
}

Test(stream, one_that_waits_for_a_channel_can_be_stopped) {
    for (int gracefully = 0; gracefully < 2; gracefully++) {
        ints_t                 ints;
        fut_channel_recv_t     recv;
        fut_stream_from_recv_t from;
        fut_test_waker_t       woken = {0};
        fut_context_t          cx;
        fut_stream_t          *s;
        int                    n;
        FUT_CHANNEL_INIT(&ints);
        START(recv, fut_channel_recv, FUT_ITEM(&ints, &n));
        s = fut_stream_from_recv(&from, &recv.future, FUT_OUT(&n));
        fut_context_init(&cx, fut_test_waker(&woken), NULL);
        cr_assert_eq(fut_stream_poll_next(s, &cx), FUT_PENDING);
        if (gracefully) {
            fut_stream_cancel(s);
            cr_assert_eq(fut_stream_poll_next(s, &cx), FUT_READY);
        } else {
            fut_stream_drop(s);
        }
        cr_assert_eq(s->error, -ECANCELED);
        fut_channel_destroy(&ints.channel); /* which would stop if somebody waited */
    }
}

/* From one channel through a map into another, each with room for two: four in all, and one on the way. */
Test(stream, from_channel_to_channel_with_back_pressure) {
    static local_ints_t      in, out;
    fut_local_channel_recv_t recv;
    fut_local_channel_send_t send;
    fut_stream_from_recv_t   from;
    fut_stream_map_t         map;
    fut_sink_to_send_t       to;
    fut_stream_forward_t     forward;
    fut_test_waker_t         woken = {0};
    tap_t                    source;
    int                      received, mapped, sent, n, accepted = 0;
    FUT_LOCAL_CHANNEL_INIT(&in);
    FUT_LOCAL_CHANNEL_INIT(&out);
    START(recv, fut_local_channel_recv, FUT_ITEM(&in, &received));
    START(send, fut_local_channel_send, FUT_ITEM(&out, &sent));
    fut_stream_t *const s = fut_stream_from_recv(&from, &recv.future, FUT_OUT(&received));
    START(forward, fut_stream_forward, fut_stream_map(&map, s, FUT_OUT(&mapped), times_ten, NULL),
          fut_sink_to_send(&to, &send.future, FUT_OUT(&sent)));
    for (int i = 0; i < 20; i++) {
        if (fut_local_channel_try_send(FUT_ITEM(&in, &accepted)) == 0) accepted++;
        cr_assert_eq(fut_test_poll(&forward.future, &woken), FUT_PENDING);
    }
    cr_assert_eq(accepted, 5);
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(fut_local_channel_try_recv(FUT_ITEM(&out, &n)), 0);
        cr_assert_eq(n, i * 10);
        cr_assert_eq(fut_test_poll(&forward.future, &woken), FUT_PENDING);
    }
    fut_local_channel_close(&in.channel);
    cr_assert_eq(fut_test_poll(&forward.future, &woken), FUT_READY);
    cr_assert_eq(forward.output, 0);
    fut_local_channel_close(&out.channel);
    START(forward, fut_stream_forward, tap(&source, 1, 3), fut_sink_to_send(&to, &send.future, FUT_OUT(&sent)));
    cr_assert_eq(fut_test_run(&forward.future), FUT_READY);
    cr_assert_eq(forward.output, -EPIPE);
}
