/* unbounded.c: a list of blocks under one lock.                              layer: channel; needs: core, sync
 *
 *     send      room in the last block: copy in, call the first in line. Otherwise leave, allocate, come again
 *     recv      something there: copy out; the block was the last one's reader: keep or release it. Empty: line up
 *
 * Memory is asked for and released outside of the lock, since an allocator may take long. So two senders may both bring
 * a block; the second becomes the spare one.
 */
#include <errno.h>

#include "../core/memory.h"
#include "../sync/misuse.h"
#include "future/channel_unbounded.h"
#include "line.h"

enum { CLOSED = FUT_UNBOUNDED_CLOSED_, BLOCK_BYTES = 1024, BLOCK_MIN = 4 };

struct fut_unbounded_block {
    fut_unbounded_block_t *next;
    unsigned char          items[];
};

int fut_unbounded_init(fut_unbounded_t *channel, size_t size) {
    const size_t fit = size ? (BLOCK_BYTES - sizeof(fut_unbounded_block_t)) / size : 0;
    if (size == 0 || size > FUT_UNBOUNDED_SIZE_MAX) return -EINVAL;
    *channel = (fut_unbounded_t){.size = (uint32_t)size, .in_block = (uint32_t)(fit > BLOCK_MIN ? fit : BLOCK_MIN)};
    return 0;
}

void fut_unbounded_destroy(fut_unbounded_t *channel) {
    if (channel->receivers.waiters.first) FUT__MISUSE("fut_unbounded_destroy", "somebody waits for this channel");
    while (channel->first) {
        fut_unbounded_block_t *next = channel->first->next;
        fut__release(channel->first);
        channel->first = next;
    }
    fut__release(channel->spare);
    *channel = (fut_unbounded_t){.word = CLOSED}; /* used once more: -EPIPE */
}

/* ---- Blocks, under the lock --------------------------------------------------------------------------- */

static void *item_at(const fut_unbounded_t *channel, fut_unbounded_block_t *block, uint32_t index) {
    return block->items + (size_t)index * channel->size;
}

static void append(fut_unbounded_t *channel, fut_unbounded_block_t *block) {
    block->next = NULL;
    if (channel->last)
        channel->last->next = block;
    else
        channel->first = block;
    channel->last    = block;
    channel->written = 0;
}

/* Is there room in the last block, or in one that is at hand? What was brought and is not needed stays in *fresh. */
static bool has_room(fut_unbounded_t *channel, fut_unbounded_block_t **fresh) {
    fut_unbounded_block_t **from = channel->spare ? &channel->spare : fresh;
    if (channel->last && channel->written < channel->in_block) return true;
    if (!*from) return false;
    append(channel, *from);
    *from = NULL;
    return true;
}

static bool keep_as_spare(fut_unbounded_t *channel, fut_unbounded_block_t *block) {
    if (channel->spare || !block) return false;
    channel->spare = block;
    return true;
}

static void put(fut_unbounded_t *channel, const void *item) {
    fut_channel_copy_(item_at(channel, channel->last, channel->written++), item, channel->size);
    fut__store_relaxed(&channel->messages, channel->messages + 1);
}

/* The first block, if all of it has been read; it is out of the list, then. */
static fut_unbounded_block_t *take(fut_unbounded_t *channel, void *item) {
    fut_unbounded_block_t *block = channel->first;
    fut_channel_copy_(item, item_at(channel, block, channel->read++), channel->size);
    fut__store_relaxed(&channel->messages, channel->messages - 1);
    if (channel->messages == 0) channel->read = channel->written = 0; /* the last block again, from its beginning */
    if (channel->read < channel->in_block) return NULL;
    channel->read  = 0;
    channel->first = block->next;
    return block;
}

/* ---- send, try_recv -------------------------------------------------------------------------------------- */

/* -EAGAIN: it needs a block. */
static int try_send(fut_unbounded_t *channel, const void *item, fut_unbounded_block_t **fresh) {
    const uint32_t word   = fut__enter(&channel->word);
    fut_waker_t    waker  = {NULL, 0};
    int            answer = -EAGAIN;
    if (word & CLOSED) {
        answer = -EPIPE;
    } else if (has_room(channel, fresh)) {
        put(channel, item);
        waker  = fut__call_first(&channel->receivers);
        answer = 0;
    }
    if (keep_as_spare(channel, *fresh)) *fresh = NULL;
    fut__leave(&channel->word, word);
    fut__wake(waker);
    return answer;
}

int fut_unbounded_send(fut_unbounded_t *channel, const void *item) {
    fut_unbounded_block_t *fresh = NULL;
    int                    answer;
    while ((answer = try_send(channel, item, &fresh)) == -EAGAIN) {
        fresh = fut__allocate(sizeof *fresh + (size_t)channel->in_block * channel->size);
        if (!fresh) return -ENOMEM;
    }
    fut__release(fresh);
    return answer;
}

/* Take one, or line up, if there is who does. */
static int take_or_line_up(fut_unbounded_t *channel, void *item, fut_unbounded_recv_t *self, fut_context_t *cx) {
    const uint32_t         word   = fut__enter(&channel->word);
    fut_unbounded_block_t *block  = NULL;
    int                    answer = 0;
    if (channel->messages > 0)
        block = take(channel, item);
    else if (word & CLOSED)
        answer = -EPIPE;
    else
        answer = -EAGAIN;
    if (answer == -EAGAIN && self)
        fut__line_up(&channel->receivers, &self->waiter, self->future.point != FUT_POINT_START, cx);
    if (keep_as_spare(channel, block)) block = NULL;
    fut__leave(&channel->word, word);
    fut__release(block);
    return answer;
}

int fut_unbounded_try_recv(fut_unbounded_t *channel, void *item) { return take_or_line_up(channel, item, NULL, NULL); }

/* ---- recv --------------------------------------------------------------------------------------------------- */

fut_poll_t fut_unbounded_recv_poll(fut_unbounded_recv_t *self, fut_context_t *cx) {
    fut_unbounded_t *const channel = self->channel;
    int                    answer;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point != FUT_POINT_START &&
        fut__poll_waiter(&channel->word, &self->waiter, cx) == FUT_WAITER_QUEUED)
        return FUT_PENDING;
    if (!fut_context_spend(cx)) return FUT_PENDING; /* its turn is over; what it was told is still true for it */
    answer = take_or_line_up(channel, self->item, self, cx);
    if (answer == -EAGAIN) return fut_pending(&self->future);
    self->output = answer;
    return fut_ready(&self->future);
}

int fut_unbounded_recv_blocking(fut_unbounded_t *channel, void *item) {
    fut_unbounded_recv_t recv;
    int                  error;
    FUT_START(recv, fut_unbounded_recv, channel, item);
    error = fut_wait_on_thread(&recv.future);
    return error < 0 ? error : recv.output;
}

/* ---- close, stats --------------------------------------------------------------------------------------------- */

void fut_unbounded_close(fut_unbounded_t *channel) {
    fut__wakes_t wakes;
    bool         more;
    wakes.count = 0;
    do {
        const uint32_t word = fut__enter(&channel->word);
        more                = fut__release_line(&channel->receivers, &wakes);
        fut__leave(&channel->word, word | CLOSED);
        fut__wake_all(&wakes);
    } while (more);
}

void fut_unbounded_stats(const fut_unbounded_t *channel, fut_channel_stats_t *stats) {
    stats->capacity  = SIZE_MAX;
    stats->messages  = fut__load_relaxed(&channel->messages);
    stats->senders   = 0;
    stats->receivers = fut__load_relaxed(&channel->receivers.length);
    stats->closed    = fut__load_relaxed(&channel->word) & CLOSED;
}

/* ---- drop, describe --------------------------------------------------------------------------------------------- */

static void unbounded_recv_drop(fut_future_t *future) {
    fut_unbounded_recv_t *self    = (fut_unbounded_recv_t *)(void *)future;
    fut_unbounded_t      *channel = self->channel;
    fut_waker_t           waker;
    uint32_t              word;
    bool                  wake;
    if (future->point == FUT_POINT_START) return;
    word = fut__enter(&channel->word);
    wake = fut__quit_line(&channel->receivers, &self->waiter, &waker);
    fut__leave(&channel->word, word);
    if (wake) fut_wake(waker);
    fut_waker_drop(waker);
}

static void unbounded_recv_describe(const fut_future_t *future, fut_note_t *note) {
    note->text   = "a message in an unbounded channel; so many wait for one:";
    note->number = fut__load_relaxed(&((const fut_unbounded_recv_t *)(const void *)future)->channel->receivers.length);
    note->kind   = FUT_NOTE_NUMBER;
}

FUT_DEFINE_DECLARED(fut_unbounded_recv, .drop = unbounded_recv_drop, .describe = unbounded_recv_describe,
                    .loses = FUT_LOSES_PLACE);
