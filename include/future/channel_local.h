/* channel_local.h: the channel for one thread: no atomics, no padding.        layer: channel; needs: core, sync
 *
 *     typedef FUT_LOCAL_CHANNEL(int, 16) numbers_t;
 *
 *     FUT_LOCAL_CHANNEL_INIT(&numbers);
 *     AWAIT(self->send, fut_local_channel_send, FUT_ITEM(&numbers, &self->n));
 *     AWAIT(self->recv, fut_local_channel_recv, FUT_ITEM(&numbers, &self->n));
 *
 * All who use it are polled by one thread, perhaps by several executors of that thread. It behaves as fut_channel_t
 * does; the executor sees a deadlock among those who wait for it.
 */
#ifndef FUT_CHANNEL_LOCAL_H
#define FUT_CHANNEL_LOCAL_H

#include "channel_base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fut_local_channel {
    unsigned char *items;
    uint32_t       size, capacity;
    uint32_t       head, count; /* the oldest, and how many there are */
    bool           closed;
    fut_line_t     senders, receivers;
} fut_local_channel_t;

/* `memory` holds `capacity` messages of `size` bytes, aligned as the caller likes. 0; -EINVAL: a size or a capacity of
 * 0, or more than INT32_MAX. */
int fut_local_channel_init(fut_local_channel_t *channel, void *memory, size_t size, size_t capacity);
/* Stops where somebody waits. Messages that are left are forgotten. */
void fut_local_channel_destroy(fut_local_channel_t *channel);

/* A channel with its ring, and its init, which cannot fail. */
#define FUT_LOCAL_CHANNEL(T, capacity_)                                                                                \
    struct {                                                                                                           \
        fut_local_channel_t channel;                                                                                   \
        union {                                                                                                        \
            T *of; /* only a type */                                                                                   \
            T  memory[capacity_];                                                                                      \
        };                                                                                                             \
    }
#define FUT_LOCAL_CHANNEL_INIT(typed)                                                                                  \
    ((void)fut_local_channel_init(&(typed)->channel, (typed)->memory, sizeof *(typed)->of,                             \
                                  sizeof(typed)->memory / sizeof *(typed)->of))

/* As fut_channel_try_send and the others. */
FUT_MUST_USE int fut_local_channel_try_send(fut_local_channel_t *channel, const void *item);
FUT_MUST_USE int fut_local_channel_try_recv(fut_local_channel_t *channel, void *item);
void             fut_local_channel_close(fut_local_channel_t *channel);
void             fut_local_channel_stats(const fut_local_channel_t *channel, fut_channel_stats_t *stats);

#ifndef __cplusplus

/* Outputs and cancellation as for fut_channel_send and fut_channel_recv. The thread of the channel. */
typedef struct fut_local_channel_send {
    FUT_FUTURE(fut_local_channel_send, int, fut_local_channel_t *channel; const void *item);
    fut_waiter_t waiter;
} fut_local_channel_send_t;
typedef struct fut_local_channel_recv {
    FUT_FUTURE(fut_local_channel_recv, int, fut_local_channel_t *channel; void *item);
    fut_waiter_t waiter;
} fut_local_channel_recv_t;

FUT_SPAWNED_(fut_local_channel_send)
FUT_SPAWNED_(fut_local_channel_recv)
extern const fut_vtable_t fut_local_channel_send_vtable, fut_local_channel_recv_vtable;
fut_poll_t                fut_local_channel_send_slow_(fut_local_channel_send_t *self, fut_context_t *cx);
fut_poll_t                fut_local_channel_recv_slow_(fut_local_channel_recv_t *self, fut_context_t *cx);

#endif /* __cplusplus */

/* ---- What is usual, inline ---------------------------------------------------------------------- */

FUT_INLINE_ void fut_local_channel_push_(fut_local_channel_t *channel, const void *item) {
    uint32_t tail = channel->head + channel->count++;
    if (tail >= channel->capacity) tail -= channel->capacity;
    fut_channel_copy_(channel->items + (size_t)tail * channel->size, item, channel->size);
}
FUT_INLINE_ void fut_local_channel_pop_(fut_local_channel_t *channel, void *item) {
    fut_channel_copy_(item, channel->items + (size_t)channel->head * channel->size, channel->size);
    if (++channel->head == channel->capacity) channel->head = 0;
    channel->count--;
}

#ifndef __cplusplus

FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_local_channel_send_poll(fut_local_channel_send_t *self, fut_context_t *cx) {
    fut_local_channel_t *const channel = self->channel;
    if (self->future.point != FUT_POINT_START || cx->budget == 0 || channel->closed ||
        channel->receivers.waiters.first || channel->count == channel->capacity)
        return fut_local_channel_send_slow_(self, cx);
    cx->budget--;
    fut_local_channel_push_(channel, self->item);
    self->output = 0;
    return fut_ready(&self->future);
}

FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_local_channel_recv_poll(fut_local_channel_recv_t *self, fut_context_t *cx) {
    fut_local_channel_t *const channel = self->channel;
    if (self->future.point != FUT_POINT_START || cx->budget == 0 || channel->senders.waiters.first ||
        channel->count == 0)
        return fut_local_channel_recv_slow_(self, cx);
    cx->budget--;
    fut_local_channel_pop_(channel, self->item);
    self->output = 0;
    return fut_ready(&self->future);
}

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif
