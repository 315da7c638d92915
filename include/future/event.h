/* event.h: a door that is open or shut.                                      layer: sync; needs: core
 *
 *     AWAIT(self->ready, fut_event_wait, &server->listening);
 *
 * A manual one stays open until it is reset, and lets everybody through. An automatic one shuts behind each: one set, one
 * wait. It keeps one set, as a notify keeps one permit.
 */
#ifndef FUT_EVENT_H
#define FUT_EVENT_H

#include "waiter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 16 bytes. All zero, or FUT_EVENT_INIT: manual, not set. It stays where it is. */
typedef struct fut_event {
    uint32_t      word;  /* atomic. Bit 0: the lock of the list; SET; AUTO: written by init only */
    uint32_t      round; /* the lock of the list: how often a manual one was set; see fut_notify_t */
    fut_waiters_t waiters;
} fut_event_t;
enum { FUT_EVENT_SET_ = 2, FUT_EVENT_AUTO_ = 4 };
#define FUT_EVENT_INIT                                                                                                 \
    {                                                                                                                  \
        0, 0, { NULL }                                                                                                 \
    }
typedef enum { FUT_EVENT_MANUAL, FUT_EVENT_AUTO } fut_event_kind_t;

void fut_event_init(fut_event_t *event, fut_event_kind_t kind);
/* Stops where somebody waits. It need not be called: there is nothing to release. */
void fut_event_destroy(fut_event_t *event);

/* Any thread. Everybody who waits goes on; an automatic one: whoever came first. What was written before is visible to
 * them. Setting what is set changes nothing. */
void fut_event_set(fut_event_t *event);
/* Any thread. Who was let go already stays so. */
void fut_event_reset(fut_event_t *event);
/* Any thread. What was written before it was set is visible. It takes nothing from an automatic one. */
bool fut_event_is_set(const fut_event_t *event);
/* For a plain thread. 0; -EDEADLK as in fut_wait_on_thread. */
FUT_MUST_USE int fut_event_wait_blocking(fut_event_t *event);

#ifndef __cplusplus
/* fut_event_wait: ready once it is set; one that waited goes on even if it is reset at once. Output: 0, or -ECANCELED. Any
 * executor's thread. Cancelling loses the place in the queue; a set that had reached it goes to the next. */
typedef struct fut_event_wait {
    FUT_FUTURE(fut_event_wait, int, fut_event_t *event);
    fut_waiter_t waiter;
} fut_event_wait_t;
FUT_DECLARE(fut_event_wait);
#endif

#ifdef __cplusplus
}
#endif
#endif
