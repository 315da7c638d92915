/* channel_unbounded.h: a channel that is full when memory is.                 layer: channel; needs: core, sync
 *
 *     typedef FUT_UNBOUNDED(job_t) jobs_t;
 *
 *     FUT_UNBOUNDED_INIT(&jobs);
 *     int error = fut_unbounded_send(FUT_ITEM(&jobs, &job));                  // does not wait: no future
 *     AWAIT(self->recv, fut_unbounded_recv, FUT_ITEM(&jobs, &self->job));
 *     FUT_UNBOUNDED_DESTROY(&jobs);                                           // gives the memory back
 *
 * For senders that must not wait and whose number of messages is limited by something else. There is no back-pressure:
 * where receivers are slower than senders, memory grows until -ENOMEM. If in doubt, take the bounded one.
 *
 * The price: messages lie in blocks of about a kilobyte, of which one is kept for the next; so a steady queue allocates
 * nothing. One lock, for a dozen instructions in each send and receive.
 */
#ifndef FUT_CHANNEL_UNBOUNDED_H
#define FUT_CHANNEL_UNBOUNDED_H

#include "channel_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The word: 1, the lock of all the other fields; CLOSED, set once. */
enum { FUT_UNBOUNDED_CLOSED_ = 2 };
typedef struct fut_unbounded_block fut_unbounded_block_t;
typedef struct fut_unbounded {
    uint32_t               word;                 /* atomic */
    uint32_t               size, in_block;       /* of a message; messages in a block. Written by init */
    uint32_t               read, written;        /* in the first block, in the last                    */
    fut_unbounded_block_t *first, *last, *spare; /* NULL: no message ever, no spare                    */
    size_t                 messages;             /* atomic, for dumps                                  */
    fut_line_t             receivers;
} fut_unbounded_t;

enum { FUT_UNBOUNDED_SIZE_MAX = INT32_MAX / 8 }; /* a block of four can be asked for on any machine */
/* 0; -EINVAL: a size of 0, or more than FUT_UNBOUNDED_SIZE_MAX. Takes no memory yet. */
int fut_unbounded_init(fut_unbounded_t *channel, size_t size);
/* Releases the blocks. Messages that are left are forgotten. Stops where somebody waits. */
void fut_unbounded_destroy(fut_unbounded_t *channel);

#define FUT_UNBOUNDED(T)                                                                                               \
    struct {                                                                                                           \
        union {                                                                                                        \
            T              *of; /* only a type */                                                                      \
            fut_unbounded_t channel;                                                                                   \
        };                                                                                                             \
    }
#define FUT_UNBOUNDED_INIT(typed)    ((void)fut_unbounded_init(&(typed)->channel, sizeof *(typed)->of))
#define FUT_UNBOUNDED_DESTROY(typed) fut_unbounded_destroy(&(typed)->channel)

/* Any thread. 0; -EPIPE: closed; -ENOMEM. Unless 0, the message is still the caller's. */
FUT_MUST_USE int fut_unbounded_send(fut_unbounded_t *channel, const void *item);
/* As fut_channel_try_recv and the others. Any thread. */
FUT_MUST_USE int fut_unbounded_try_recv(fut_unbounded_t *channel, void *item);
FUT_MUST_USE int fut_unbounded_recv_blocking(fut_unbounded_t *channel, void *item);
void             fut_unbounded_close(fut_unbounded_t *channel);
void             fut_unbounded_stats(const fut_unbounded_t *channel, fut_channel_stats_t *stats);

#ifndef __cplusplus

/* fut_unbounded_recv: as fut_channel_recv. Any executor's thread. Cancelling loses the place in the line. */
typedef struct fut_unbounded_recv {
    FUT_FUTURE(fut_unbounded_recv, int, fut_unbounded_t *channel; void *item);
    fut_waiter_t waiter;
} fut_unbounded_recv_t;
FUT_DECLARE(fut_unbounded_recv);

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif
