/* channel_bounded.h: a ring of messages between senders and receivers.   layer: channel; needs: core, sync
 *
 *     typedef FUT_CHANNEL(int, 1024) numbers_t;
 *
 *     AWAIT(self->send, fut_channel_send, FUT_ITEM(self->numbers, &self->n));     waits while it is full
 *     AWAIT(self->recv, fut_channel_recv, FUT_ITEM(self->numbers, &self->n));     waits while it is empty
 *
 * self->n lives as long as the wait: in the frame. The price: 280 bytes, of which most keep the two ends on cache lines
 * of their own, and a word beside each message. A message that nobody waits for costs one compare-and-swap to send and
 * one to receive; one that somebody waits for costs one more, made by the one who waits. In one thread,
 * fut_local_channel_t does with 64 bytes and no atomics.
 *
 * Each sender's messages arrive in its order, and among all receivers each message arrives once.
 *
 * The ring is D. Vyukov's bounded queue (2008) with laps in the positions, as in crossbeam's array queue, so that any
 * capacity works. How the two ends lock and whom they wake is described in src/channel/bounded.c.
 */
#ifndef FUT_CHANNEL_BOUNDED_H
#define FUT_CHANNEL_BOUNDED_H

#include "channel_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One end of the ring: a position, and the line of those who wait for it to move. The receivers wait for the tail, the
 * senders for the head.
 *
 *     BUSY        the lock of the line; nobody else changes the word
 *     WAITING     the line is not empty: who moves the end calls the first
 *     CLOSED      the tail does not move any more; nobody lines up here any more
 *     the rest    the position, in units of ONE: lap and index */
enum { FUT_CHANNEL_BUSY_ = 1, FUT_CHANNEL_WAITING_ = 2, FUT_CHANNEL_CLOSED_ = 4, FUT_CHANNEL_ONE_ = 8 };
enum { FUT_CHANNEL_FLAGS_ = 7, FUT_CHANNEL_FULL_ = 1 };

typedef struct fut_channel_end {
    uintptr_t  word;       /* atomic */
    fut_line_t line;       /* BUSY   */
    char       apart_[64]; /* whatever the alignment of the whole is */
} fut_channel_end_t;

/* The first fields are written by init alone. The first word of a cell says which lap it is in: LAP, free for that
 * lap's sender; LAP | FULL, written, for that lap's receiver, who makes it free for the next lap. */
typedef struct fut_channel {
    unsigned char    *cells;
    uint32_t          stride, item, size; /* of a cell, where in it the message is, and its size */
    uint32_t          capacity;
    uintptr_t         lap;  /* a power of two of positions, more than the capacity */
    uintptr_t         last; /* the position of the last cell in lap 0              */
    char              apart_[64];
    fut_channel_end_t tail; /* where the next message goes      */
    fut_channel_end_t head; /* where the next one is taken from */
} fut_channel_t;

/* ---- Storage -------------------------------------------------------------------------------- */

/* A cell: the word, and behind it the message, at 8 where that is cheaper to copy. */
#define FUT_CHANNEL_ITEM_AT_(size)        ((size) % 8 == 0 ? 8 : 4)
#define FUT_CHANNEL_CELL_(size)           ((FUT_CHANNEL_ITEM_AT_(size) + (size) + 3) / 4 * 4)
/* How many bytes a channel of so many messages of this size needs: allocated, or an array of uint32_t. A constant
 * expression. */
#define FUT_CHANNEL_BYTES(size, capacity) (FUT_CHANNEL_CELL_(size) * (capacity))
enum { FUT_CHANNEL_MAX = (1 << 27) - 1 }; /* messages */

/* Over memory of FUT_CHANNEL_BYTES(size, capacity), which is the channel's until it is destroyed. 0; -EINVAL: a size
 * or a capacity of 0, more than FUT_CHANNEL_MAX, memory that is not aligned. (A channel without capacity, in which
 * sender and receiver meet, is not offered.) */
int fut_channel_init(fut_channel_t *channel, void *memory, size_t size, size_t capacity);
/* Stops where somebody waits. Messages that are left are forgotten: to take care of what they point to, close and
 * receive until -EPIPE. Nobody may be inside of any call. */
void fut_channel_destroy(fut_channel_t *channel);

/* A channel with its ring, for messages of type T. */
#define FUT_CHANNEL(T, capacity_)                                                                                      \
    struct {                                                                                                           \
        fut_channel_t channel;                                                                                         \
        union {                                                                                                        \
            T       *of; /* only a type */                                                                             \
            uint32_t memory[FUT_CHANNEL_BYTES(sizeof(T), capacity_) / 4];                                              \
        };                                                                                                             \
    }
/* Its init, which cannot fail. */
#define FUT_CHANNEL_INIT(typed)                                                                                        \
    ((void)fut_channel_init(&(typed)->channel, (typed)->memory, sizeof *(typed)->of,                                   \
                            sizeof(typed)->memory / FUT_CHANNEL_CELL_(sizeof *(typed)->of)))

/* ---- Without waiting, and for plain threads --------------------------------------------------- */

/* Any thread. 0; -EAGAIN: full; -EPIPE: closed. Unless 0, the message is still the caller's. */
FUT_MUST_USE int fut_channel_try_send(fut_channel_t *channel, const void *item);
/* Any thread. 0, and the message is in *item; -EAGAIN: empty; -EPIPE: closed, and all were taken. */
FUT_MUST_USE int fut_channel_try_recv(fut_channel_t *channel, void *item);
/* Up to `max` messages in one array: how many, at least 1; or as above. Not beyond the end of the ring. */
FUT_MUST_USE int fut_channel_try_recv_many(fut_channel_t *channel, void *items, uint32_t max);
/* The same, sleeping: 0 or -EPIPE. -EDEADLK: called inside of a poll (only checked builds can tell). */
FUT_MUST_USE int fut_channel_send_blocking(fut_channel_t *channel, const void *item);
FUT_MUST_USE int fut_channel_recv_blocking(fut_channel_t *channel, void *item);

/* Any thread, any side, idempotent. Senders get -EPIPE, receivers what is left, then -EPIPE. It is a use of the channel
 * like any other: destroy after it has returned. Not from signal handlers. */
void fut_channel_close(fut_channel_t *channel);
/* Any thread. */
void fut_channel_stats(const fut_channel_t *channel, fut_channel_stats_t *stats);

/* ---- Futures ---------------------------------------------------------------------------------- */

#ifndef __cplusplus

/* fut_channel_send: ready when the message is in the ring. *item stays until then. Output: 0; -EPIPE: closed;
 * -ECANCELED. Unless 0 it was not sent. Any executor's thread. Cancelling loses the place in the line. */
typedef struct fut_channel_send {
    FUT_FUTURE(fut_channel_send, int, fut_channel_t *channel; const void *item);
    fut_waiter_t waiter;
} fut_channel_send_t;

/* fut_channel_recv: ready when a message was taken and is in *item. Output: 0; -EPIPE: closed, and all were taken;
 * -ECANCELED. Unless 0 none was taken. Any executor's thread. Cancelling loses the place in the line, and no message:
 * one is taken only in the poll that answers READY. */
typedef struct fut_channel_recv {
    FUT_FUTURE(fut_channel_recv, int, fut_channel_t *channel; void *item);
    fut_waiter_t waiter;
} fut_channel_recv_t;

/* fut_channel_recv_many: the same for at least one and at most `max` messages, what is there at once, into an array;
 * not beyond the end of the ring, so there may be more. Output: how many; -EINVAL: max is 0. One unit of the budget,
 * and one compare-and-swap for many. */
typedef struct fut_channel_recv_many {
    FUT_FUTURE(fut_channel_recv_many, int, fut_channel_t *channel; void *items; uint32_t max);
    fut_waiter_t waiter;
} fut_channel_recv_many_t;

FUT_DECLARE(fut_channel_send);
FUT_DECLARE(fut_channel_recv);
FUT_DECLARE(fut_channel_recv_many);

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif
