/* broadcast.c: a ring that is overwritten, under a lock.                     layer: channel; needs: core, sync
 *
 *     send      copy in at `at`, count, let go who lined up before this message
 *     recv      behind by more than the ring: skip. Behind: copy out, count. Otherwise line up
 *
 * A ring without a lock would be read while it is written, and read again if it was: the usual way, and undefined in C
 * unless each byte is atomic. A copy under a lock of a dozen instructions is the price of being right.
 */
#include <errno.h>
#include <limits.h>

#include "../sync/misuse.h"
#include "../sync/waiters.h"
#include "future/broadcast.h"

enum { CLOSED = FUT_BROADCAST_CLOSED_ };

int fut_broadcast_init(fut_broadcast_t *broadcast, void *memory, size_t size, size_t capacity) {
    if (!memory || size == 0 || size > INT32_MAX || capacity == 0 || capacity > INT32_MAX) return -EINVAL;
    *broadcast = (fut_broadcast_t){.size = (uint32_t)size, .capacity = (uint32_t)capacity, .items = memory};
    return 0;
}

void fut_broadcast_destroy(fut_broadcast_t *broadcast) {
    if (broadcast->waiters.first) FUT__MISUSE("fut_broadcast_destroy", "somebody waits for this broadcast");
}

/* ---- send, close -------------------------------------------------------------------------------------- */

static unsigned char *item_at(const fut_broadcast_t *broadcast, uint32_t index) {
    return broadcast->items + (size_t)index * broadcast->size;
}

static void put(fut_broadcast_t *broadcast, const void *item) {
    fut_channel_copy_(item_at(broadcast, broadcast->at), item, broadcast->size);
    if (++broadcast->at == broadcast->capacity) broadcast->at = 0;
    broadcast->sent++;
}

/* Entered: let go who lined up before `round`, and leave. Readers that were let go may line up again meanwhile: they
 * are of a later round, so this ends. */
static void release_and_leave(fut_broadcast_t *broadcast, uint32_t word, uint32_t round) {
    fut__wakes_t wakes;
    bool         more;
    wakes.count = 0;
    for (;;) {
        more = fut__take_out_older(&broadcast->waiters, round, &wakes);
        fut__leave(&broadcast->word, word);
        fut__wake_all(&wakes);
        if (!more) return;
        word = fut__enter(&broadcast->word);
    }
}

int fut_broadcast_send(fut_broadcast_t *broadcast, const void *item) {
    const uint32_t word = fut__enter(&broadcast->word);
    if (word & CLOSED) {
        fut__leave(&broadcast->word, word);
        return -EPIPE;
    }
    put(broadcast, item);
    release_and_leave(broadcast, word, (uint32_t)broadcast->sent);
    return 0;
}

/* Who waits has lined up at `sent`, and nobody does any more: all are older than the next. */
void fut_broadcast_close(fut_broadcast_t *broadcast) {
    const uint32_t word = fut__enter(&broadcast->word);
    release_and_leave(broadcast, word | CLOSED, (uint32_t)broadcast->sent + 1);
}

/* ---- recv ------------------------------------------------------------------------------------------------ */

void fut_broadcast_subscribe(fut_broadcast_reader_t *reader, fut_broadcast_t *broadcast) {
    const uint32_t word = fut__enter(&broadcast->word);
    reader->broadcast   = broadcast;
    reader->next        = broadcast->sent;
    fut__leave(&broadcast->word, word);
}

/* There is one to read. How many were missed. */
static int take(fut_broadcast_reader_t *reader, void *item) {
    const fut_broadcast_t *const broadcast = reader->broadcast;
    const uint64_t               behind    = broadcast->sent - reader->next;
    const uint32_t back   = behind < broadcast->capacity ? (uint32_t)behind : broadcast->capacity; /* from `at` */
    const uint64_t missed = behind - back;
    const uint32_t wrap   = back > broadcast->at ? broadcast->capacity : 0;
    fut_channel_copy_(item, item_at(broadcast, broadcast->at + wrap - back), broadcast->size);
    reader->next += missed + 1;
    return missed < INT_MAX ? (int)missed : INT_MAX;
}

static int take_or_queue(fut_broadcast_reader_t *reader, void *item, fut_waiter_t *waiter, fut_context_t *cx) {
    fut_broadcast_t *const broadcast = reader->broadcast;
    const uint32_t         word      = fut__enter(&broadcast->word);
    int                    answer    = word & CLOSED ? -EPIPE : -EAGAIN;
    if (reader->next != broadcast->sent) {
        answer = take(reader, item);
    } else if (answer == -EAGAIN && waiter) {
        waiter->number = (uint32_t)broadcast->sent;
        fut__queue(&broadcast->waiters, waiter, cx);
    }
    fut__leave(&broadcast->word, word);
    return answer;
}

int fut_broadcast_try_recv(fut_broadcast_reader_t *reader, void *item) {
    return take_or_queue(reader, item, NULL, NULL);
}

fut_poll_t fut_broadcast_recv_poll(fut_broadcast_recv_t *self, fut_context_t *cx) {
    int answer;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point != FUT_POINT_START &&
        fut__poll_waiter(&self->reader->broadcast->word, &self->waiter, cx) == FUT_WAITER_QUEUED)
        return FUT_PENDING;
    if (!fut_context_spend(cx)) return FUT_PENDING; /* its turn is over; it is in no line */
    answer = take_or_queue(self->reader, self->item, &self->waiter, cx);
    if (answer == -EAGAIN) return fut_pending(&self->future);
    self->output = answer;
    return fut_ready(&self->future);
}

int fut_broadcast_recv_blocking(fut_broadcast_reader_t *reader, void *item) {
    fut_broadcast_recv_t recv;
    int                  error;
    FUT_START(recv, fut_broadcast_recv, reader, item);
    error = fut_wait_on_thread(&recv.future);
    return error < 0 ? error : recv.output;
}

static void broadcast_recv_drop(fut_future_t *future) {
    fut_broadcast_recv_t *const self      = (fut_broadcast_recv_t *)(void *)future;
    fut_broadcast_t *const      broadcast = self->reader->broadcast;
    if (future->point == FUT_POINT_START) return;
    (void)fut__leave_line(&broadcast->word, &broadcast->waiters, &self->waiter, 0);
}

static void broadcast_recv_describe(const fut_future_t *future, fut_note_t *note) {
    (void)future;
    note->text = "a message of a broadcast";
}

FUT_DEFINE_DECLARED(fut_broadcast_recv, .drop = broadcast_recv_drop, .describe = broadcast_recv_describe,
                    .loses = FUT_LOSES_NOTHING);
