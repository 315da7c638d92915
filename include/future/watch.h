/* watch.h: the latest value, and that it has changed.                        layer: channel; needs: core, sync
 *
 *     typedef FUT_WATCH(settings_t) settings_watch_t;
 *     typedef FUT_WATCH_READER(settings_t) settings_reader_t;
 *
 *     FUT_WATCH_INIT(&settings, &defaults);                            version 1
 *     error = fut_watch_send(FUT_ITEM(&settings, &loaded));            version 2, and so on; does not wait
 *     (void)fut_watch_get(FUT_ITEM(&settings, &now));                  a copy of the latest
 *
 *     FUT_WATCH_SUBSCRIBE(&self->reader, &settings);                   what changes from now on
 *     AWAIT_TRY(self->changed, fut_watch_changed, FUT_ITEM(&self->reader, &self->now));
 *
 * Between two looks there may be many changes: a reader sees the latest, never an older one after a newer one. Who
 * must not miss one takes a broadcast or a channel for each reader.
 *
 * The price: 32 bytes and the value; one lock for a dozen instructions and a copy in each call; a send wakes all who
 * wait.
 */
#ifndef FUT_WATCH_H
#define FUT_WATCH_H

#include "channel_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The word: 1, the lock of all the other fields and of the value; CLOSED, set once. */
enum { FUT_WATCH_CLOSED_ = 2 };
typedef struct fut_watch {
    uint32_t       word; /* atomic */
    uint32_t       size; /* written by init */
    uint64_t       version;
    unsigned char *value;
    fut_waiters_t  waiters; /* number: the version when it lined up */
} fut_watch_t;

/* Used by one thread and by one wait at a time. */
typedef struct fut_watch_reader {
    fut_watch_t *watch;
    uint64_t     seen; /* the version that it has seen; set to 0: the present one counts as new */
} fut_watch_reader_t;

/* `memory` holds a value of `size` bytes, aligned as the caller likes; *first is copied into it. 0; -EINVAL: no
 * memory, or a size of 0 or more than INT32_MAX. */
int fut_watch_init(fut_watch_t *watch, void *memory, size_t size, const void *first);
/* Stops where somebody waits. It need not be called. */
void fut_watch_destroy(fut_watch_t *watch);

/* A watch with its value, and its init, which cannot fail; a reader of values of that type. */
#define FUT_WATCH(T)                                                                                                   \
    struct {                                                                                                           \
        fut_watch_t channel;                                                                                           \
        union {                                                                                                        \
            T *of; /* only a type */                                                                                   \
            T  memory[1];                                                                                              \
        };                                                                                                             \
    }
#define FUT_WATCH_INIT(typed, first)                                                                                   \
    ((void)fut_watch_init(&(typed)->channel, (typed)->memory, sizeof *(typed)->of, FUT_ITEM_CHECKED_(typed, first)))
#define FUT_WATCH_READER(T)                                                                                            \
    struct {                                                                                                           \
        union {                                                                                                        \
            T                 *of; /* only a type */                                                                   \
            fut_watch_reader_t channel;                                                                                \
        };                                                                                                             \
    }
#define FUT_WATCH_SUBSCRIBE(reader, typed)                                                                             \
    fut_watch_subscribe(&(reader)->channel + FUT_ITEM_IS_(typed, (reader)->of), &(typed)->channel)

/* Any thread. The present value counts as seen. */
void fut_watch_subscribe(fut_watch_reader_t *reader, fut_watch_t *watch);
/* Any thread. A new version, also where the value is the same. 0; -EPIPE: closed. */
FUT_MUST_USE int fut_watch_send(fut_watch_t *watch, const void *item);
/* Any thread, also when it is closed. The latest value in *item, and its version. */
uint64_t fut_watch_get(fut_watch_t *watch, void *item);
/* 0: there is a newer value than the reader has seen, and now it has: it is in *item; -EAGAIN: there is none; -EPIPE:
 * nor will there be. item may be NULL: then it is only seen. */
FUT_MUST_USE int fut_watch_try_changed(fut_watch_reader_t *reader, void *item);
/* For a plain thread: the same, sleeping. -EDEADLK: called inside of a poll (only checked builds can tell). */
FUT_MUST_USE int fut_watch_changed_blocking(fut_watch_reader_t *reader, void *item);
/* Any thread, idempotent. Readers get the latest value if they have not seen it, then -EPIPE. */
void fut_watch_close(fut_watch_t *watch);

#ifndef __cplusplus

/* fut_watch_changed: ready when there is a newer value than the reader has seen. It is in *item, unless that is NULL,
 * and counts as seen. Output: 0; -EPIPE: closed, and the latest was seen; -ECANCELED. Any executor's thread.
 * Cancelling loses nothing: it counts as seen only in the poll that answers READY. */
typedef struct fut_watch_changed {
    FUT_FUTURE(fut_watch_changed, int, fut_watch_reader_t *reader; void *item);
    fut_waiter_t waiter;
} fut_watch_changed_t;
FUT_DECLARE(fut_watch_changed);

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif
