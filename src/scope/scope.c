/* scope.c: a scope, and the child's end of it.                             layer: scope; needs: core, driver interface
 *
 * A child is two things: the caller's future, and a task which polls it. The task's root is a fut__scope_child, linked
 * into its scope before it can be polled. They part in one of three ways:
 *
 *     the child is READY            the task unlinks itself, counts, ends; the last one wakes who waits for the scope
 *     the scope is dropped          each child is dropped, and its task woken: it finds no scope, and ends
 *     the task is dropped           (its executor goes) the child is dropped and unlinked, as if it had ended
 *
 * so neither looks at the other afterwards, whichever goes first. All of it happens on one thread. The state that a
 * scope and its children share is in the scope (ring, live, output, cancelled) and is touched by the functions of this
 * file alone.
 */
#include <errno.h>
#include <string.h>

#include "../core/atomic.h"
#include "../core/check.h"
#include "../core/memory.h"
#include "../core/panic.h"
#include "future/scope.h"

/* ---- the child's task -------------------------------------------------------------------------------------------- */

typedef struct fut__scope_child {
    FUT_FUTURE(fut__scope_child, void, fut_scope_t *scope; fut_future_t *child; void *memory);
    fut_scope_links_t links;
    fut_future_t     *leaf;      /* of the child                      */
    fut_waker_t       waker;     /* of this task, once it was polled  */
    bool              asked;     /* to end, apart from the scope */
    bool              cancelled; /* the child was                */
} fut__scope_child_t;

static fut__scope_child_t *child_of(fut_scope_links_t *links) {
    return (fut__scope_child_t *)(void *)((char *)links - offsetof(fut__scope_child_t, links));
}

/* ---- what ends a scope early ------------------------------------------------------------------------------------- */

/* Who is woken cancels itself: one of them may be the caller, in the middle of its poll. One that was not polled yet is
 * on its executor's queue. */
static void cancel(fut_scope_t *scope, int reason) {
    if (scope->cancelled) return;
    scope->cancelled = true;
    if (scope->output == 0) scope->output = reason;
    for (fut_scope_links_t *at = scope->children.next; at != &scope->children; at = at->next)
        fut_wake(child_of(at)->waker);
}

static void fail(fut_scope_t *scope, int error, const fut_future_t *child) {
    if (scope->failed < scope->room) scope->errors[scope->failed] = (fut_scope_error_t){child, error};
    scope->failed++;
    if (scope->output == 0) scope->output = error;
    if (!scope->collect) cancel(scope, error);
}

static bool is_open(const fut_scope_t *scope) { return scope->future.point == FUT_POINT_PENDING; }

/* Whoever waits for it was woken, and it is only a matter of being polled. */
static bool is_over(const fut_scope_t *scope) { return scope->live == 0 && scope->waker.target != NULL; }

void fut_scope_cancel(fut_scope_t *scope) {
    if (is_open(scope) && !is_over(scope)) cancel(scope, -ECANCELED);
}

void fut_scope_fail(fut_scope_t *scope, int error) {
    if (is_open(scope) && error < 0) fail(scope, error, NULL);
}

/* ---- the child's life -------------------------------------------------------------------------------------------- */

/* A dump on another thread reads it. */
static void count_child(fut_scope_t *scope, size_t more) { fut__show(&scope->live, scope->live + more); }

static void link_child(fut_future_t *future) {
    fut__scope_child_t *self  = (fut__scope_child_t *)(void *)future;
    fut_scope_links_t  *first = &self->scope->children, *last = first->prev;
    self->links = (fut_scope_links_t){last, first};
    last->next  = &self->links;
    first->prev = &self->links;
    self->leaf  = self->child;
    self->waker = (fut_waker_t){NULL, 0};
    self->asked = self->cancelled = false;
    count_child(self->scope, 1);
}

/* From here on neither knows the other. Answers who is to be woken: after everything else, because a wake may run
 * somebody else's code. */
static fut_waker_t part(fut__scope_child_t *self) {
    fut_scope_t *scope     = self->scope;
    self->links.prev->next = self->links.next;
    self->links.next->prev = self->links.prev;
    self->scope            = NULL;
    count_child(scope, (size_t)-1);
    return scope->live == 0 ? scope->waker : (fut_waker_t){NULL, 0};
}

/* A child that was cancelled because the scope is has not failed. */
static void end_child(fut__scope_child_t *self) {
    fut_scope_t *scope  = self->scope;
    const int    result = (int)fut_result(self->child);
    fut_waker_t  waker  = part(self);
    if (result < 0 && !(result == -ECANCELED && scope->cancelled))
        fail(scope, result, self->memory ? NULL : self->child);
    fut__release(self->memory);
    fut_wake(waker);
}

/* A checked build is told about the child as if it had been awaited, unless this file is checked and fut_poll_leaf does
 * so. */
#if defined(FUT_CHECKED)
#define CHECKING false
#else
#define CHECKING fut__checking
#endif
static fut_poll_t poll_child(fut__scope_child_t *self, fut_context_t *cx) {
    const bool checking = CHECKING;
    fut_poll_t answer;
    if (fut_is_done(self->child)) return FUT_READY;
    if (checking) fut_check_enter(self->child, cx, __FILE__, __LINE__);
    answer = fut_poll_leaf(self->child, &self->leaf, cx);
    return checking ? fut_check_leave(self->child, cx, answer) : answer;
}

static fut_poll_t poll_with(const fut_binding_t *inherited, fut__scope_child_t *self, fut_context_t *cx) {
    const fut_binding_t *own = cx->inherited;
    fut_poll_t           answer;
    cx->inherited = inherited;
    answer        = poll_child(self, cx);
    cx->inherited = own;
    return answer;
}

static bool is_due_to_cancel(const fut__scope_child_t *self) {
    return (self->asked || self->scope->cancelled) && !self->cancelled;
}

/* Every child is polled once before it is cancelled: what was handed over with its arguments is in the hands of
 * somebody who has a FINALLY. The task's waker is kept for `cancel`, beside what the child does with it: who answers
 * PENDING must have taken it. */
static fut_poll_t fut__scope_child_poll(fut__scope_child_t *self, fut_context_t *cx) {
    const bool first = self->future.point == FUT_POINT_START;
    if (fut_is_done(&self->future) || !self->scope) return fut_ready(&self->future);
    self->waker = cx->waker;
    if (!first && is_due_to_cancel(self)) {
        self->cancelled = true;
        fut_cancel(self->child);
    }
    if (poll_with(self->scope->inherited, self, cx) == FUT_PENDING) {
        if (first && is_due_to_cancel(self)) fut_context_yield(cx);
        return fut_pending(&self->future);
    }
    end_child(self);
    return fut_ready(&self->future);
}

static void drop_child(fut__scope_child_t *self) {
    if (CHECKING && !fut_is_done(self->child)) fut_check_drop(self->child);
    fut_drop(self->child);
    fut__release(self->memory);
}

static void scope_child_drop(fut_future_t *future) {
    fut__scope_child_t *self = (fut__scope_child_t *)(void *)future;
    fut_waker_t         waker;
    if (!self->scope) return;
    if (self->scope->output == 0) self->scope->output = -ECANCELED;
    waker = part(self);
    drop_child(self);
    fut_wake(waker);
}

/* Its task is cancelled, which is then polled. */
static void scope_child_cancel(fut_future_t *future) { ((fut__scope_child_t *)(void *)future)->asked = true; }

static void scope_child_describe(const fut_future_t *future, fut_note_t *note) {
    const fut__scope_child_t *self = (const fut__scope_child_t *)(const void *)future;
    if (!self->scope) return;
    note->text  = "in a scope,";
    note->child = self->leaf;
    if (!fut_is_frame_(self->leaf) || !fut_is_pending(self->leaf)) return;
    note->text   = "in a scope, at line";
    note->kind   = FUT_NOTE_NUMBER;
    note->number = fut_line(self->leaf);
}

FUT_DEFINE(fut__scope_child, .drop = scope_child_drop, .cancel = scope_child_cancel, .describe = scope_child_describe,
           .spawned = link_child, .awaits = offsetof(fut__scope_child_t, child));

/* ---- the deadline ------------------------------------------------------------------------------------------------ */

/* The timer wakes no task but the scope itself: it is the driver's timer, and only the driver has this waker. */
static void expire(void *target, fut_tag_t tag) {
    fut_scope_t *scope = (fut_scope_t *)(void *)((char *)target - offsetof(fut_scope_t, alarm));
    (void)tag;
    if (!is_over(scope)) cancel(scope, -ETIMEDOUT);
}

static const fut_waker_vtable_t alarm_vtable = {.wake = expire, .wake_from_interrupt = expire};

static void disarm(fut_scope_t *scope) {
    if (scope->timer.future.point == FUT_POINT_PENDING) fut_timer_unlink(&scope->timer);
    scope->timer.future.point = FUT_POINT_START;
}

int fut_scope_set_deadline(fut_scope_t *scope, fut_context_t *cx, fut_instant_t deadline) {
    if (!is_open(scope)) return -EINVAL;
    if (!cx->driver) return -ENOTSUP;
    disarm(scope);
    if (deadline == FUT_NEVER) return 0;
    if (deadline <= cx->driver->vtable->now(cx->driver)) {
        expire(&scope->alarm, 0);
        return 0;
    }
    fut_timer_set_waker(&scope->timer, (fut_waker_t){&scope->alarm, 0});
    scope->timer.deadline     = deadline;
    scope->timer.future.point = FUT_POINT_PENDING;
    cx->driver->vtable->timer_insert(cx->driver, &scope->timer);
    return 0;
}

/* Children must not run without the limit that they were promised. */
static void set_timeout(fut_scope_t *scope, fut_context_t *cx) {
    fut_instant_t now = cx->driver ? cx->driver->vtable->now(cx->driver) : FUT_NOW, deadline = now;
    int           error;
    if (scope->timeout > 0)
        deadline = now + (uint64_t)scope->timeout < now ? FUT_NEVER : now + (uint64_t)scope->timeout;
    error = fut_scope_set_deadline(scope, cx, deadline);
    if (error < 0) {
        fail(scope, error, NULL);
        cancel(scope, error);
    }
}

/* ---- the scope --------------------------------------------------------------------------------------------------- */

void fut_scope_open(fut_scope_t *scope, fut_context_t *cx) {
    if (scope->future.point != FUT_POINT_START) return;
    scope->output    = 0;
    scope->live      = 0;
    scope->failed    = 0;
    scope->cancelled = scope->left = scope->left_cancelled = false;
    scope->children                                        = (fut_scope_links_t){&scope->children, &scope->children};
    scope->inherited                                       = cx->inherited;
    scope->waker                                           = (fut_waker_t){NULL, 0};
    scope->alarm                                           = &alarm_vtable;
    scope->timer.future.point                              = FUT_POINT_START;
    (void)fut_pending(&scope->future);
    if (scope->timeout != 0) set_timeout(scope, cx);
}

fut_poll_t fut_scope_poll(fut_scope_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    fut_scope_open(self, cx);
    if (self->live > 0) {
        self->waker = fut_context_waker(cx);
        return fut_pending(&self->future);
    }
    disarm(self);
    return fut_ready(&self->future);
}

/* The child that is dropped may do to its siblings what it likes: the ring is read afresh each time. */
static void scope_drop(fut_future_t *future) {
    fut_scope_t *self = (fut_scope_t *)(void *)future;
    if (future->point == FUT_POINT_START) return;
    self->cancelled = true;
    disarm(self);
    while (self->live > 0) {
        fut__scope_child_t *child = child_of(self->children.next);
        (void)part(child);
        drop_child(child);
        fut_wake(child->waker);
    }
}

static void scope_cancel(fut_future_t *future) {
    fut_scope_t *self = (fut_scope_t *)(void *)future;
    if (future->point == FUT_POINT_START)
        fut_drop(future);
    else if (!self->shield && !is_over(self))
        cancel(self, -ECANCELED);
}

static void scope_describe(const fut_future_t *future, fut_note_t *note) {
    if (!is_open((const fut_scope_t *)(const void *)future)) return;
    note->text   = "children left:";
    note->kind   = FUT_NOTE_NUMBER;
    note->number = (int64_t)fut__load_relaxed(&((const fut_scope_t *)(const void *)future)->live);
}

FUT_DEFINE_DECLARED(fut_scope, .drop = scope_drop, .cancel = scope_cancel, .describe = scope_describe);

/* ---- spawn ------------------------------------------------------------------------------------------------------- */

static int try_to_spawn(fut_scope_t *scope, fut_context_t *cx, fut_future_t *child, void *memory) {
    const struct fut__scope_child_args args   = {scope, child, memory};
    const size_t                       before = scope->live;
    int                                error;
    if (scope->cancelled || fut_context_is_cut(cx)) return -ECANCELED;
    error = fut_context_spawn(cx, &fut__scope_child_vtable, &args);
    if (error == 0 && scope->live == before)
        fut__panic(__FILE__, __LINE__, "fut_scope", "this executor spawns without calling vtable->spawned");
    return error;
}

static int refuse(fut_future_t *child, int error) {
    fut_drop(child);
    fut_fail(child, error);
    return error;
}

int fut_scope_spawn(fut_scope_t *scope, fut_context_t *cx, fut_future_t *started) {
    int error;
    if (fut_is_done(&scope->future)) return refuse(started, -EINVAL);
    fut_scope_open(scope, cx);
    error = try_to_spawn(scope, cx, started, NULL);
    if (error == 0) return 0;
    if (!scope->cancelled) fail(scope, error, started);
    return refuse(started, error);
}

/* NULL: out of memory. `*memory` is what is to be released. */
static fut_future_t *new_child(const fut_vtable_t *vtable, const void *args, void **memory) {
    const size_t  align = vtable->align > 16 ? vtable->align : 0;
    char         *place = *memory = fut__allocate(vtable->size + align);
    fut_future_t *child;
    if (!place) return NULL;
    if (align) place += align - (uintptr_t)place % align;
    child  = (fut_future_t *)(void *)place;
    *child = (fut_future_t){.vtable = vtable};
    if (args) memcpy(place + vtable->args, args, vtable->args_size);
    return child;
}

int fut_scope_spawn_new(fut_scope_t *scope, fut_context_t *cx, const fut_vtable_t *vtable, const void *args) {
    void         *memory;
    fut_future_t *child;
    int           error;
    if (fut_is_done(&scope->future)) return -EINVAL;
    fut_scope_open(scope, cx);
    if (scope->cancelled) return -ECANCELED;
    child = new_child(vtable, args, &memory);
    error = child ? try_to_spawn(scope, cx, child, memory) : -ENOMEM;
    if (error == 0) return 0;
    if (child) fut_drop(child);
    fut__release(memory);
    fail(scope, error, NULL);
    return error;
}

/* ---- SCOPE and SCOPE_END ----------------------------------------------------------------------------------------- */

/* A flag from an earlier life of the frame is cleared: fut_scope_leave_ looks at it. */
void fut_scope_enter_(fut_scope_t *scope, fut_frame_t *parent, fut_context_t *cx) {
    parent->future.flags &= (uint16_t)~FUT_CANCELLING_;
    fut_scope_open(scope, cx);
    if (fut__checking) fut__check_tenant(&parent->future, &scope->future);
}

/* In a hard drop, too: the await that follows is cut, which drops the scope. */
void fut_scope_leave_(fut_scope_t *scope, const fut_frame_t *parent) {
    scope->left           = true;
    scope->left_cancelled = parent->future.flags & FUT_CANCELLING_;
    if (scope->left_cancelled ? !scope->shield : fut_result(&parent->future) < 0) fut_scope_cancel(scope);
}

/* An await clears the flag, so it is set again for the scopes around this one. What ended the scope has no other place
 * to go than the return value, where the body had meant that to be good, or knew no more than that the scope is
 * cancelled. */
bool fut_scope_was_left_(const fut_scope_t *scope, fut_frame_t *parent) {
    const int64_t result = fut_result(&parent->future);
    if (!scope->left) return false;
    if (scope->left_cancelled)
        parent->future.flags |= FUT_CANCELLING_;
    else if (scope->output < 0 && (result >= 0 || result == -ECANCELED))
        fut_fail(&parent->future, scope->output);
    return true;
}
