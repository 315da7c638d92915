/* oneshot.c: a value under a lock.                                           layer: channel; needs: core, sync
 *
 *     send      not closed: copy in, SENT and CLOSED, let go who waits. Leaving the lock is its last access
 *     close     CLOSED, let go who waits
 *     recv      SENT and not TAKEN: copy out. CLOSED: -EPIPE. Otherwise line up
 *
 * Who waits is let go, not given the value: the first that is polled takes it. So one that is dropped has nothing to
 * put back.
 */
#include <errno.h>

#include "../sync/misuse.h"
#include "../sync/waiters.h"
#include "future/oneshot.h"

enum { SENT = FUT_ONESHOT_SENT_, TAKEN = FUT_ONESHOT_TAKEN_, CLOSED = FUT_ONESHOT_CLOSED_, LEFT = FUT_ONESHOT_LEFT_ };

int fut_oneshot_init(fut_oneshot_t *oneshot, void *memory, size_t size) {
    if (!memory || size == 0 || size > INT32_MAX) return -EINVAL;
    *oneshot = (fut_oneshot_t){.size = (uint32_t)size, .value = memory};
    return 0;
}

void fut_oneshot_destroy(fut_oneshot_t *oneshot) {
    if (oneshot->waiters.first) FUT__MISUSE("fut_oneshot_destroy", "somebody waits for this oneshot");
}

/* ---- send, close ----------------------------------------------------------------------------------- */

/* Entered: let all go, and leave with this word. Nobody lines up any more, since it is CLOSED. */
static void release_and_leave(fut_oneshot_t *oneshot, uint32_t word) {
    fut__wakes_t wakes;
    bool         more;
    wakes.count = 0;
    for (;;) {
        more = fut__take_out_many(&oneshot->waiters, FUT_WAITER_RELEASED, &wakes);
        fut__leave(&oneshot->word, word);
        fut__wake_all(&wakes);
        if (!more) return;
        word = fut__enter(&oneshot->word);
    }
}

int fut_oneshot_send(fut_oneshot_t *oneshot, const void *item) {
    const uint32_t word = fut__enter(&oneshot->word);
    if (word & CLOSED) {
        fut__leave(&oneshot->word, word);
        return -EPIPE;
    }
    fut_channel_copy_(oneshot->value, item, oneshot->size);
    release_and_leave(oneshot, word | SENT | CLOSED);
    return 0;
}

void fut_oneshot_close(fut_oneshot_t *oneshot) { release_and_leave(oneshot, fut__enter(&oneshot->word) | CLOSED); }

/* Nothing is touched once LEFT is set; so it is set when nobody is left to let go. */
bool fut_oneshot_leave(fut_oneshot_t *oneshot) {
    uint32_t word;
    fut_oneshot_close(oneshot);
    word = fut__enter(&oneshot->word);
    fut__leave(&oneshot->word, word | LEFT);
    return word & LEFT;
}

bool fut_oneshot_is_closed(const fut_oneshot_t *oneshot) { return fut__load_relaxed(&oneshot->word) & CLOSED; }

/* ---- recv ---------------------------------------------------------------------------------------------- */

/* Take the value; if it may come yet and there is who waits, line up. */
static int take_or_queue(fut_oneshot_t *oneshot, void *item, fut_waiter_t *waiter, fut_context_t *cx) {
    uint32_t word   = fut__enter(&oneshot->word);
    int      answer = word & CLOSED ? -EPIPE : -EAGAIN;
    if ((word & (SENT | TAKEN)) == SENT) {
        fut_channel_copy_(item, oneshot->value, oneshot->size);
        word |= TAKEN;
        answer = 0;
    }
    if (answer == -EAGAIN && waiter) fut__queue(&oneshot->waiters, waiter, cx);
    fut__leave(&oneshot->word, word);
    return answer;
}

int fut_oneshot_try_recv(fut_oneshot_t *oneshot, void *item) { return take_or_queue(oneshot, item, NULL, NULL); }

fut_poll_t fut_oneshot_recv_poll(fut_oneshot_recv_t *self, fut_context_t *cx) {
    int answer;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        if (!fut_context_spend(cx)) return FUT_PENDING; /* its turn is over; it is in no line yet */
    } else if (fut__poll_waiter(&self->oneshot->word, &self->waiter, cx) == FUT_WAITER_QUEUED) {
        return FUT_PENDING;
    }
    answer = take_or_queue(self->oneshot, self->item, &self->waiter, cx);
    if (answer == -EAGAIN) return fut_pending(&self->future);
    self->output = answer;
    return fut_ready(&self->future);
}

int fut_oneshot_recv_blocking(fut_oneshot_t *oneshot, void *item) {
    fut_oneshot_recv_t recv;
    int                error;
    FUT_START(recv, fut_oneshot_recv, oneshot, item);
    error = fut_wait_on_thread(&recv.future);
    return error < 0 ? error : recv.output;
}

static void oneshot_recv_drop(fut_future_t *future) {
    fut_oneshot_recv_t *const self = (fut_oneshot_recv_t *)(void *)future;
    if (future->point == FUT_POINT_START) return;
    (void)fut__leave_line(&self->oneshot->word, &self->oneshot->waiters, &self->waiter, 0);
}

static void oneshot_recv_describe(const fut_future_t *future, fut_note_t *note) {
    (void)future;
    note->text = "the value of a oneshot";
}

FUT_DEFINE_DECLARED(fut_oneshot_recv, .drop = oneshot_recv_drop, .describe = oneshot_recv_describe,
                    .loses = FUT_LOSES_NOTHING);
