/* sync.h: waiting for one another.                                           layer: sync; needs: core, driver interface, time
 *
 *     mutex.h          one at a time; may be held across an AWAIT
 *     rwlock.h         many readers, or one writer
 *     semaphore.h      n at a time
 *     notify.h         something has changed, look again
 *     event.h          the door is open
 *     barrier.h        until all have come
 *     once.h           only the first does it, all wait until it is done
 *     condition.h      under a mutex, until something holds
 *     rate_limiter.h   n in each second
 *
 * docs/sync.md says which to choose.
 *
 * What they have in common. Waiting allocates nothing: the place in the queue is in the leaf, and the object is one or two
 * dozen bytes. First come, first served, without exception. Any thread may use them: tasks of several executors and plain
 * threads share one object; where one thread is enough, the fut_local_ variants cost less. A waiter may be cancelled at any
 * time; what it had been given goes to the next. Objects stay where they are while they are used, and outlive who waits.
 * Not from signal handlers.
 */
#ifndef FUT_SYNC_H
#define FUT_SYNC_H

#include "barrier.h"
#include "condition.h"
#include "event.h"
#include "mutex.h"
#include "notify.h"
#include "once.h"
#include "rate_limiter.h"
#include "rwlock.h"
#include "semaphore.h"

#endif
