/* line.h: who waits for a channel, and in which order.                       layer: channel; needs: core, sync
 *
 * Whoever makes something to take tells the first in line to look (GRANTED), and takes it out. Nothing is handed over:
 * a waiter takes its message itself, in the poll that answers READY, so one that is dropped has nothing to put back.
 * What that costs:
 *
 *     nothing there     somebody passed it meanwhile: it lines up again, at its old place. Hence the tickets
 *     dropped           it may have been told of a message that the next could take: it tells the next
 *
 * Nothing that can be taken is left lying while somebody sleeps in line: who lines up has seen, under the lock, that
 * there is nothing; each message that comes then tells one; one that is told takes a message, or passes on what it was
 * told, or has seen that there is nothing.
 */
#ifndef FUT_SRC_CHANNEL_LINE_H
#define FUT_SRC_CHANNEL_LINE_H

#include "../sync/waiters.h"
#include "future/channel_base.h"

/* Before the first who came later. */
static inline void fut__link_by_ticket(fut_waiters_t *list, fut_waiter_t *waiter) {
    fut_waiter_t *later = list->first;
    while (later && (int32_t)(later->number - waiter->number) < 0) later = fut__next(list, later);
    if (!later) {
        fut__link(list, waiter);
        return;
    }
    waiter->next      = later;
    waiter->prev      = later->prev;
    later->prev->next = waiter;
    later->prev       = waiter;
    if (list->first == later) list->first = waiter;
}

static inline void fut__place(fut_line_t *line, fut_waiter_t *waiter, bool again) {
    if (!again) waiter->number = line->tickets++;
    if (again)
        fut__link_by_ticket(&line->waiters, waiter);
    else
        fut__link(&line->waiters, waiter);
    fut__store_relaxed(&line->length, line->length + 1); /* for dumps, without order */
}

/* All under the object's lock. `again`: it was in line before. The waker is cloned, see fut__queue. */
static inline void fut__line_up(fut_line_t *line, fut_waiter_t *waiter, bool again, fut_context_t *cx) {
    waiter->waker = fut_waker_clone(fut_context_waker(cx));
    fut__store_relaxed(&waiter->state, FUT_WAITER_QUEUED); /* read by its owner, who is here */
    fut__place(line, waiter, again);
}

/* The first is told, and is to be woken once the lock is left; nobody's waker, if nobody waits. */
static inline fut_waker_t fut__call_first(fut_line_t *line) {
    if (!line->waiters.first) return (fut_waker_t){NULL, 0};
    fut__store_relaxed(&line->length, line->length - 1);
    return fut__take_out(&line->waiters, line->waiters.first, FUT_WAITER_GRANTED);
}

/* Up to `count`, and up to what there is room for. */
static inline void fut__call(fut_line_t *line, uint32_t count, fut__wakes_t *wakes) {
    while (count-- > 0 && line->waiters.first && !fut__wakes_full(wakes)) fut__wakes_add(wakes, fut__call_first(line));
}

/* The channel is closed: all are let go. True: some are left, so leave, wake, come again. */
static inline bool fut__release_line(fut_line_t *line, fut__wakes_t *wakes) {
    const unsigned before = wakes->count;
    const bool     more   = fut__take_out_many(&line->waiters, FUT_WAITER_RELEASED, wakes);
    fut__store_relaxed(&line->length, line->length - (wakes->count - before));
    return more;
}

/* It is dropped: out of the line, or, if it was told, the next is told. True: the waker is to be woken, too. */
static inline bool fut__quit_line(fut_line_t *line, fut_waiter_t *waiter, fut_waker_t *waker) {
    const uint32_t state = fut__load_relaxed(&waiter->state);
    *waker               = (fut_waker_t){NULL, 0};
    if (state == FUT_WAITER_GRANTED) *waker = fut__call_first(line);
    if (state != FUT_WAITER_QUEUED) return true;
    *waker = waiter->waker;
    fut__unlink(&line->waiters, waiter);
    fut__store_relaxed(&line->length, line->length - 1);
    return false;
}

/* The same where all is on one thread: no clone, since no wake comes from outside. */
static inline void fut__line_up_here(fut_line_t *line, fut_waiter_t *waiter, bool again, fut_context_t *cx) {
    waiter->waker = fut_context_waker(cx);
    waiter->state = FUT_WAITER_QUEUED;
    fut__place(line, waiter, again);
}
static inline fut_waker_t fut__take_first_here(fut_line_t *line, uint32_t state) {
    fut__store_relaxed(&line->length, line->length - 1);
    return fut__take_out_here(&line->waiters, line->waiters.first, state);
}
static inline void fut__call_first_here(fut_line_t *line) {
    if (line->waiters.first) fut_wake(fut__take_first_here(line, FUT_WAITER_GRANTED));
}
static inline void fut__release_line_here(fut_line_t *line) {
    while (line->waiters.first) fut_wake(fut__take_first_here(line, FUT_WAITER_RELEASED));
}
static inline void fut__quit_line_here(fut_line_t *line, fut_waiter_t *waiter) {
    if (waiter->state == FUT_WAITER_GRANTED) fut__call_first_here(line);
    if (waiter->state != FUT_WAITER_QUEUED) return;
    fut__unlink(&line->waiters, waiter);
    fut__store_relaxed(&line->length, line->length - 1);
}

#endif
