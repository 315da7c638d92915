/* channel_base.h: what all channels share: the line, and the type of the messages.    layer: channel; needs: core, sync
 */
#ifndef FUT_CHANNEL_BASE_H
#define FUT_CHANNEL_BASE_H

#include "waiter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A queue of waiters, to which one that was woken for nothing comes back at its old place. Under the object's lock. */
typedef struct fut_line {
    fut_waiters_t waiters;
    uint32_t      tickets; /* given to each newcomer, counted up; compared by difference, so they may wrap */
    uint32_t      length;  /* atomic: others may read it without the lock, for a dump                      */
} fut_line_t;

/* What a channel can say about itself, for dumps and tests. Others may be changing it: each number was true at some
 * moment. */
typedef struct fut_channel_stats {
    size_t capacity;           /* SIZE_MAX: as much as there is memory */
    size_t messages;           /* sent, not taken                      */
    size_t senders, receivers; /* waiting in line                      */
    bool   closed;
} fut_channel_stats_t;

/* FUT_ITEM(channel, item): two arguments, the channel inside of a typed struct, and the pointer, if it points to the
 * type of the channel's messages. Each typed struct has the members `channel` and `of`. */
#ifndef __cplusplus
#define FUT_ITEM(typed, item)          &(typed)->channel, FUT_ITEM_CHECKED_(typed, item)
#define FUT_ITEM_CHECKED_(typed, item) ((item) + FUT_ITEM_IS_(typed, item))
/* 0, or it does not compile. */
#define FUT_ITEM_IS_(typed, item)                                                                                      \
    (0 * sizeof(struct {                                                                                               \
         _Static_assert(                                                                                               \
             _Generic((item), __typeof__((typed)->of) : 1, const __typeof__(*(typed)->of) * : 1, default : 0),         \
             "`" #item "` does not point to what `" #typed "` carries");                                               \
         char yes_;                                                                                                    \
     }))
#endif

/* Copy a message. Small ones are copied by their size, without a call. Where gcc, having inlined this, knows that an
 * object is smaller, it would warn of a copy that is never made: so it is not compiled there. */
#if defined(__GNUC__)
#define FUT_CHANNEL_FITS_(to, from, size)                                                                              \
    (__builtin_object_size(to, 0) >= (size) && __builtin_object_size(from, 0) >= (size))
FUT_INLINE_ void fut_channel_copy_(void *to, const void *from, size_t size) {
    if (size == 8 && FUT_CHANNEL_FITS_(to, from, 8))
        __builtin_memcpy(to, from, 8);
    else if (size == 4 && FUT_CHANNEL_FITS_(to, from, 4))
        __builtin_memcpy(to, from, 4);
    else
        __builtin_memcpy(to, from, size);
}
#else
FUT_INLINE_ void fut_channel_copy_(void *to, const void *from, size_t size) {
    size_t i;
    for (i = 0; i < size; i++) ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
}
#endif

#ifdef __cplusplus
}
#endif
#endif
