/* shared_task.c: the handle of a task that may end on another thread. shared.h has the table whose letters stand here. */
#include "shared.h"

#include <errno.h>

#include "../core/memory.h"

/* ---- struct ------------------------------------------------------------------------------------ */

fut_join_t fut__shared_join_of(fut_task_t *task, fut_tag_t tag, const fut_vtable_t *vtable, int status) {
    fut_join_t join    = fut_join_of_(NULL, vtable, status);
    join.future.vtable = &fut__shared_join_vtable;
    join.task          = task;
    join.tag           = tag;
    return join;
}

/* The generation in which the task was spawned, or the one after it: it lives, or its output waits. Anything else: the
 * executor is gone. A relaxed load: the memory is this handle's while it is KEPT, and nobody may destroy an executor
 * while its handles are used. */
static bool is_mine(const fut_join_t *join) {
    fut_tag_t tag;
    if (!join->task) return false;
    tag = fut__task_tag(join->task);
    return tag == join->tag || tag == join->tag + FUT__GENERATION;
}

/* The acquire shows the output, written before (c) or (d). */
static uint32_t word_of(const fut_join_t *join) { return fut__load_acquire(&join->task->awaiting.word); }

/* waker.target keeps the root's vtable, since the waker lies in the task. NULL: the output is read elsewhere. */
static void fail(fut_join_t *join, int status) {
    const fut_vtable_t *vtable = join->waker.target;
    join->status               = status;
    if (vtable && vtable->joined) fut_fail_at_((char *)join + vtable->joined, vtable->errors, status);
}

/* ---- take -------------------------------------------------------------------------------------- */

/* (f) (g) */
static void give_back(fut_task_t *task, uint32_t word) {
    if (!(word & FUT__LEFT)) word = fut__set(&task->awaiting.word, FUT__TAKEN);
    if (word & FUT__LEFT) task->scheduler->recycle(task);
}

static fut_poll_t finish(fut_join_t *join) {
    join->task         = NULL;
    join->future.point = FUT_POINT_DONE;
    return FUT_READY;
}

static fut_poll_t take(fut_join_t *join, uint32_t word) {
    fut_task_t         *task   = join->task;
    const fut_vtable_t *vtable = join->waker.target;
    if (vtable)
        memcpy((char *)join + vtable->joined, (const char *)fut__task_root(task) + vtable->output, vtable->output_size);
    join->status = task->flags & FUT__CANCELLED ? -ECANCELED : 0;
    give_back(task, word);
    return finish(join);
}

static fut_poll_t settle_without_task(fut_join_t *join) {
    fail(join, join->status < 0 ? join->status : -ECANCELED);
    return finish(join);
}

int fut__shared_take(fut_join_t *join) {
    if (fut_is_done(&join->future)) return join->status;
    if (!is_mine(join)) {
        (void)settle_without_task(join);
    } else {
        const uint32_t word = word_of(join);
        if (!(word & FUT__OVER)) return -EAGAIN;
        (void)take(join, word);
    }
    return join->status;
}

bool fut__shared_is_done(const fut_join_t *join) {
    return fut_is_done(&join->future) || !is_mine(join) || word_of(join) & FUT__OVER;
}

/* ---- await ------------------------------------------------------------------------------------- */

/* Whoever awaits may belong to an executor that looks for deadlocks: while WAKER is set it is to know that a wake may come
 * from outside. So the waker there is a clone. */

/* While WAKER is set and OVER is not, both sides only read it. */
static fut_waker_t awaiter_of(const fut_task_t *task) { return (fut_waker_t){task->awaiter, task->awaiting.tag}; }

/* (b) The word, as it is then: without WAKER, or OVER. */
static uint32_t take_waker_back(fut_task_t *task, uint32_t word) {
    while (word & FUT__WAKER && !(word & FUT__OVER))
        if (fut__cas(&task->awaiting.word, &word, word & ~(uint32_t)FUT__WAKER)) {
            fut_waker_drop(awaiter_of(task));
            return word & ~(uint32_t)FUT__WAKER;
        }
    return word;
}

/* (a) False: OVER came first. */
static bool leave_waker(fut_task_t *task, uint32_t word, fut_waker_t waker) {
    if (word & FUT__OVER) return false;
    (void)fut_waker_clone(waker);
    task->awaiter      = waker.target;
    task->awaiting.tag = waker.tag;
    while (!(word & FUT__OVER))
        if (fut__cas(&task->awaiting.word, &word, word | FUT__WAKER)) return true;
    fut_waker_drop(waker);
    return false;
}

static fut_poll_t shared_poll(fut_future_t *future, fut_context_t *cx) {
    fut_join_t *join = (fut_join_t *)(void *)future;
    fut_task_t *task = join->task;
    uint32_t    word;
    if (fut_is_done(future)) return FUT_READY;
    if (!is_mine(join)) return settle_without_task(join);
    word = word_of(join);
    if (!(word & FUT__OVER)) {
        const fut_waker_t waker = fut_context_waker(cx);
        if (word & FUT__WAKER && fut_waker_same(awaiter_of(task), waker)) return fut_pending(future);
        word = take_waker_back(task, word);
        if (leave_waker(task, word, waker)) return fut_pending(future);
        word = word_of(join); /* a failed swap has acquired nothing */
    }
    return take(join, word);
}

/* ---- end --------------------------------------------------------------------------------------- */

bool fut__shared_end(fut_task_t *task) {
    fut_waker_t waker;
    uint32_t    word;
    do {
        word = fut__load_acquire(&task->awaiting.word); /* pairs with (h): what the handle read, it has read */
        if (!(word & FUT__KEPT)) return true;
    } while (!fut__cas(&task->awaiting.word, &word, word | FUT__OVER | (word & FUT__WAKER ? 0 : FUT__LEFT)));
    if (!(word & FUT__WAKER)) return false; /* (c) */
    waker = awaiter_of(task);
    word  = fut__set(&task->awaiting.word, FUT__LEFT); /* (e) */
    fut_wake(waker);
    fut_waker_drop(waker);
    return word & FUT__TAKEN;
}

/* ---- drop, detach, cancel ---------------------------------------------------------------------- */

/* (h), or, where it is OVER already, the end of the memory. */
void fut__shared_detach(fut_join_t *join) {
    if (!fut_is_done(&join->future) && is_mine(join)) {
        fut_task_t *task = join->task;
        uint32_t    word = word_of(join);
        word             = take_waker_back(task, word);
        while (!(word & FUT__OVER))
            if (fut__cas(&task->awaiting.word, &word, word & ~(uint32_t)FUT__KEPT)) break;
        if (word & FUT__OVER) give_back(task, word_of(join));
    }
    (void)finish(join);
}

static void shared_drop(fut_future_t *future) {
    fut_join_t *join = (fut_join_t *)(void *)future;
    fut__shared_detach(join);
    fail(join, -ECANCELED);
}

/* (i). The wake publishes the bit to the poll that follows. */
void fut__shared_cancel(fut_join_t *join) {
    if (fut_is_done(&join->future) || !is_mine(join) || word_of(join) & FUT__OVER) return;
    (void)fut__set(&join->task->awaiting.word, FUT__ASKED);
    fut_wake((fut_waker_t){join->task, join->tag});
}

static void shared_describe(const fut_future_t *future, fut_note_t *note) {
    (void)future;
    note->text = "the end of a task";
}

const fut_vtable_t fut__shared_join_vtable = {.name     = "join",
                                              .poll     = shared_poll,
                                              .drop     = shared_drop,
                                              .describe = shared_describe,
                                              .file     = __FILE__,
                                              .line     = __LINE__,
                                              .size     = sizeof(fut_join_t),
                                              .align    = _Alignof(fut_join_t),
                                              .loses    = FUT_LOSES_BYTES};
