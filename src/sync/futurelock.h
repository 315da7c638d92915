/* futurelock.h: a mutex that was handed to a future which nobody polls any more.        layer: sync; needs: core
 *
 * A task holds two futures. One waits for a mutex; the task stops polling it (a select took the other branch) without
 * dropping it, and then waits for the same mutex in the other. The mutex is handed to the first, which is not polled, so it never
 * takes it, and never unlocks it. (The name is from Oxide's RFD 609, "Futurelock", 2025.)
 *
 * What a checked build knows: who waits, and for each mutex who has it; with waker and file:line. The rule: a waiter that is
 * queued behind a grant to a future with the same waker wakes itself, to look again. Whoever polls both polls both in
 * every pass, so the grant is taken at once. After LOOKS passes in which it was not, the program stops and names both places.
 *
 * Sound: futures that are polled are not reported, in whatever order, unless somebody polls them less often than once in
 * LOOKS passes. What it cannot see: a future that has taken the mutex already and is not polled (it may be waiting for
 * anything; the backtrace of the waiter says where the mutex was locked, and that it was by the same task); branches with
 * wakers of their own; locks of unchecked files; try_lock; semaphores and read locks, which have no owner.
 *
 * The table's lock is the innermost: it is taken under that of a list, never the other way round.
 */
#ifndef FUT_SRC_SYNC_FUTURELOCK_H
#define FUT_SRC_SYNC_FUTURELOCK_H

#include "../core/check.h"
#include "future/mutex.h"

/* Some file of the program is a checked build. */
static inline bool fut__watching(void) { return fut__checking; }

void fut__note_waiter(fut_mutex_lock_t *lock, fut_context_t *cx);
void fut__forget_waiter(const fut_mutex_lock_t *lock);
void fut__look_for_futurelock(fut_mutex_lock_t *lock, fut_context_t *cx);

/* True: noted, the mutex's word has to say KNOWN. */
bool fut__note_grant(const fut_mutex_t *mutex, const fut_waiter_t *waiter);
bool fut__note_owner(const fut_mutex_lock_t *lock, const fut_context_t *cx);
void fut__forget_owner(const fut_mutex_t *mutex);

/* For fut_dump: valid until the next call on this thread. */
const char *fut__describe_owner(const fut_mutex_lock_t *lock);

#endif
