/* check.c: what a checked build verifies; macros/check.h says when each is called.
 *
 * Four memories. Per thread, the futures that are being polled right now, innermost last. For the process, every
 * future that answered PENDING to a checked poll, by address: an entry proves that the bytes there were once this
 * future, so that they may be looked at when the slot is started again. Entries may be stale (a future dropped by
 * unchecked code): one counts only while the bytes still show the same kind of future, pending. And, by the frame that
 * they lie in, the futures that must be done before it is; and which SELECTs cancelled what loses bytes. Not from
 * fut_set_allocator: whoever counts there counts what the library needs without the checks.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "check.h"
#include "fork.h"
#include "panic.h"

/* One poll under way. `held` keeps what the parent had found out about the waker before this child was polled. */
typedef struct polling {
    fut_future_t *future;
    const char   *file; /* who polls it */
    unsigned long line;
    uint8_t       held;
} polling_t;

/* Taken by a thread's outermost poll and given back by it. An array would lie in the stack of every thread, also of
 * those that never poll, and of programs without a check. Only the poll behind the last that has room asks for more,
 * so there are no holes. Those that have none are not checked; what a parent had found out about the waker passes for
 * theirs. */
enum { SHALLOW = 32, DEEPEST = 4096 };
static _Thread_local polling_t *polls;
static _Thread_local size_t     depth, room;
static _Thread_local size_t outside; /* so many of them wait for a function that is in no poll: fut__check_step_out */

typedef struct pending {
    const fut_future_t *address; /* the key */
    const fut_vtable_t *vtable;
    pthread_t           thread;
    UT_hash_handle      hh;
} pending_t;
static pending_t *table; /* under the lock */

/* No child of a fork is born with the lock held. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t  once  = PTHREAD_ONCE_INIT;

static void unlock(void) { pthread_mutex_unlock(&mutex); }
static void take(void) { pthread_mutex_lock(&mutex); }
static void watch_forks(void) { fut__at_fork(take, unlock, unlock); }

static void lock(void) {
    pthread_once(&once, watch_forks);
    pthread_mutex_lock(&mutex);
}

/* A future inside of another. One has rarely more than two. */
typedef struct tenant {
    const fut_future_t *owner; /* the key */
    const fut_future_t *future;
    struct tenant      *next; /* of the same owner */
    UT_hash_handle      hh;
} tenant_t;
static tenant_t *tenants;

bool               fut__checking;
_Thread_local bool fut__check_shares;

static void stop(const fut_future_t *future, const char *file, unsigned long line, const char *mistake) {
    fut__panic(file, line, future->vtable->name, mistake);
}

/* Where it was suspended if that is known, otherwise where it is defined. */
static unsigned long line_of(const fut_future_t *future) {
    return fut_is_frame_(future) && fut_line(future) ? fut_line(future) : future->vtable->line;
}

static void stop_at(const fut_future_t *future, const char *file, unsigned long line, const char *mistake) {
    if (file)
        stop(future, file, line, mistake);
    else
        stop(future, future->vtable->file, line_of(future), mistake);
}

static bool still_pending(const pending_t *entry) {
    return entry->address->vtable == entry->vtable && fut_is_pending(entry->address);
}

static void make_room(void) {
    const size_t more   = room ? 2 * room : SHALLOW;
    polling_t   *larger = more <= DEEPEST ? realloc(polls, more * sizeof *polls) : NULL;
    if (!larger) return; /* a check less, not a failure more */
    polls = larger;
    room  = more;
}

static void give_room_back(void) {
    free(polls);
    polls = NULL;
    room  = 0;
}

static bool is_being_polled(const fut_future_t *future) {
    size_t known = depth < room ? depth : room;
    while (known > 0)
        if (polls[--known].future == future) return true;
    return false;
}

static void forget(pending_t *entry) {
    HASH_DEL(table, entry);
    free(entry);
}

static void remember(const fut_future_t *future) {
    pending_t *entry;
    HASH_FIND_PTR(table, &future, entry);
    if (!entry) {
        entry = malloc(sizeof *entry);
        if (!entry) return; /* a check less, as above */
        entry->address = future;
        HASH_ADD_PTR(table, address, entry);
    }
    entry->vtable = future->vtable;
    entry->thread = pthread_self();
}

static bool lies_inside(const fut_future_t *owner, const fut_future_t *tenant) {
    return (uintptr_t)tenant - (uintptr_t)owner < owner->vtable->size;
}

/* Its owner is at an end, one way or another. Answers whether one of them still is a future of this kind, pending. */
static bool evict(const fut_future_t *owner) {
    tenant_t *entry, *next;
    bool      left = false;
    HASH_FIND_PTR(tenants, &owner, entry);
    if (entry) HASH_DEL(tenants, entry);
    for (; entry; entry = next) {
        pending_t *known;
        next = entry->next;
        HASH_FIND_PTR(table, &entry->future, known);
        if (known && lies_inside(owner, entry->future) && still_pending(known)) left = true;
        free(entry);
    }
    return left;
}

void fut__check_tenant(const fut_future_t *owner, const fut_future_t *future) {
    tenant_t *first, *at, *entry;
    if (!lies_inside(owner, future)) return; /* whoever has the storage must see to it */
    lock();
    remember(future);
    HASH_FIND_PTR(tenants, &owner, first);
    for (at = first; at && at->future != future; at = at->next) {}
    if (!at && (entry = malloc(sizeof *entry)) != NULL) {
        entry->owner  = owner;
        entry->future = future;
        entry->next   = first;
        HASH_REPLACE_PTR(tenants, owner, entry, first);
    }
    unlock();
}

void fut__check_end(const fut_future_t *future) {
    lock();
    if (tenants && evict(future))
        stop(future, future->vtable->file, line_of(future),
             "ended while a scope in its frame is open: a goto has left the body without passing SCOPE_END");
    unlock();
}

void fut_check_start(fut_future_t *slot, const char *slot_text, const char *file, unsigned long line) {
    pending_t *entry;
    fut__checking = true;
    lock();
    HASH_FIND_PTR(table, &slot, entry);
    if (entry && still_pending(entry)) {
        char mistake[256];
        snprintf(mistake, sizeof mistake,
                 "the slot `%s` is started again while the %s in it is still pending: await or drop it first",
                 slot_text, entry->vtable->name);
        stop(slot, file, line, mistake);
    }
    if (entry) forget(entry);
    unlock();
}

void fut_check_enter(fut_future_t *future, fut_context_t *cx, const char *file, unsigned long line) {
    pending_t *entry;
    fut__checking = true;
    if (is_being_polled(future)) stop_at(future, file, line, "polled while it is being polled");
    lock();
    HASH_FIND_PTR(table, &future, entry);
    if (entry && !fut__check_shares && still_pending(entry) && !pthread_equal(entry->thread, pthread_self()))
        stop_at(future, file, line,
                "polled by another thread than before: futures stay with their executor, only wakers travel");
    unlock();
    if (depth == room) make_room();
    if (depth < room) {
        polls[depth] = (polling_t){future, file, line, cx->held};
        cx->held     = 0; /* the child's own */
    }
    depth++;
}

fut_poll_t fut_check_leave(fut_future_t *future, fut_context_t *cx, fut_poll_t answer) {
    pending_t *entry;
    depth--;
    if (answer == FUT_PENDING && !cx->held && !cx->cut)
        stop(future, future->vtable->file, line_of(future),
             "answered PENDING, but nobody took the waker (fut_context_waker): nothing will poll it again");
    if (answer == FUT_READY && !fut_is_done(future))
        stop(future, future->vtable->file, line_of(future),
             "answered READY and is not done: leave an async function by ASYNC_RETURN, one written by hand by "
             "fut_ready");
    if (depth < room) cx->held |= polls[depth].held;
    if (depth == 0) give_room_back();
    if (answer == FUT_READY) fut__check_end(future);
    lock();
    if (answer == FUT_PENDING) {
        remember(future);
    } else {
        HASH_FIND_PTR(table, &future, entry);
        if (entry) forget(entry);
    }
    unlock();
    return answer;
}

void fut_check_drop(const fut_future_t *future) {
    pending_t *entry;
    if (is_being_polled(future))
        stop(future, future->vtable->file, line_of(future), "dropped while it is being polled");
    lock();
    HASH_FIND_PTR(table, &future, entry);
    if (entry) forget(entry);
    (void)evict(future);
    unlock();
}

void fut_check_children(const fut_future_t *group, fut_future_t *const *children, unsigned count, const char *file,
                        unsigned long line) {
    unsigned i, j;
    for (i = 0; i < count; i++) {
        if (children[i] == group) stop(group, file, line, "stands among its own children");
        for (j = 0; j < i; j++)
            if (children[j] == children[i]) stop(group, file, line, "the same child stands in it twice");
    }
}

/* ---- Losers -------------------------------------------------------------------------------- */

/* A SELECT that cancelled a child which loses bytes by that. Once is a decision; the same child, cancelled by the same
 * SELECT again, is a loop. */
typedef struct lossy {
    const fut_future_t *loser;
    const char         *file;
    unsigned long       line;
    bool                reported;
    struct lossy       *next;
} lossy_t;
static lossy_t *lossy;

/* What a future waits for in the end, and the innermost async function on the way there. One that is in its FINALLY stands for
 * itself: cancelling does not disturb it. */
static const fut_future_t *innermost(const fut_future_t *future, const fut_future_t **frame) {
    const fut_future_t *next;
    *frame = NULL;
    for (; fut_is_pending(future); future = next) {
        fut_note_t note = {0};
        if (fut_is_frame_(future)) {
            *frame = future;
            if (future->flags & FUT_FINALIZING_) break;
            next = ((const fut_frame_t *)(const void *)future)->awaiting;
        } else {
            if (future->vtable->describe) future->vtable->describe(future, &note);
            next = note.child;
        }
        if (!next) break;
    }
    return future;
}

static lossy_t *lossy_at(const char *file, unsigned long line, const fut_future_t *loser) {
    lossy_t *entry;
    for (entry = lossy; entry; entry = entry->next)
        if (entry->line == line && !strcmp(entry->file, file) && (entry->reported || entry->loser == loser)) break;
    return entry;
}

static void lose(const fut_future_t *loser, const fut_future_t *place, const char *what, const char *file,
                 unsigned long line) {
    lossy_t *entry = lossy_at(file, line, loser);
    if (!entry) {
        entry = malloc(sizeof *entry);
        if (!entry) return;
        *entry = (lossy_t){loser, file, line, false, lossy};
        lossy  = entry;
    } else if (!entry->reported) {
        entry->reported = true;
        fprintf(stderr,
                "libfuture: %s (%s:%lu): was cancelled by the SELECT at %s:%lu and loses bytes each time: use "
                "SELECT_KEEP\n",
                what, place->vtable->file, line_of(place), file, line);
    }
}

void fut_check_loser(const fut_future_t *loser, const char *file, unsigned long line) {
    const fut_future_t *frame, *leaf = innermost(loser, &frame);
    if (!fut_is_pending(leaf) || leaf->vtable->loses != FUT_LOSES_BYTES) return;
    lock();
    lose(loser, frame ? frame : leaf, leaf->vtable->name, file, line);
    unlock();
}

void fut__check_root(const fut_future_t *root, const fut_context_t *cx) {
    if (!cx->held)
        stop(root, root->vtable->file, line_of(root),
             "answered PENDING, but nobody took the waker (fut_context_waker): nothing will poll it again");
}

bool fut__check_is_polling(void) { return depth > outside; }

size_t fut__check_step_out(void) {
    const size_t before = outside;
    outside             = depth;
    return before;
}

void fut__check_step_in(size_t before) { outside = before; }

bool fut__check_site(const fut_future_t *future, const char **file, unsigned long *line) {
    if (depth == 0 || depth > room || polls[depth - 1].future != future) return false;
    *file = polls[depth - 1].file;
    *line = polls[depth - 1].line;
    if (*file) return true;
    *file = future->vtable->file; /* polled by hand */
    *line = line_of(future);
    return true;
}
