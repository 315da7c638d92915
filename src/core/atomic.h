/* atomic.h: every atomic access of the library, by what it is for.                            layer: core
 *
 * Plain integers in public structs, atomics here: the headers stay valid C++. The names say the ordering; the place
 * that uses one says what it publishes, to whom, and where the other half is.
 */
#ifndef FUT_SRC_ATOMIC_H
#define FUT_SRC_ATOMIC_H

#include "future/alone.h"

/* A hint or a value of one's own: no order. */
#define fut__load_relaxed(p)     __atomic_load_n(p, __ATOMIC_RELAXED)
#define fut__store_relaxed(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
/* One's own, at which others may look: no order, and no step of any protocol. The owner itself reads it plainly. */
#define fut__show(p, v)                                                                                                \
    do {                                                                                                               \
        __typeof__(*(p)) shown_ = (v);                                                                                 \
        __atomic_store(p, &shown_, __ATOMIC_RELAXED);                                                                  \
    } while (0)
/* See what was published by a release. */
#define fut__load_acquire(p)     __atomic_load_n(p, __ATOMIC_ACQUIRE)
/* Publish what was written before. */
#define fut__store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
/* Read-modify-write, each answering the old value: both halves at once. */
#define fut__add(p, v)           FUT__ALONE_OR(FUT_BARE_ADD_(p, v), __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL))
#define fut__clear(p, bits)                                                                                            \
    FUT__ALONE_OR(FUT_BARE_REPLACE_(p, old_ & ~(bits)), __atomic_fetch_and(p, ~(bits), __ATOMIC_ACQ_REL))
#define fut__set(p, bits)                                                                                              \
    FUT__ALONE_OR(FUT_BARE_REPLACE_(p, old_ | (bits)), __atomic_fetch_or(p, bits, __ATOMIC_ACQ_REL))
#define fut__exchange(p, v) FUT__ALONE_OR(FUT_BARE_REPLACE_(p, v), __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL))
/* Compare and swap; on failure *expected is what was found. May fail for no reason: loop. */
#define fut__cas(p, expected, v)                                                                                       \
    FUT__ALONE_OR(FUT_BARE_CAS_(p, expected, v),                                                                       \
                  __atomic_compare_exchange_n(p, expected, v, 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
/* Between a store of one's own and a load of the other's, where both sides do so and one of them must see the other
 * (Dekker). */
#define fut__fence() FUT__ALONE_OR(__atomic_signal_fence(__ATOMIC_SEQ_CST), __atomic_thread_fence(__ATOMIC_SEQ_CST))

/* Without locks while there is only this thread: future/alone.h. */
#if defined(FUT_CAN_BE_ALONE_)
#define FUT__ALONE_OR(alone, among_threads) (FUT_ALONE_ ? (alone) : (among_threads))
#else
#define FUT__ALONE_OR(alone, among_threads) (among_threads)
#endif

/* gcc's ThreadSanitizer knows no fences, and says so at each. On x86 this one is a fence, too. */
#if defined(__SANITIZE_THREAD__)
#undef fut__fence
#define fut__fence()                                                                                                   \
    do {                                                                                                               \
        unsigned here = 0;                                                                                             \
        (void)__atomic_fetch_add(&here, 1, __ATOMIC_SEQ_CST);                                                          \
    } while (0)
#endif

#endif
