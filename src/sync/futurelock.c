/* futurelock.c: who waits for a mutex and who has it, in checked builds. futurelock.h tells what for.
 *
 * One table for the process, by address: that of a mutex for who has it, that of a waiter for who waits. Not from
 * fut_set_allocator, as in src/core/check.c.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "../core/panic.h"
#include "futurelock.h"

enum { LOOKS = 8 };

typedef struct note {
    const void    *address; /* the key: a mutex, or a waiter                               */
    fut_waker_t    waker;
    const char    *file; /* where it is awaited                                         */
    unsigned long  line;
    bool           granted; /* a mutex: handed over, and not taken yet                     */
    const void    *to;      /* a mutex: to this waiter, which may look before it is told   */
    uint64_t       serial;  /* a mutex: of the grant. A waiter: of the grant it looks at   */
    unsigned       looks;   /* a waiter: how often it found the same grant                 */
    UT_hash_handle hh;
} note_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static note_t         *notes;
static uint64_t        serials;

static note_t *find(const void *address) {
    note_t *note;
    HASH_FIND_PTR(notes, &address, note);
    return note;
}

static note_t *find_or_add(const void *address) { /* NULL: a check less, not a failure more */
    note_t *note = find(address);
    if (note) return note;
    note = calloc(1, sizeof *note);
    if (!note) return NULL;
    note->address = address;
    HASH_ADD_PTR(notes, address, note);
    return note;
}

static void forget(const void *address) {
    note_t *note = find(address);
    if (!note) return;
    HASH_DEL(notes, note);
    free(note);
}

/* ---- Who waits ------------------------------------------------------------------------------ */

void fut__note_waiter(fut_mutex_lock_t *self, fut_context_t *cx) {
    const char   *file;
    unsigned long line;
    note_t       *note;
    if (!fut__check_site(&self->future, &file, &line)) return;
    pthread_mutex_lock(&lock);
    note = find_or_add(&self->waiter);
    if (note) {
        note->waker  = cx->waker;
        note->file   = file;
        note->line   = line;
        note->serial = note->looks = 0;
    }
    pthread_mutex_unlock(&lock);
}

void fut__forget_waiter(const fut_mutex_lock_t *self) {
    pthread_mutex_lock(&lock);
    forget(&self->waiter);
    pthread_mutex_unlock(&lock);
}

/* ---- Who has it ----------------------------------------------------------------------------- */

/* Handed over, by whichever thread unlocks: the waiter's note becomes the mutex's. */
bool fut__note_grant(const fut_mutex_t *mutex, const fut_waiter_t *waiter) {
    note_t *from, *to;
    pthread_mutex_lock(&lock);
    from = find(waiter);
    to   = from ? find_or_add(mutex) : NULL;
    if (to) {
        to->waker   = waiter->waker;
        to->file    = from->file;
        to->line    = from->line;
        to->granted = true;
        to->to      = waiter;
        to->serial  = ++serials;
    }
    pthread_mutex_unlock(&lock);
    return to != NULL;
}

/* Taken. */
bool fut__note_owner(const fut_mutex_lock_t *self, const fut_context_t *cx) {
    const char   *file;
    unsigned long line;
    const bool    known = fut__check_site(&self->future, &file, &line);
    note_t       *note  = NULL;
    pthread_mutex_lock(&lock);
    forget(&self->waiter);
    if (!known)
        forget(self->mutex);
    else if ((note = find_or_add(self->mutex)) != NULL) {
        note->waker   = cx->waker;
        note->file    = file;
        note->line    = line;
        note->granted = false;
    }
    pthread_mutex_unlock(&lock);
    return note != NULL;
}

void fut__forget_owner(const fut_mutex_t *mutex) {
    pthread_mutex_lock(&lock);
    forget(mutex);
    pthread_mutex_unlock(&lock);
}

/* ---- Looking -------------------------------------------------------------------------------- */

static void stop(const note_t *waits, const note_t *granted) {
    char mistake[512];
    snprintf(mistake, sizeof mistake,
             "futurelock: this mutex was handed to a future of the same task, which waits for it at %s:%lu and is not "
             "polled any more; poll it, or drop it, before waiting here",
             granted->file, granted->line);
    fut__panic(waits->file, waits->line, "fut_mutex_lock", mistake);
}

/* One look in each pass; the wake makes sure of the next. True: look again. */
static bool look(note_t *waits, const note_t *has, fut_waker_t waker) {
    if (!waits || !has || !has->granted || has->to == waits->address) return false;
    if (!waker.target || !fut_waker_same(has->waker, waker)) return false;
    if (waits->serial != has->serial) {
        waits->serial = has->serial;
        waits->looks  = 0;
    }
    if (++waits->looks > LOOKS) stop(waits, has);
    return true;
}

void fut__look_for_futurelock(fut_mutex_lock_t *self, fut_context_t *cx) {
    bool again;
    pthread_mutex_lock(&lock);
    again = look(find(&self->waiter), find(self->mutex), cx->waker);
    pthread_mutex_unlock(&lock);
    if (again) fut_wake(fut_context_waker(cx));
}

const char *fut__describe_owner(const fut_mutex_lock_t *self) {
    static _Thread_local char text[256];
    const note_t             *has;
    if (!fut__watching() || !fut_is_pending(&self->future)) return "a mutex";
    pthread_mutex_lock(&lock);
    has = find(self->mutex);
    if (has)
        snprintf(text, sizeof text, "a mutex, which %s locked at %s:%lu",
                 fut_waker_same(has->waker, self->waiter.waker) ? "this very task" : "another", has->file, has->line);
    pthread_mutex_unlock(&lock);
    return has ? text : "a mutex";
}
