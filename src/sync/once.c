/* once.c: one turn after the other, until one succeeds.                      layer: sync; needs: core
 *
 *     first poll      done: READY. Nobody runs it: it is our turn. Otherwise line up, PENDING
 *     our turn        poll the initialiser. Success: take out all, RELEASED; failure, cancelled: take out the first, GRANTED
 *     next poll       GRANTED: our turn. RELEASED: it is done, READY
 *     drop            QUEUED: leave the line. GRANTED, or in our turn: the next one's turn
 */
#include "future/once.h"
#include "misuse.h"
#include "waiters.h"

enum { RUNNING = FUT_ONCE_RUNNING_, DONE = FUT_ONCE_DONE_ };
enum { WAITING = FUT_POINT_PENDING, OUR_TURN = 2 }; /* future.point */

void fut_once_init(fut_once_t *once) { *once = (fut_once_t)FUT_ONCE_INIT; }

void fut_once_destroy(fut_once_t *once) {
    const uint32_t word = fut__enter(&once->word);
    if (once->waiters.first) FUT__MISUSE("fut_once_destroy", "somebody waits for it to be done");
    if (word & RUNNING) FUT__MISUSE("fut_once_destroy", "somebody is about to do it");
    fut__leave(&once->word, word);
}

/* Acquires what finish published; by then finish has left, and the object may be destroyed. */
bool fut_once_is_done(const fut_once_t *once) {
    const uint32_t word = fut__load_acquire(&once->word);
    if (word & DONE && word & FUT__BUSY) fut__settle(&once->word);
    return word & DONE;
}

/* ---- whose turn --------------------------------------------------------------------------- */

/* Failed or cancelled: the next one's turn. */
static void pass_on(fut_once_t *once) {
    const uint32_t      word  = fut__enter(&once->word);
    fut_waiter_t *const first = once->waiters.first;
    fut_waker_t         waker = {NULL, 0};
    if (first) waker = fut__take_out(&once->waiters, first, FUT_WAITER_GRANTED);
    fut__leave(&once->word, first ? word : word & ~(uint32_t)RUNNING);
    fut__wake(waker);
}

/* Publishes what was done to all who find DONE, or are released. */
static void finish(fut_once_t *once) {
    fut__wakes_t wakes = {.count = 0};
    bool         more;
    do {
        const uint32_t word = fut__enter(&once->word);
        more                = fut__take_out_many(&once->waiters, FUT_WAITER_RELEASED, &wakes);
        fut__leave(&once->word, (word & ~(uint32_t)RUNNING) | DONE);
        fut__wake_all(&wakes);
    } while (more);
}

/* GRANTED: our turn. RELEASED: done. QUEUED: it waits in line. */
static uint32_t begin(fut_once_run_t *self, fut_context_t *cx) {
    fut_once_t *const once = self->once;
    uint32_t          word, state;
    if (fut_once_is_done(once)) return FUT_WAITER_RELEASED;
    word  = fut__enter(&once->word);
    state = word & DONE ? FUT_WAITER_RELEASED : word & RUNNING ? FUT_WAITER_QUEUED : FUT_WAITER_GRANTED;
    if (state == FUT_WAITER_QUEUED) fut__queue(&once->waiters, &self->waiter, cx);
    fut__leave(&once->word, state == FUT_WAITER_GRANTED ? word | RUNNING : word);
    return state;
}

/* ---- run ---------------------------------------------------------------------------------- */

static fut_poll_t done(fut_once_run_t *self, int output) {
    self->output = output;
    return fut_ready(&self->future);
}

static fut_poll_t run(fut_once_run_t *self, fut_context_t *cx) {
    int64_t result;
    if (fut_strand_poll(&self->strand, cx) == FUT_PENDING) return FUT_PENDING;
    result = fut_result(self->initialiser);
    if (result < 0)
        pass_on(self->once);
    else
        finish(self->once);
    return done(self, result < 0 ? (int)result : 0);
}

fut_poll_t fut_once_run_poll(fut_once_run_t *self, fut_context_t *cx) {
    uint32_t state;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == OUR_TURN) return run(self, cx);
    state = self->future.point == FUT_POINT_START ? begin(self, cx)
                                                  : fut__poll_waiter(&self->once->word, &self->waiter, cx);
    if (state == FUT_WAITER_QUEUED) return fut_pending(&self->future);
    if (state == FUT_WAITER_RELEASED) {
        fut_drop(self->initialiser);
        return done(self, 0);
    }
    self->future.point = OUR_TURN;
    fut_strand_init(&self->strand, self->initialiser);
    return run(self, cx);
}

/* ---- drop, cancel, describe ------------------------------------------------------------------ */

/* The initialiser first: what it undoes is undone before the next one begins. */
static void once_run_drop(fut_future_t *future) {
    fut_once_run_t *const self = (fut_once_run_t *)(void *)future;
    bool                  turn = future->point == OUR_TURN;
    if (future->point == WAITING && !fut__leave_line(&self->once->word, &self->once->waiters, &self->waiter, 0))
        turn = fut__state(&self->waiter) == FUT_WAITER_GRANTED;
    fut_drop(self->initialiser);
    if (turn) pass_on(self->once);
}

/* In our turn the initialiser ends gracefully; if it succeeds all the same, it is done. */
static void once_run_cancel(fut_future_t *future) {
    fut_once_run_t *const self = (fut_once_run_t *)(void *)future;
    if (future->point == OUR_TURN)
        fut_cancel(self->initialiser);
    else
        fut_drop(future);
}

static void once_run_describe(const fut_future_t *future, fut_note_t *note) {
    const fut_once_run_t *const self = (const fut_once_run_t *)(const void *)future;
    note->text                       = future->point == OUR_TURN ? "to do once:" : "for another to do it once";
    note->child                      = future->point == OUR_TURN ? self->initialiser : NULL;
}

FUT_DEFINE_DECLARED(fut_once_run, .drop = once_run_drop, .cancel = once_run_cancel, .describe = once_run_describe);
