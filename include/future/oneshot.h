/* oneshot.h: one value, once: the answer to a question.                      layer: channel; needs: core, sync
 *
 *     typedef FUT_ONESHOT(answer_t) reply_t;
 *
 *     FUT_ONESHOT_INIT(&self->reply);                                                 who asks
 *     ...                                                                             hand out &self->reply
 *     AWAIT(self->recv, fut_oneshot_recv, FUT_ITEM(&self->reply, &self->answer));     -EPIPE: there will be no answer
 *
 *     error = fut_oneshot_send(FUT_ITEM(reply, &answer));                             who answers: does not wait
 *     fut_oneshot_close(&reply->channel);                                             in FINALLY; harmless after a send
 *
 * The storage has to outlive both sides, and either may be cancelled. Where one of them can wait for the other's end,
 * its frame is the place. Where neither can, allocate it, and let each side end with fut_oneshot_leave: the last one
 * is told so, and frees it.
 *
 * The price: 24 bytes and the value; one compare-and-swap to send, one to receive. Within one thread a
 * fut_local_channel_t of capacity 1 needs none.
 */
#ifndef FUT_ONESHOT_H
#define FUT_ONESHOT_H

#include "channel_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The word. None but BUSY is ever cleared.
 *
 *     1           the lock of the other fields and of the value
 *     SENT        the value is there
 *     TAKEN       and was received
 *     CLOSED      nothing can be sent any more: it was sent, or a side has closed
 *     LEFT        one of the sides has left for good */
enum { FUT_ONESHOT_SENT_ = 2, FUT_ONESHOT_TAKEN_ = 4, FUT_ONESHOT_CLOSED_ = 8, FUT_ONESHOT_LEFT_ = 16 };
typedef struct fut_oneshot {
    uint32_t       word; /* atomic */
    uint32_t       size;
    unsigned char *value;
    fut_waiters_t  waiters;
} fut_oneshot_t;

/* `memory` holds a value of `size` bytes, aligned as the caller likes. 0; -EINVAL: no memory, or a size of 0 or more
 * than INT32_MAX. */
int fut_oneshot_init(fut_oneshot_t *oneshot, void *memory, size_t size);
/* Stops where somebody waits. A value that was not taken is forgotten. It need not be called. */
void fut_oneshot_destroy(fut_oneshot_t *oneshot);

/* A oneshot with its value, and its init, which cannot fail. */
#define FUT_ONESHOT(T)                                                                                                 \
    struct {                                                                                                           \
        fut_oneshot_t channel;                                                                                         \
        union {                                                                                                        \
            T *of; /* only a type */                                                                                   \
            T  memory[1];                                                                                              \
        };                                                                                                             \
    }
#define FUT_ONESHOT_INIT(typed) ((void)fut_oneshot_init(&(typed)->channel, (typed)->memory, sizeof *(typed)->of))

/* Any thread. 0: whoever receives gets it. -EPIPE: it was closed, or a value was sent before; this one is still the
 * caller's. */
FUT_MUST_USE int fut_oneshot_send(fut_oneshot_t *oneshot, const void *item);
/* Any thread. 0, and the value is in *item; -EAGAIN: not yet; -EPIPE: there will be none, or it was taken. */
FUT_MUST_USE int fut_oneshot_try_recv(fut_oneshot_t *oneshot, void *item);
/* For a plain thread: 0 or -EPIPE. -EDEADLK: called inside of a poll (only checked builds can tell). */
FUT_MUST_USE int fut_oneshot_recv_blocking(fut_oneshot_t *oneshot, void *item);
/* Any thread, either side, idempotent. Nothing can be sent any more; a value that was sent can still be received. */
void fut_oneshot_close(fut_oneshot_t *oneshot);
/* Any thread. For who computes an answer: true, and it need not go on. A moment later false may be wrong. */
bool fut_oneshot_is_closed(const fut_oneshot_t *oneshot);
/* Close, and say that this side does not touch it any more. Once on each side, any thread. True: the other side had
 * left before, so the storage is the caller's alone. */
FUT_MUST_USE bool fut_oneshot_leave(fut_oneshot_t *oneshot);

#ifndef __cplusplus

/* fut_oneshot_recv: ready when the value was taken and is in *item, or there will be none. Output: 0; -EPIPE: closed
 * without a value, or another receive has taken it; -ECANCELED. Any executor's thread. Cancelling loses nothing: the
 * value is taken only in the poll that answers READY. */
typedef struct fut_oneshot_recv {
    FUT_FUTURE(fut_oneshot_recv, int, fut_oneshot_t *oneshot; void *item);
    fut_waiter_t waiter;
} fut_oneshot_recv_t;
FUT_DECLARE(fut_oneshot_recv);

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif
