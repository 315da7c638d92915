/* rwlock.c: readers, writers, one line.                                      layer: sync; needs: core
 *
 *     first poll      may come in, and nobody waits: READY. Otherwise line up, PENDING
 *     unlock          the last reader, or the writer: let in the first, and, if it reads, all readers right behind it
 *     next poll       GRANTED: READY
 *     drop            QUEUED: leave the line; who is first now may perhaps come in. GRANTED: unlock
 */
#include "future/rwlock.h"
#include "misuse.h"
#include "waiters.h"

enum { WAITERS = FUT_RWLOCK_WAITERS_, WRITER = FUT_RWLOCK_WRITER_, READER = FUT_RWLOCK_READER_ };
enum { READS, WRITES }; /* a waiter's number */

static const uint32_t MOST = UINT32_MAX / READER; /* readers */

static uint32_t readers_of(uint32_t word) { return word / READER; }

/* May one more read, or write, as far as those inside are concerned? */
static bool may_enter(uint32_t word, uint32_t how) {
    if (word & WRITER) return false;
    return how == READS ? readers_of(word) < MOST : readers_of(word) == 0;
}
static uint32_t inside(uint32_t word, uint32_t how) { return how == READS ? word + READER : word | WRITER; }

void fut_rwlock_init(fut_rwlock_t *lock) { *lock = (fut_rwlock_t)FUT_RWLOCK_INIT; }

void fut_rwlock_destroy(fut_rwlock_t *lock) {
    const uint32_t word = fut__enter(&lock->word);
    if (lock->waiters.first) FUT__MISUSE("fut_rwlock_destroy", "somebody waits for this lock");
    if (word) FUT__MISUSE("fut_rwlock_destroy", "this lock is locked");
    fut__leave(&lock->word, word);
}

/* ---- lock --------------------------------------------------------------------------------- */

/* Acquires what the last unlock released. */
static bool try_lock(fut_rwlock_t *lock, uint32_t how) {
    uint32_t word  = fut__load_relaxed(&lock->word);
    unsigned tries = 0;
    while (!(word & WAITERS) && may_enter(word, how)) {
        if (word & FUT__BUSY) {
            fut__relax(&tries);
            word = fut__load_relaxed(&lock->word);
        } else if (fut__cas(&lock->word, &word, inside(word, how))) {
            return true;
        }
    }
    return false;
}

bool fut_rwlock_try_read(fut_rwlock_t *lock) { return try_lock(lock, READS); }
bool fut_rwlock_try_write(fut_rwlock_t *lock) { return try_lock(lock, WRITES); }

/* False: it waits in line. */
static bool lock_or_queue(fut_rwlock_t *lock, fut_waiter_t *waiter, uint32_t how, fut_context_t *cx) {
    const uint32_t word = fut__enter(&lock->word);
    const bool     free = !(word & WAITERS) && may_enter(word, how);
    waiter->number      = how;
    if (!free) fut__queue(&lock->waiters, waiter, cx);
    fut__leave(&lock->word, free ? inside(word, how) : word | WAITERS);
    return free;
}

static fut_poll_t poll_lock(fut_future_t *future, int *output, fut_rwlock_t *lock, fut_waiter_t *waiter, uint32_t how,
                            fut_context_t *cx) {
    if (fut_is_done(future)) return FUT_READY;
    if (future->point == FUT_POINT_START) {
        if (!fut_context_spend(cx)) return FUT_PENDING; /* its turn is over; it is in no line yet */
        if (!try_lock(lock, how) && !lock_or_queue(lock, waiter, how, cx)) return fut_pending(future);
    } else if (fut__poll_waiter(&lock->word, waiter, cx) == FUT_WAITER_QUEUED) {
        return FUT_PENDING;
    }
    *output = 0;
    return fut_ready(future);
}

fut_poll_t fut_rwlock_read_poll(fut_rwlock_read_t *self, fut_context_t *cx) {
    return poll_lock(&self->future, &self->output, self->lock, &self->waiter, READS, cx);
}
fut_poll_t fut_rwlock_write_poll(fut_rwlock_write_t *self, fut_context_t *cx) {
    return poll_lock(&self->future, &self->output, self->lock, &self->waiter, WRITES, cx);
}

int fut_rwlock_read_blocking(fut_rwlock_t *lock) {
    fut_rwlock_read_t read;
    FUT_START(read, fut_rwlock_read, lock);
    return fut_wait_on_thread(&read.future);
}
int fut_rwlock_write_blocking(fut_rwlock_t *lock) {
    fut_rwlock_write_t write;
    FUT_START(write, fut_rwlock_write, lock);
    return fut_wait_on_thread(&write.future);
}

/* ---- unlock ------------------------------------------------------------------------------- */

/* Under the lock of the list: let in from the front whoever may come in. The new word. */
static uint32_t let_in(fut_rwlock_t *lock, uint32_t word, fut__wakes_t *wakes) {
    fut_waiter_t *first;
    while ((first = lock->waiters.first) && may_enter(word, first->number) && !fut__wakes_full(wakes)) {
        word = inside(word, first->number);
        fut__wakes_add(wakes, fut__take_out(&lock->waiters, first, FUT_WAITER_GRANTED));
    }
    return first ? word | WAITERS : word & ~(uint32_t)WAITERS;
}

/* Entered, with what changed in the word. */
static void let_in_and_leave(fut_rwlock_t *lock, uint32_t word) {
    fut__wakes_t wakes = {.count = 0};
    bool         more;
    for (;;) {
        word = let_in(lock, word, &wakes);
        more = fut__wakes_full(&wakes) && word & WAITERS;
        fut__leave(&lock->word, word);
        fut__wake_all(&wakes);
        if (!more) return;
        word = fut__enter(&lock->word);
    }
}

/* Releases what was done inside to whoever comes in next. */
static void unlock(fut_rwlock_t *lock, uint32_t how) {
    const uint32_t mine = how == READS ? (uint32_t)READER : (uint32_t)WRITER;
    uint32_t       word = fut__load_relaxed(&lock->word);
    for (;;) {
        if (how == READS && readers_of(word) == 0) FUT__MISUSE("fut_rwlock_unlock_read", "nobody reads");
        if (how == WRITES && !(word & WRITER)) FUT__MISUSE("fut_rwlock_unlock_write", "nobody writes");
        if (word & (FUT__BUSY | WAITERS)) {
            let_in_and_leave(lock, fut__enter(&lock->word) - mine);
            return;
        }
        if (fut__cas(&lock->word, &word, word - mine)) return;
    }
}

void fut_rwlock_unlock_read(fut_rwlock_t *lock) { unlock(lock, READS); }
void fut_rwlock_unlock_write(fut_rwlock_t *lock) { unlock(lock, WRITES); }

void fut_rwlock_downgrade(fut_rwlock_t *lock) {
    const uint32_t word = fut__enter(&lock->word);
    if (!(word & WRITER)) FUT__MISUSE("fut_rwlock_downgrade", "nobody writes");
    let_in_and_leave(lock, word - WRITER + READER);
}

/* ---- drop, describe ------------------------------------------------------------------------- */

static void drop_lock(const fut_future_t *future, fut_rwlock_t *lock, fut_waiter_t *waiter) {
    if (future->point == FUT_POINT_START) return;
    if (fut__leave_line(&lock->word, &lock->waiters, waiter, WAITERS))
        let_in_and_leave(lock, fut__enter(&lock->word));
    else
        unlock(lock, waiter->number);
}

static void rwlock_read_drop(fut_future_t *future) {
    fut_rwlock_read_t *const self = (fut_rwlock_read_t *)(void *)future;
    drop_lock(future, self->lock, &self->waiter);
}
static void rwlock_write_drop(fut_future_t *future) {
    fut_rwlock_write_t *const self = (fut_rwlock_write_t *)(void *)future;
    drop_lock(future, self->lock, &self->waiter);
}

static void describe_read(const fut_future_t *future, fut_note_t *note) {
    (void)future;
    note->text = "to read, under a rwlock";
}
static void describe_write(const fut_future_t *future, fut_note_t *note) {
    (void)future;
    note->text = "to write, under a rwlock";
}

FUT_DEFINE_DECLARED(fut_rwlock_read, .drop = rwlock_read_drop, .describe = describe_read, .loses = FUT_LOSES_PLACE);
FUT_DEFINE_DECLARED(fut_rwlock_write, .drop = rwlock_write_drop, .describe = describe_write, .loses = FUT_LOSES_PLACE);
