/* alone.h: atomic operations of a process that has one thread.                    layer: core; needs: nothing
 *
 * A locked instruction takes some 18 cycles, also where nobody is there to be locked out. The C library knows whether there
 * is another thread (glibc 2.32, sys/single_threaded.h; its own malloc asks the same), and says so in one byte. Where there
 * is none, the same instruction without its lock prefix does: it is still one instruction, so a signal handler comes
 * before it or after it, and a second thread can only be made by this one, which is here now.
 *
 * Not seen: threads made by a bare clone(2), and another process in shared memory. The library's objects are for neither.
 *
 * x86-64 and glibc. Elsewhere, and under ThreadSanitizer, FUT_ALONE_ is 0, and the operations are always the usual ones.
 */
#ifndef FUT_ALONE_H
#define FUT_ALONE_H

#include <stdbool.h>

#if defined(__SANITIZE_THREAD__) && !defined(FUT_ALONE_)
#define FUT_ALONE_ 0
#endif
#if defined(__has_feature) && !defined(FUT_ALONE_)
#if __has_feature(thread_sanitizer)
#define FUT_ALONE_ 0
#endif
#endif
#if defined(__x86_64__) && defined(__has_include) && !defined(FUT_ALONE_)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define FUT_ALONE_ (__libc_single_threaded != 0)
#define FUT_CAN_BE_ALONE_
#endif
#endif
#if !defined(FUT_ALONE_)
#define FUT_ALONE_ 0
#endif

#if defined(FUT_CAN_BE_ALONE_)

/* Compare and swap; what was found is left in *expected. A word of 1, 2, 4 or 8 bytes, also a pointer. */
#define FUT_BARE_CAS_(p, expected, v)                                                                                  \
    __extension__({                                                                                                    \
        bool swapped_;                                                                                                 \
        __asm__ volatile("cmpxchg %[to], %[at]"                                                                        \
                         : "=@ccz"(swapped_), [at] "+m"(*(p)), "+a"(*(expected))                                       \
                         : [to] "r"((__typeof__(*(p)))(v))                                                             \
                         : "memory");                                                                                  \
        swapped_;                                                                                                      \
    })
/* Add; the old value. */
#define FUT_BARE_ADD_(p, v)                                                                                            \
    __extension__({                                                                                                    \
        __typeof__(*(p)) value_ = (__typeof__(*(p)))(v);                                                               \
        __asm__ volatile("xadd %[value], %[at]" : [value] "+r"(value_), [at] "+m"(*(p)) : : "memory");                 \
        value_;                                                                                                        \
    })
/* Replace what is there, `old_`, by `v`; the old value. (xchg would lock by itself.) */
#define FUT_BARE_REPLACE_(p, v)                                                                                        \
    __extension__({                                                                                                    \
        __typeof__(*(p)) old_ = *(p);                                                                                  \
        while (!FUT_BARE_CAS_(p, &old_, v)) {}                                                                         \
        old_;                                                                                                          \
    })

#endif
#endif
