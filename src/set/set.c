/* set.c: children that come and go: push, remove; next, drive. The hub knows which of them were woken.
 *
 *     pushed -> waiting --(READY)--> done --> out
 *
 * In an ordered set those that are READY stay in `waiting` until they are the first.
 */
#include "future/set.h"

#include <errno.h>

#include "../core/panic.h"
#include "hub.h"

_Static_assert(offsetof(fut_set_child_t, links) == 0, "a link is a child");
_Static_assert(sizeof(fut_set_drive_t) == 6 * sizeof(void *), "C++ knows the size of a set");

/* ---- struct, init ----------------------------------------------------------------------------- */

static void list_init(fut_set_links_t *list) { list->prev = list->next = list; }

static fut_set_child_t *first_of(fut_set_links_t *list) {
    return list->next == list ? NULL : (fut_set_child_t *)(void *)list->next;
}

static void append(fut_set_links_t *list, fut_set_child_t *child) {
    child->links.prev       = list->prev;
    child->links.next       = list;
    child->links.prev->next = &child->links;
    list->prev              = &child->links;
}

static void unlink_child(fut_set_child_t *child) {
    child->links.prev->next = child->links.next;
    child->links.next->prev = child->links.prev;
}

static void init(fut_set_t *set, bool ordered) {
    list_init(&set->waiting);
    list_init(&set->done);
    set->size    = 0;
    set->hub     = NULL;
    set->ordered = ordered;
    set->polling = false;
    set->closing = false;
    set->removed = false;
}

void fut_set_init(fut_set_t *set) { init(set, false); }
void fut_set_init_ordered(fut_set_t *set) { init(set, true); }

/* ---- push, remove, cancel ------------------------------------------------------------------------ */

int fut_set_push(fut_set_t *set, fut_set_child_t *child, fut_future_t *started) {
    if (set->closing) return -ECANCELED;
    if (child->set) return -EBUSY;
    if (!set->hub && !(set->hub = fut__hub_take())) return -ENOMEM;
    child->spoke = fut__spoke_take(set->hub, started, child);
    if (!child->spoke) return -ENOMEM;
    fut__hub_push(set->hub, child->spoke);
    child->future = started;
    child->set    = set;
    append(&set->waiting, child);
    set->size++;
    fut__hub_wake(set->hub);
    return 0;
}

static void take_out(fut_set_t *set, fut_set_child_t *child) {
    if (child->spoke) fut__spoke_end(child->spoke);
    unlink_child(child);
    child->spoke = NULL;
    child->set   = NULL;
    set->size--;
}

/* Whoever waits for the next may be waiting for this one: that the set is empty now, or that another is the oldest. */
void fut_set_remove(fut_set_t *set, fut_set_child_t *child) {
    if (child->set != set) return;
    take_out(set, child);
    set->removed = true;
    fut__hub_wake(set->hub);
}

void fut_set_cancel(fut_set_t *set, fut_set_child_t *child) {
    if (!child && set->hub)
        fut__hub_visit(set->hub, fut__spoke_cancel, NULL);
    else if (child && child->set == set && child->spoke)
        fut__spoke_cancel(child->spoke, NULL);
}

/* ---- poll ------------------------------------------------------------------------------------------ */

static void stop_if_polling(const fut_set_t *set, const char *function, const char *mistake) {
    if (__builtin_expect(set->polling, 0)) fut__panic(__FILE__, __LINE__, function, mistake);
}

/* One child further: it is done, and still in the set. NULL: none is, for the time being. */
static inline fut_set_child_t *advance(fut_set_t *set, fut_context_t *cx) {
    fut__spoke_t    *spoke;
    fut_set_child_t *child;
    set->polling = true;
    spoke        = fut__hub_turn(set->hub, cx, false);
    set->polling = false;
    if (__builtin_expect(!spoke, 1)) return NULL;
    child        = spoke->owner;
    child->spoke = NULL;
    fut__spoke_end(spoke);
    return child;
}

/* It waits until somebody asks for the next; in an ordered set where it stands. */
static void keep(fut_set_t *set, fut_set_child_t *child) {
    if (set->ordered) return;
    unlink_child(child);
    append(&set->done, child);
}

static void release_hub(fut_set_t *set) {
    fut__hub_put(set->hub);
    set->hub = NULL;
}

static bool look_for_next(fut_set_t *set, fut_set_child_t **done) {
    fut_set_child_t *child = first_of(set->ordered ? &set->waiting : &set->done);
    *done                  = child && !child->spoke ? child : NULL;
    if (*done)
        take_out(set, child);
    else if (set->size > 0)
        return false;
    else
        release_hub(set);
    return true;
}

/* In short, for the usual case: no. */
static inline bool is_next_known(fut_set_t *set, fut_set_child_t **done) {
    if (!set->ordered && set->done.next == &set->done && set->size > 0) return false;
    return look_for_next(set, done);
}

/* After a turn in which nobody was READY it is asked once more if a child has removed another, which was the last one
 * or stood before those that are done. */
fut_poll_t fut_set_poll_next(fut_set_t *set, fut_context_t *cx, fut_set_child_t **done) {
    fut_set_child_t *child;
    stop_if_polling(set, "fut_set_poll_next", "a child awaits the set that it is in: nobody would poll it meanwhile");
    if (is_next_known(set, done)) return FUT_READY;
    set->removed = false;
    while ((child = advance(set, cx)) != NULL) {
        keep(set, child);
        if (is_next_known(set, done)) return FUT_READY;
    }
    return set->removed && is_next_known(set, done) ? FUT_READY : FUT_PENDING;
}

/* ---- drop -------------------------------------------------------------------------------------------- */

/* Out first, dropped then: its FINALLY may do anything with its siblings. */
void fut_set_destroy(fut_set_t *set) {
    fut_set_child_t *child;
    stop_if_polling(set, "fut_set_destroy", "called from inside the poll of a child");
    set->closing = true;
    while ((child = first_of(&set->waiting)) != NULL || (child = first_of(&set->done)) != NULL) {
        take_out(set, child);
        fut_drop(child->future);
    }
    set->closing = false;
    release_hub(set);
}

/* ---- next ---------------------------------------------------------------------------------------------- */

fut_poll_t fut_set_next_poll(fut_set_next_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (fut_set_poll_next(self->set, cx, &self->output) == FUT_PENDING) return fut_pending(&self->future);
    return fut_ready(&self->future);
}

static void next_drop(fut_future_t *future) { ((fut_set_next_t *)(void *)future)->output = NULL; }

static void describe_set(fut_set_t *set, fut_note_t *note) {
    const fut_set_child_t *child = first_of(&set->waiting);
    note->text                   = "the next of";
    note->kind                   = FUT_NOTE_NUMBER;
    note->number                 = (int64_t)set->size;
    note->child                  = child ? child->future : NULL;
}

static void next_describe(const fut_future_t *future, fut_note_t *note) {
    describe_set(((const fut_set_next_t *)(const void *)future)->set, note);
}

FUT_DEFINE_DECLARED(fut_set_next, .drop = next_drop, .describe = next_describe, .loses = FUT_LOSES_NOTHING);

/* ---- drive --------------------------------------------------------------------------------------------- */

/* The child first: the children of the set share what it leaves of the budget. */
fut_poll_t fut_set_drive_poll(fut_set_drive_t *self, fut_context_t *cx) {
    fut_set_child_t *done;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) self->leaf = self->child;
    if (fut_is_done(self->child) || fut_poll_leaf(self->child, &self->leaf, cx) == FUT_READY)
        return fut_ready(&self->future);
    stop_if_polling(self->set, "fut_set_drive", "a child drives the set that it is in");
    while (self->set->hub && (done = advance(self->set, cx)) != NULL) keep(self->set, done);
    return fut_pending(&self->future);
}

static void drive_drop(fut_future_t *future) { fut_drop(((fut_set_drive_t *)(void *)future)->child); }

static void drive_cancel(fut_future_t *future) {
    if (future->point == FUT_POINT_START)
        fut_drop(future);
    else
        fut_cancel(((fut_set_drive_t *)(void *)future)->child);
}

static void drive_describe(const fut_future_t *future, fut_note_t *note) {
    note->text  = "beside a set";
    note->child = ((const fut_set_drive_t *)(const void *)future)->child;
}

FUT_DEFINE_DECLARED(fut_set_drive, .drop = drive_drop, .cancel = drive_cancel, .describe = drive_describe);
