/* join_all.c: an array of futures, all of them awaited. */
#include "gather.h"

/* ---- poll ------------------------------------------------------------------------------------------- */

/* The next of the array is looked at. One that is done needs no waker. While the others are being cancelled it is, too;
 * it was perhaps never polled, and then that is its end. */
static void begin(fut_gather_t *all, fut_future_t *future) {
    all->begun++;
    if (all->error != 0) fut_cancel(future);
    if (!fut_is_done(future)) fut__gather_begin(all, future);
}

static bool has_failed(const fut_future_t *future, int *error) {
    *error = (int)fut_result(future);
    return *error < 0;
}

/* Each future is polled once as it is begun; then those are that were woken. */
static fut_poll_t join(fut_gather_t *all, const fut_futures_t *futures, bool stops_at_error, fut_context_t *cx) {
    fut_future_t *future;
    int           error;
    for (;;) {
        const bool beginning = all->begun < futures->count;
        future               = beginning ? fut__nth(futures, all->begun) : NULL;
        if (beginning) begin(all, future);
        if (!beginning || !fut_is_done(future)) future = fut__gather_turn(all, cx, beginning);
        if (future && stops_at_error && has_failed(future, &error)) fut__gather_stop(all, error);
        if (future) continue;
        if (fut__gather_is_over(all)) return FUT_PENDING;
        if (!beginning) return all->left == 0 ? FUT_READY : FUT_PENDING;
    }
}

static fut_poll_t poll_all(fut_future_t *self, fut_gather_t *all, const fut_futures_t *futures, int *output,
                           bool stops_at_error, fut_context_t *cx) {
    if (fut_is_done(self)) return FUT_READY;
    if (self->point == FUT_POINT_START) fut__gather_init(all);
    if (join(all, futures, stops_at_error, cx) == FUT_PENDING) return fut_pending(self);
    fut__gather_end(all);
    *output = all->error;
    return fut_ready(self);
}

fut_poll_t fut_join_all_poll(fut_join_all_t *self, fut_context_t *cx) {
    return poll_all(&self->future, &self->all, &self->futures, &self->output, false, cx);
}

fut_poll_t fut_try_join_all_poll(fut_try_join_all_t *self, fut_context_t *cx) {
    return poll_all(&self->future, &self->all, &self->futures, &self->output, true, cx);
}

/* ---- drop, cancel ------------------------------------------------------------------------------------- */

static void drop_all(const fut_future_t *self, fut_gather_t *all, const fut_futures_t *futures) {
    if (self->point != FUT_POINT_START) fut__gather_drop(all);
    for (size_t i = 0; i < futures->count; i++) fut_drop(fut__nth(futures, i));
}

static void cancel_all(fut_future_t *self, fut_gather_t *all) {
    if (self->point == FUT_POINT_START)
        fut_drop(self);
    else
        fut__gather_stop(all, -ECANCELED);
}

static void join_drop(fut_future_t *future) {
    fut_join_all_t *self = (fut_join_all_t *)(void *)future;
    drop_all(future, &self->all, &self->futures);
}
static void join_cancel(fut_future_t *future) { cancel_all(future, &((fut_join_all_t *)(void *)future)->all); }

static void try_join_drop(fut_future_t *future) {
    fut_try_join_all_t *self = (fut_try_join_all_t *)(void *)future;
    drop_all(future, &self->all, &self->futures);
}
static void try_join_cancel(fut_future_t *future) { cancel_all(future, &((fut_try_join_all_t *)(void *)future)->all); }

/* ---- describe ------------------------------------------------------------------------------------------- */

static void describe_all(const fut_gather_t *all, const fut_futures_t *futures, fut_note_t *note) {
    size_t i     = 0;
    note->text   = "the ends of";
    note->kind   = FUT_NOTE_NUMBER;
    note->number = (int64_t)(all->left + futures->count - all->begun);
    while (i < futures->count && fut_is_done(fut__nth(futures, i))) i++;
    if (i < futures->count) note->child = fut__nth(futures, i);
}

static void join_describe(const fut_future_t *future, fut_note_t *note) {
    const fut_join_all_t *self = (const fut_join_all_t *)(const void *)future;
    describe_all(&self->all, &self->futures, note);
}
static void try_join_describe(const fut_future_t *future, fut_note_t *note) {
    const fut_try_join_all_t *self = (const fut_try_join_all_t *)(const void *)future;
    describe_all(&self->all, &self->futures, note);
}

FUT_DEFINE_DECLARED(fut_join_all, .drop = join_drop, .cancel = join_cancel, .describe = join_describe);
FUT_DEFINE_DECLARED(fut_try_join_all, .drop = try_join_drop, .cancel = try_join_cancel, .describe = try_join_describe);
