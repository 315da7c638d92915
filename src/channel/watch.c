/* watch.c: a value and its version, under a lock.                            layer: channel; needs: core, sync
 *
 *     send        copy in, count, let go who lined up before this version
 *     changed     another version than the reader has seen: copy out, note it. Otherwise line up
 */
#include <errno.h>

#include "../sync/misuse.h"
#include "../sync/waiters.h"
#include "future/watch.h"

enum { CLOSED = FUT_WATCH_CLOSED_ };

int fut_watch_init(fut_watch_t *watch, void *memory, size_t size, const void *first) {
    if (!memory || !first || size == 0 || size > INT32_MAX) return -EINVAL;
    *watch = (fut_watch_t){.size = (uint32_t)size, .version = 1, .value = memory};
    fut_channel_copy_(memory, first, size);
    return 0;
}

void fut_watch_destroy(fut_watch_t *watch) {
    if (watch->waiters.first) FUT__MISUSE("fut_watch_destroy", "somebody waits for this watch");
}

/* ---- send, close, get ----------------------------------------------------------------------------------- */

/* Entered: let go who lined up before `version`, and leave. Readers that were let go may line up again meanwhile: they
 * are of a later one, so this ends. */
static void release_and_leave(fut_watch_t *watch, uint32_t word, uint32_t version) {
    fut__wakes_t wakes;
    bool         more;
    wakes.count = 0;
    for (;;) {
        more = fut__take_out_older(&watch->waiters, version, &wakes);
        fut__leave(&watch->word, word);
        fut__wake_all(&wakes);
        if (!more) return;
        word = fut__enter(&watch->word);
    }
}

int fut_watch_send(fut_watch_t *watch, const void *item) {
    const uint32_t word = fut__enter(&watch->word);
    if (word & CLOSED) {
        fut__leave(&watch->word, word);
        return -EPIPE;
    }
    fut_channel_copy_(watch->value, item, watch->size);
    watch->version++;
    release_and_leave(watch, word, (uint32_t)watch->version);
    return 0;
}

/* Who waits has lined up at the present version, and nobody does any more: all are older than the next. */
void fut_watch_close(fut_watch_t *watch) {
    const uint32_t word = fut__enter(&watch->word);
    release_and_leave(watch, word | CLOSED, (uint32_t)watch->version + 1);
}

uint64_t fut_watch_get(fut_watch_t *watch, void *item) {
    const uint32_t word    = fut__enter(&watch->word);
    const uint64_t version = watch->version;
    fut_channel_copy_(item, watch->value, watch->size);
    fut__leave(&watch->word, word);
    return version;
}

/* ---- changed ----------------------------------------------------------------------------------------------- */

void fut_watch_subscribe(fut_watch_reader_t *reader, fut_watch_t *watch) {
    const uint32_t word = fut__enter(&watch->word);
    reader->watch       = watch;
    reader->seen        = watch->version;
    fut__leave(&watch->word, word);
}

static int see_or_queue(fut_watch_reader_t *reader, void *item, fut_waiter_t *waiter, fut_context_t *cx) {
    fut_watch_t *const watch  = reader->watch;
    const uint32_t     word   = fut__enter(&watch->word);
    int                answer = word & CLOSED ? -EPIPE : -EAGAIN;
    if (reader->seen != watch->version) {
        if (item) fut_channel_copy_(item, watch->value, watch->size);
        reader->seen = watch->version;
        answer       = 0;
    } else if (answer == -EAGAIN && waiter) {
        waiter->number = (uint32_t)watch->version;
        fut__queue(&watch->waiters, waiter, cx);
    }
    fut__leave(&watch->word, word);
    return answer;
}

int fut_watch_try_changed(fut_watch_reader_t *reader, void *item) { return see_or_queue(reader, item, NULL, NULL); }

fut_poll_t fut_watch_changed_poll(fut_watch_changed_t *self, fut_context_t *cx) {
    int answer;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point != FUT_POINT_START &&
        fut__poll_waiter(&self->reader->watch->word, &self->waiter, cx) == FUT_WAITER_QUEUED)
        return FUT_PENDING;
    if (!fut_context_spend(cx)) return FUT_PENDING; /* its turn is over; it is in no line */
    answer = see_or_queue(self->reader, self->item, &self->waiter, cx);
    if (answer == -EAGAIN) return fut_pending(&self->future);
    self->output = answer;
    return fut_ready(&self->future);
}

int fut_watch_changed_blocking(fut_watch_reader_t *reader, void *item) {
    fut_watch_changed_t changed;
    int                 error;
    FUT_START(changed, fut_watch_changed, reader, item);
    error = fut_wait_on_thread(&changed.future);
    return error < 0 ? error : changed.output;
}

static void watch_changed_drop(fut_future_t *future) {
    fut_watch_changed_t *const self  = (fut_watch_changed_t *)(void *)future;
    fut_watch_t *const         watch = self->reader->watch;
    if (future->point == FUT_POINT_START) return;
    (void)fut__leave_line(&watch->word, &watch->waiters, &self->waiter, 0);
}

static void watch_changed_describe(const fut_future_t *future, fut_note_t *note) {
    (void)future;
    note->text = "a change of a watched value";
}

FUT_DEFINE_DECLARED(fut_watch_changed, .drop = watch_changed_drop, .describe = watch_changed_describe,
                    .loses = FUT_LOSES_NOTHING);
