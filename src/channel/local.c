/* local.c: the channel for one thread.                                       layer: channel; needs: core, sync
 *
 *     send      room: copy in, call the first receiver in line. Full: line up
 *     recv      something there: copy out, call the first sender in line. Empty: line up
 *
 * A wake only queues a task, so no line changes while it is walked.
 */
#include <errno.h>

#include "../sync/misuse.h"
#include "future/channel_local.h"
#include "line.h"

int fut_local_channel_init(fut_local_channel_t *channel, void *memory, size_t size, size_t capacity) {
    if (!memory || size == 0 || size > INT32_MAX || capacity == 0 || capacity > INT32_MAX) return -EINVAL;
    *channel = (fut_local_channel_t){.items = memory, .size = (uint32_t)size, .capacity = (uint32_t)capacity};
    return 0;
}

void fut_local_channel_destroy(fut_local_channel_t *channel) {
    if (channel->senders.waiters.first || channel->receivers.waiters.first)
        FUT__MISUSE("fut_local_channel_destroy", "somebody waits for this channel");
}

/* ---- Without waiting ------------------------------------------------------------------------------ */

static inline int try_send(fut_local_channel_t *channel, const void *item) {
    if (channel->closed) return -EPIPE;
    if (channel->count == channel->capacity) return -EAGAIN;
    fut_local_channel_push_(channel, item);
    fut__call_first_here(&channel->receivers);
    return 0;
}
static inline int try_recv(fut_local_channel_t *channel, void *item) {
    if (channel->count == 0) return channel->closed ? -EPIPE : -EAGAIN;
    fut_local_channel_pop_(channel, item);
    fut__call_first_here(&channel->senders);
    return 0;
}

int fut_local_channel_try_send(fut_local_channel_t *channel, const void *item) { return try_send(channel, item); }
int fut_local_channel_try_recv(fut_local_channel_t *channel, void *item) { return try_recv(channel, item); }

void fut_local_channel_close(fut_local_channel_t *channel) {
    channel->closed = true;
    fut__release_line_here(&channel->senders);
    fut__release_line_here(&channel->receivers);
}

void fut_local_channel_stats(const fut_local_channel_t *channel, fut_channel_stats_t *stats) {
    *stats = (fut_channel_stats_t){channel->capacity, channel->count, channel->senders.length,
                                   channel->receivers.length, channel->closed};
}

/* ---- poll ------------------------------------------------------------------------------------------- */

/* Polled again and still in line, or its turn is over: PENDING. */
static inline bool has_to_wait(const fut_future_t *future, fut_waiter_t *waiter, fut_context_t *cx) {
    if (future->point != FUT_POINT_START && fut__poll_waiter_here(waiter, cx) == FUT_WAITER_QUEUED) return true;
    return !fut_context_spend(cx);
}

static inline fut_poll_t line_up(fut_future_t *future, fut_line_t *line, fut_waiter_t *waiter, fut_context_t *cx) {
    fut__line_up_here(line, waiter, future->point != FUT_POINT_START, cx);
    return fut_pending(future);
}

fut_poll_t fut_local_channel_send_slow_(fut_local_channel_send_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (has_to_wait(&self->future, &self->waiter, cx)) return FUT_PENDING;
    self->output = try_send(self->channel, self->item);
    if (self->output == -EAGAIN) return line_up(&self->future, &self->channel->senders, &self->waiter, cx);
    return fut_ready(&self->future);
}

fut_poll_t fut_local_channel_recv_slow_(fut_local_channel_recv_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (has_to_wait(&self->future, &self->waiter, cx)) return FUT_PENDING;
    self->output = try_recv(self->channel, self->item);
    if (self->output == -EAGAIN) return line_up(&self->future, &self->channel->receivers, &self->waiter, cx);
    return fut_ready(&self->future);
}

/* ---- drop, describe ------------------------------------------------------------------------------------ */

static void local_channel_send_drop(fut_future_t *future) {
    fut_local_channel_send_t *self = (fut_local_channel_send_t *)(void *)future;
    if (future->point != FUT_POINT_START) fut__quit_line_here(&self->channel->senders, &self->waiter);
}
static void local_channel_recv_drop(fut_future_t *future) {
    fut_local_channel_recv_t *self = (fut_local_channel_recv_t *)(void *)future;
    if (future->point != FUT_POINT_START) fut__quit_line_here(&self->channel->receivers, &self->waiter);
}

static void local_channel_send_describe(const fut_future_t *future, fut_note_t *note) {
    note->text = "room in a channel of one thread; so many wait for it:";
    note->number =
        fut__load_relaxed(&((const fut_local_channel_send_t *)(const void *)future)->channel->senders.length);
    note->kind = FUT_NOTE_NUMBER;
}
static void local_channel_recv_describe(const fut_future_t *future, fut_note_t *note) {
    note->text = "a message in a channel of one thread; so many wait for one:";
    note->number =
        fut__load_relaxed(&((const fut_local_channel_recv_t *)(const void *)future)->channel->receivers.length);
    note->kind = FUT_NOTE_NUMBER;
}

FUT_DEFINE_DECLARED(fut_local_channel_send, .drop = local_channel_send_drop, .describe = local_channel_send_describe,
                    .loses = FUT_LOSES_PLACE);
FUT_DEFINE_DECLARED(fut_local_channel_recv, .drop = local_channel_recv_drop, .describe = local_channel_recv_describe,
                    .loses = FUT_LOSES_PLACE);
