/* shared.h: the handle of a task that may end on another thread.                                layer: task
 *
 * The task and its handle share one atomic word, task->awaiting.word, and the waker of whoever awaits the handle
 * (task->awaiter, task->awaiting.tag).
 *
 * KEPT    a handle exists. Set by spawn, cleared by the handle. While it is set the memory gets no other tenant.
 * WAKER   the waker is written. Set and cleared by the handle, never after OVER.
 * OVER    the task has ended, and its output waits in its memory. Set by the end.
 * LEFT    the end needs the memory no more. Set by the end, at once with OVER where there is no waker.
 * TAKEN   the handle needs the memory no more. Set by the handle, after OVER.
 * ASKED   fut_join_cancel was called. Set by the handle, cleared by whoever runs the task.
 *
 *     (a) await       KEPT               -> KEPT WAKER               the waker was written before; published by this swap
 *     (b) await anew  KEPT WAKER         -> KEPT                     the waker is the handle's again; write it, then (a)
 *     (c) end         KEPT               -> KEPT OVER LEFT           nobody to wake; the handle gives the memory back
 *     (d) end         KEPT WAKER         -> KEPT WAKER OVER          the waker is the end's now: read it,
 *     (e)             ... OVER           -> ... OVER LEFT            then wake; where TAKEN was set, give the memory back
 *     (f) take        ... OVER LEFT                                  copy the output, give the memory back
 *     (g) take        ... OVER           -> ... OVER TAKEN           copy the output; the end is at (d), and gives it back
 *     (h) detach      KEPT               -> -                        after (b); the end finds no KEPT and gives the memory back
 *     (i) cancel      KEPT (WAKER)       -> ... ASKED                then wake the task
 *
 * So neither waits for the other, the waker has one owner at any time, and the memory is given back exactly once, by the
 * last of the two. All moves are acquire-release swaps of the one word: what the task wrote before (c) or (d), the
 * output, is visible at (f) and (g); what either side read before its last move is read before the memory is given back
 * by the other. tests/models/join.pml is this table.
 *
 * After the executor's end the generation in the handle is out of date: see is_mine.
 */
#ifndef FUT_SRC_SHARED_H
#define FUT_SRC_SHARED_H

#include "task.h"

enum { FUT__KEPT = 1, FUT__WAKER = 2, FUT__OVER = 4, FUT__LEFT = 8, FUT__TAKEN = 16, FUT__ASKED = 32 };

/* For a task that was spawned in generation `tag`, with KEPT set: the handle; or for none, where that failed with
 * `status`. The task may have ended already. */
fut_join_t fut__shared_join_of(fut_task_t *task, fut_tag_t tag, const fut_vtable_t *vtable, int status);

/* (c) (d) (e), after the generation has moved on and the flags are ENDED. True: give the memory back, which nobody
 * else refers to. */
bool fut__shared_end(fut_task_t *task);

/* The calls of future/task.h, for this kind of handle. */
static inline bool fut__is_shared(const fut_join_t *join);
void               fut__shared_cancel(fut_join_t *join);
void               fut__shared_detach(fut_join_t *join);
bool               fut__shared_is_done(const fut_join_t *join);
int                fut__shared_take(fut_join_t *join);

extern const fut_vtable_t fut__shared_join_vtable;
static inline bool fut__is_shared(const fut_join_t *join) { return join->future.vtable == &fut__shared_join_vtable; }

#endif
