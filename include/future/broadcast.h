/* broadcast.h: every receiver gets every message, unless it is slow.         layer: channel; needs: core, sync
 *
 *     typedef FUT_BROADCAST(news_t, 64) feed_t;
 *     typedef FUT_BROADCAST_READER(news_t) reader_t;
 *
 *     FUT_BROADCAST_INIT(&feed);
 *     error = fut_broadcast_send(FUT_ITEM(&feed, &news));              does not wait: no future
 *
 *     FUT_BROADCAST_SUBSCRIBE(&self->reader, &feed);                   what is sent from now on
 *     AWAIT_TRY(self->recv, fut_broadcast_recv, FUT_ITEM(&self->reader, &self->news));
 *     if (self->recv.output > 0) ...                                   so many before this one were missed
 *
 * A sender never waits: the ring keeps the last `capacity` messages, and a new one replaces the oldest. A receiver
 * that has not read it by then misses it; its next receive says how many it missed, and goes on with the oldest that
 * is there.
 *
 * A reader is a number, how far it has read: there is nothing to unsubscribe. The price: 40 bytes and the ring; one
 * lock for a dozen instructions and a copy in each send and receive; a send wakes all who wait.
 */
#ifndef FUT_BROADCAST_H
#define FUT_BROADCAST_H

#include "channel_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The word: 1, the lock of all the other fields and of the messages; CLOSED, set once. */
enum { FUT_BROADCAST_CLOSED_ = 2 };
typedef struct fut_broadcast {
    uint32_t       word;           /* atomic */
    uint32_t       size, capacity; /* written by init */
    uint32_t       at;             /* where in the ring the next message goes     */
    uint64_t       sent;           /* so many so far: the number of that message  */
    unsigned char *items;
    fut_waiters_t  waiters; /* number: `sent` when it lined up */
} fut_broadcast_t;

/* Used by one thread and by one receive at a time. It may be copied: then there are two who have read as far. */
typedef struct fut_broadcast_reader {
    fut_broadcast_t *broadcast;
    uint64_t         next; /* the number of the message that it reads next */
} fut_broadcast_reader_t;

/* `memory` holds `capacity` messages of `size` bytes, aligned as the caller likes. 0; -EINVAL: no memory, a size or a
 * capacity of 0 or more than INT32_MAX. */
int fut_broadcast_init(fut_broadcast_t *broadcast, void *memory, size_t size, size_t capacity);
/* Stops where somebody waits. It need not be called. */
void fut_broadcast_destroy(fut_broadcast_t *broadcast);

/* A broadcast with its ring, and its init, which cannot fail; a reader of messages of that type. */
#define FUT_BROADCAST(T, capacity_)                                                                                    \
    struct {                                                                                                           \
        fut_broadcast_t channel;                                                                                       \
        union {                                                                                                        \
            T *of; /* only a type */                                                                                   \
            T  memory[capacity_];                                                                                      \
        };                                                                                                             \
    }
#define FUT_BROADCAST_INIT(typed)                                                                                      \
    ((void)fut_broadcast_init(&(typed)->channel, (typed)->memory, sizeof *(typed)->of,                                 \
                              sizeof(typed)->memory / sizeof *(typed)->of))
#define FUT_BROADCAST_READER(T)                                                                                        \
    struct {                                                                                                           \
        union {                                                                                                        \
            T                     *of; /* only a type */                                                               \
            fut_broadcast_reader_t channel;                                                                            \
        };                                                                                                             \
    }
#define FUT_BROADCAST_SUBSCRIBE(reader, typed)                                                                         \
    fut_broadcast_subscribe(&(reader)->channel + FUT_ITEM_IS_(typed, (reader)->of), &(typed)->channel)

/* Any thread. The reader gets what is sent from now on. */
void fut_broadcast_subscribe(fut_broadcast_reader_t *reader, fut_broadcast_t *broadcast);
/* Any thread. 0, also where nobody listens; -EPIPE: closed. */
FUT_MUST_USE int fut_broadcast_send(fut_broadcast_t *broadcast, const void *item);
/* How many messages were missed before the one that is in *item now; -EAGAIN: no new one; -EPIPE: closed, and it has
 * read all. More than INT_MAX count as INT_MAX. */
FUT_MUST_USE int fut_broadcast_try_recv(fut_broadcast_reader_t *reader, void *item);
/* For a plain thread: the same, sleeping. -EDEADLK: called inside of a poll (only checked builds can tell). */
FUT_MUST_USE int fut_broadcast_recv_blocking(fut_broadcast_reader_t *reader, void *item);
/* Any thread, idempotent. Readers get what is in the ring, then -EPIPE. */
void fut_broadcast_close(fut_broadcast_t *broadcast);

#ifndef __cplusplus

/* fut_broadcast_recv: ready when the reader has read its next message into *item. Output: how many were missed before
 * it, usually 0; -EPIPE: closed, and it has read all; -ECANCELED. Any executor's thread. Cancelling loses nothing: the
 * reader goes on only in the poll that answers READY. */
typedef struct fut_broadcast_recv {
    FUT_FUTURE(fut_broadcast_recv, int, fut_broadcast_reader_t *reader; void *item);
    fut_waiter_t waiter;
} fut_broadcast_recv_t;
FUT_DECLARE(fut_broadcast_recv);

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif
