/* event.c: set, reset, wait.                                                 layer: sync; needs: core
 *
 *     first poll      set: READY, and an automatic one is shut. Otherwise line up, PENDING
 *     set             manual: take out all that came before, RELEASED. Automatic: the first, GRANTED; nobody: stay set
 *     next poll       taken out: READY
 *     drop            QUEUED: leave the line. GRANTED: set it again
 */
#include "future/event.h"
#include "misuse.h"
#include "waiters.h"

enum { SET = FUT_EVENT_SET_, AUTO = FUT_EVENT_AUTO_ };

void fut_event_init(fut_event_t *event, fut_event_kind_t kind) {
    *event = (fut_event_t){kind == FUT_EVENT_AUTO ? AUTO : 0, 0, {NULL}};
}

void fut_event_destroy(fut_event_t *event) {
    const uint32_t word = fut__enter(&event->word);
    if (event->waiters.first) FUT__MISUSE("fut_event_destroy", "somebody waits for this event");
    fut__leave(&event->word, word);
}

/* ---- set, reset --------------------------------------------------------------------------- */

/* Entered. */
static void set_for_one(fut_event_t *event, uint32_t word) {
    fut_waiter_t *const first = event->waiters.first;
    fut_waker_t         waker = {NULL, 0};
    if (first) waker = fut__take_out(&event->waiters, first, FUT_WAITER_GRANTED);
    fut__leave(&event->word, first ? word : word | SET);
    fut__wake(waker);
}

/* Entered. Who comes between two batches finds it set, or, if it was reset meanwhile, is of this round and stays. */
static void set_for_all(fut_event_t *event, uint32_t word) {
    fut__wakes_t   wakes = {.count = 0};
    const uint32_t round = ++event->round;
    bool           more;
    for (word |= SET;; word = fut__enter(&event->word)) {
        more = fut__take_out_older(&event->waiters, round, &wakes);
        fut__leave(&event->word, word);
        fut__wake_all(&wakes);
        if (!more) return;
    }
}

void fut_event_set(fut_event_t *event) {
    const uint32_t word = fut__enter(&event->word);
    if (word & AUTO)
        set_for_one(event, word);
    else
        set_for_all(event, word);
}

void fut_event_reset(fut_event_t *event) { fut__leave(&event->word, fut__enter(&event->word) & ~(uint32_t)SET); }

/* Acquires what set published; by then set has left, and the event may be destroyed. */
bool fut_event_is_set(const fut_event_t *event) {
    const uint32_t word = fut__load_acquire(&event->word);
    if (word & SET && word & FUT__BUSY) fut__settle(&event->word);
    return word & SET;
}

/* ---- wait --------------------------------------------------------------------------------- */

/* False: it waits in line. */
static bool pass_or_queue(fut_event_wait_t *self, fut_context_t *cx) {
    fut_event_t *const event = self->event;
    const uint32_t     word  = fut__enter(&event->word);
    if (!(word & SET)) {
        self->waiter.number = event->round;
        fut__queue(&event->waiters, &self->waiter, cx);
    }
    fut__leave(&event->word, word & AUTO ? word & ~(uint32_t)SET : word);
    return word & SET;
}

/* An open door is passed without a read-modify-write. */
static bool is_open(const fut_event_t *event) {
    return (fut__load_acquire(&event->word) & (SET | AUTO | FUT__BUSY)) == SET;
}

fut_poll_t fut_event_wait_poll(fut_event_wait_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        if (!fut_context_spend(cx)) return FUT_PENDING; /* its turn is over; it is in no line yet */
        if (!is_open(self->event) && !pass_or_queue(self, cx)) return fut_pending(&self->future);
    } else if (fut__poll_waiter(&self->event->word, &self->waiter, cx) == FUT_WAITER_QUEUED) {
        return FUT_PENDING;
    }
    self->output = 0;
    return fut_ready(&self->future);
}

int fut_event_wait_blocking(fut_event_t *event) {
    fut_event_wait_t wait;
    FUT_START(wait, fut_event_wait, event);
    return fut_wait_on_thread(&wait.future);
}

static void event_wait_drop(fut_future_t *future) {
    fut_event_wait_t *const self = (fut_event_wait_t *)(void *)future;
    if (future->point == FUT_POINT_START) return;
    if (fut__leave_line(&self->event->word, &self->event->waiters, &self->waiter, 0)) return;
    if (fut__state(&self->waiter) == FUT_WAITER_GRANTED) fut_event_set(self->event);
}

static void event_wait_describe(const fut_future_t *future, fut_note_t *note) {
    (void)future;
    note->text = "an event";
}

FUT_DEFINE_DECLARED(fut_event_wait, .drop = event_wait_drop, .describe = event_wait_describe, .loses = FUT_LOSES_PLACE);
