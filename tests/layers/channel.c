/* Channels need neither task nor executor: a message sent and received by hand.
 * links: core time sync channel
 */
#include <future/channel.h>

#if defined(FUT_DRIVER_H) || defined(FUT_TASK_H) || defined(FUT_EXECUTOR_H) || defined(FUT_REACTOR_H) ||               \
    defined(FUT_TIME_H)
#error "an upper layer leaked into future/channel.h"
#endif

_Static_assert(sizeof(void *) != 8 || sizeof(fut_channel_t) == 280, "docs/channels.md says how large a channel is");
_Static_assert(sizeof(void *) != 8 || sizeof(fut_local_channel_t) == 64, "and a local one");
_Static_assert(sizeof(void *) != 8 || sizeof(fut_unbounded_t) == 72, "and an unbounded one");
_Static_assert(sizeof(void *) != 8 || sizeof(fut_oneshot_t) == 24, "and a oneshot");
_Static_assert(sizeof(void *) != 8 || sizeof(fut_broadcast_t) == 40, "and a broadcast");
_Static_assert(sizeof(void *) != 8 || sizeof(fut_watch_t) == 32, "and a watch");

int main(void) {
    static FUT_CHANNEL(int, 1) channel;
    fut_waker_t        nobody = {NULL, 0};
    fut_channel_recv_t recv;
    fut_context_t      cx;
    int                sent = 42, received = 0;

    FUT_CHANNEL_INIT(&channel);
    fut_context_init(&cx, nobody, NULL);
    START(recv, fut_channel_recv, FUT_ITEM(&channel, &received));
    if (fut_poll(&recv.future, &cx) != PENDING) return 1;
    if (fut_channel_try_send(FUT_ITEM(&channel, &sent)) != 0) return 1;
    if (fut_poll(&recv.future, &cx) != READY || recv.output != 0 || received != 42) return 1;
    fut_channel_destroy(&channel.channel);
    return 0;
}
