/* group.h: a few futures at the same time.                            layer: combinator; needs: core
 *
 * A group awaits some started slots of different types: all of them, or the first. It is a future like any other, kept
 * by the caller beside the slots:
 *
 *     typedef struct both {
 *         ASYNC_FRAME(both, int);
 *         fetch_t     page;
 *         fut_sleep_t nap;
 *         FUT_GROUP(2) group;                                       // room for up to two children
 *     } both_t;
 *
 *     START(self->page, fetch, "/index");
 *     START(self->nap, fut_sleep, FUT_S(1));
 *     JOIN(self->group, self->page, self->nap);                     // waits for both
 *
 * or, with children that are started in the same breath, as AWAIT does it:
 *
 *     SELECT(self->group, (self->page, fetch, "/index"), (self->nap, fut_sleep, FUT_S(1)));
 *     if (WON(self->group, self->page)) ...                         // the sleep has ended, too: it was cancelled
 *
 * macros/compose.h holds the sentences: JOIN, TRY_JOIN, SELECT, RACE, ANY and their kin. This file holds what they stand on.
 *
 * The price: 32 bytes, and 16 for each child (20 and 8 where pointers have 4). A wake polls the children that are not
 * done, each at its own leaf, with the task's own waker: nothing is allocated, and nobody learns which child was woken.
 * For many children that is the wrong way.
 *
 * Ownership: the children are the caller's, and stay where they are until the group is done. Their outputs are in them.
 * Dropping a group drops its children, at any point; cancelling it gracefully cancels them, and it is READY when all have
 * ended. Executor's thread. Cancelling a group loses what its children lose.
 *
 * Freestanding: all of it is static inline.
 */
#ifndef FUT_GROUP_H
#define FUT_GROUP_H

#include "../future.h"

#ifndef __cplusplus

/* What a poll waits for. Whatever was decided or cancelled waits for the end of what is left: ENDING. */
enum {
    FUT_ENDING_,
    FUT_JOIN_,
    FUT_TRY_JOIN_,
    FUT_ANY_,
    FUT_SELECT_,
    FUT_BIASED_,
    FUT_KEEP_, /* from here on the losers stay */
    FUT_KEEP_BIASED_,
    FUT_NOW_
};

#if defined(__APPLE__) || defined(__FreeBSD__)
enum { FUT_EAGAIN = 35 };
#else
enum { FUT_EAGAIN = 11 };
#endif

/* The head of every group; its children stand behind it.
 *
 *     output     JOIN                0
 *                TRY_JOIN            0, or the first error
 *                SELECT, RACE, ANY   the place of the winner among the children, from 0
 *                ANY                 where all failed, the error of the first child in the list
 *                SELECT_NOW          where nobody is ready, -EAGAIN
 *                cancelled           -ECANCELED
 *
 * `winner`: who decided; see WON. In a checked build the file of the SELECT stands there as long as nobody has. */
typedef struct fut_group {
    FUT_FUTURE(fut_group, int);
    uint8_t waits; /* what for: above                                                              */
    uint8_t count; /* children in the table; those of a JOIN leave it when they are done */
    union {
        const fut_future_t *winner;
        const char         *file;
    };
} fut_group_t;

FUT_INLINE_ fut_strand_t *fut_group_children_(fut_group_t *self) { return (fut_strand_t *)(void *)(self + 1); }

/* ---- Polling ------------------------------------------------------------------------------ */

/* Where a fair poll begins: anywhere, or else the first of two children that are always ready would win every time.
 * One state for all groups of a file, so that a group costs no byte and the slot of a group needs no initialisation.
 * Relaxed, and with no partner: it publishes nothing, and an update that another thread overwrites is not missed. */
FUT_INLINE_ unsigned fut_group_somewhere_(unsigned count) {
    static uint32_t state;
#if defined(__GCC_ATOMIC_INT_LOCK_FREE) && __GCC_ATOMIC_INT_LOCK_FREE == 2 && UINTPTR_MAX > 0xffffu
    const uint32_t next = __atomic_load_n(&state, __ATOMIC_RELAXED) * 1664525u + 1013904223u;
    __atomic_store_n(&state, next, __ATOMIC_RELAXED);
#else
    const uint32_t next = state = state * 1664525u + 1013904223u;
#endif
    return (unsigned)((next >> 16) * count >> 16); /* the upper half is the random one */
}

FUT_INLINE_ bool fut_group_is_fair_(const fut_group_t *self) {
    return self->waits == FUT_SELECT_ || self->waits == FUT_KEEP_ || self->waits == FUT_NOW_;
}

FUT_INLINE_ bool fut_group_decides_(const fut_group_t *self, const fut_future_t *ready) {
    if (self->waits >= FUT_SELECT_) return true;
    return (fut_result(ready) < 0) == (self->waits == FUT_TRY_JOIN_);
}

/* Poll those which are not done until one decides: its place, and nobody behind it was polled, so nobody there has stored
 * a waker. Otherwise the number of children, and how many of them are pending. */
FUT_INLINE_ unsigned fut_group_look_(fut_group_t *self, unsigned *pending, fut_context_t *cx) {
    fut_strand_t  *children = fut_group_children_(self);
    const unsigned count    = self->count;
    unsigned       i, at = fut_group_is_fair_(self) && count > 1 ? fut_group_somewhere_(count) : 0;
    for (i = *pending = 0; i < count; i++) {
        if (fut_strand_poll(&children[at], cx) == FUT_PENDING)
            ++*pending;
        else if (fut_group_decides_(self, children[at].root))
            return at;
        at = at + 1 < count ? at + 1 : 0;
    }
    return count;
}

/* A checked build looks at what a SELECT is about to cancel. */
FUT_INLINE_ void fut_group_check_losers_(fut_group_t *self, const fut_future_t *winner) {
#if defined(FUT_CHECKED)
    fut_strand_t *children = fut_group_children_(self);
    unsigned      i;
    if (self->waits != FUT_SELECT_ && self->waits != FUT_BIASED_) return;
    for (i = 0; i < self->count; i++)
        if (children[i].root != winner) fut_check_loser(children[i].root, self->file, fut_line(&self->future));
#else
    (void)self, (void)winner;
#endif
}

/* Cancel all but the winner. Those without a `cancel` are done at once; the others stay in the table, to be polled on. */
FUT_INLINE_ void fut_group_end_(fut_group_t *self, const fut_future_t *winner) {
    fut_strand_t *children = fut_group_children_(self);
    unsigned      i, left = 0;
    for (i = 0; i < self->count; i++) {
        if (children[i].root == winner) continue;
        fut_cancel(children[i].root);
        if (!fut_is_done(children[i].root)) children[left++] = children[i];
    }
    self->count = (uint8_t)left;
    self->waits = FUT_ENDING_;
}

FUT_INLINE_ fut_poll_t fut_group_nobody_(fut_group_t *self, int output) {
    self->winner = NULL;
    self->output = output;
    return fut_ready(&self->future);
}

/* Poll what is not done, and keep in the table what still is not. */
FUT_INLINE_ fut_poll_t fut_group_join_(fut_group_t *self, fut_context_t *cx) {
    fut_strand_t *children = fut_group_children_(self);
    unsigned      i, left = 0;
    for (i = 0; i < self->count; i++)
        if (fut_strand_poll(&children[i], cx) == FUT_PENDING) children[left++] = children[i];
    self->count = (uint8_t)left;
    return left > 0 ? fut_pending(&self->future) : fut_ready(&self->future);
}

/* All are done, and nobody has decided: no error in a TRY_JOIN, nothing else in an ANY. */
FUT_INLINE_ fut_poll_t fut_group_undecided_(fut_group_t *self) {
    const fut_future_t *first = fut_group_children_(self)[0].root;
    return fut_group_nobody_(self, self->waits == FUT_ANY_ ? (int)fut_result(first) : 0);
}

FUT_INLINE_ fut_poll_t fut_group_decided_(fut_group_t *self, unsigned at, fut_context_t *cx) {
    fut_future_t *const winner = fut_group_children_(self)[at].root;
    fut_group_check_losers_(self, winner);
    self->winner = winner;
    self->output = self->waits == FUT_TRY_JOIN_ ? (int)fut_result(winner) : (int)at;
    if (self->waits >= FUT_KEEP_) return fut_ready(&self->future);
    fut_group_end_(self, winner);
    return self->count > 0 ? fut_group_join_(self, cx) : fut_ready(&self->future);
}

FUT_INLINE_ fut_poll_t fut_group_poll(fut_group_t *self, fut_context_t *cx) {
    unsigned at, pending;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->waits <= FUT_JOIN_) return fut_group_join_(self, cx);
    at = fut_group_look_(self, &pending, cx);
    if (at < self->count) return fut_group_decided_(self, at, cx);
    if (pending == 0) return fut_group_undecided_(self);
    if (self->waits == FUT_NOW_) return fut_group_nobody_(self, -FUT_EAGAIN);
    return fut_pending(&self->future);
}

/* ---- The end ------------------------------------------------------------------------------ */

FUT_INLINE_ void fut_group_drop_(fut_future_t *future) {
    fut_group_t  *self     = (fut_group_t *)(void *)future;
    fut_strand_t *children = fut_group_children_(self);
    unsigned      i;
    self->winner = NULL;
    for (i = 0; i < self->count; i++) fut_drop(children[i].root);
}

/* One that has a winner, whose losers are ending, goes on as it is. */
FUT_INLINE_ void fut_group_cancel_(fut_future_t *future) {
    fut_group_t *self = (fut_group_t *)(void *)future;
    if (self->waits == FUT_ENDING_) return;
    self->winner = NULL;
    self->output = -FUT_ECANCELED;
    fut_group_end_(self, NULL);
}

FUT_INLINE_ void fut_group_describe_(const fut_future_t *future, fut_note_t *note) {
    fut_group_t  *self     = (fut_group_t *)(uintptr_t)(const void *)future;
    fut_strand_t *children = fut_group_children_(self);
    unsigned      i;
    note->text = self->waits == FUT_ENDING_     ? "the end of"
                 : self->waits <= FUT_TRY_JOIN_ ? "all, among them"
                                                : "the first, perhaps";
    for (i = 0; i < self->count && !note->child; i++)
        if (!fut_is_done(children[i].root)) note->child = children[i].root;
}

FUT_DEFINE(fut_group, .drop = fut_group_drop_, .cancel = fut_group_cancel_, .describe = fut_group_describe_);

/* ---- Starting ------------------------------------------------------------------------------- */

FUT_INLINE_ void fut_group_begin_(fut_group_t *self, unsigned waits, unsigned long line) {
    self->future.vtable = &fut_group_vtable;
    self->future.point  = FUT_POINT_START;
    self->future.flags  = 0;
    self->future.line   = line & 0x3fffu; /* what fits on any machine */
    self->output        = 0;
    self->waits         = (uint8_t)waits;
    self->count         = 0;
    self->winner        = NULL;
}

/* Only a checked build looks at `file`. */
FUT_INLINE_ void fut_group_start_(fut_group_t *self, unsigned waits, fut_future_t *const *started, unsigned count,
                                  const char *file, unsigned long line) {
    fut_strand_t *children = fut_group_children_(self);
    unsigned      i;
    fut_group_begin_(self, waits, line);
#if defined(FUT_CHECKED)
    fut_check_children(&self->future, started, count, file, line);
    if (waits >= FUT_SELECT_) self->file = file;
#else
    (void)file;
#endif
    for (i = 0; i < count; i++) fut_strand_init(&children[i], started[i]);
    self->count = (uint8_t)count;
}

/* JOIN polls its children before it keeps a table: those that are ready at once never enter it. */
FUT_INLINE_ void fut_group_keep_(fut_group_t *self, fut_future_t *pending, uint8_t kind, fut_context_t *cx) {
    fut_strand_t *child = &fut_group_children_(self)[self->count++];
    child->root         = pending;
    child->leaf         = kind == FUT_IS_FRAME_ ? &cx->leaf->future : pending;
}
FUT_INLINE_ fut_poll_t fut_group_joined_(fut_group_t *self) {
    return self->count > 0 ? fut_pending(&self->future) : fut_ready(&self->future);
}

#include "../../macros/compose.h"

#endif /* __cplusplus */
#endif
