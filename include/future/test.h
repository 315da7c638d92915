/* test.h: what a test of futures needs.                                layer: test; needs: core
 *
 * No clock, no thread, no sleep. A test polls by hand, counts what happened after each step, and compares the whole list of
 * words that were said on the way.
 *
 *     fut_test_waker_t woken = {0};
 *     fut_test_event_t door  = {0};
 *     fut_test_wait_t  wait;
 *
 *     START(wait, fut_test_wait, &door);
 *     fut_test_poll(&wait.future, &woken)         PENDING: the waker is in the door now
 *     fut_test_event_fire(&door, 7);              woken.wakes == 1
 *     fut_test_poll(&wait.future, &woken)         READY: wait.output == 7, door.polls == 2
 *
 * The price: hosted, unlike the core; the list of words is one for the whole program and keeps 16 KiB.
 *
 * Threads: a counting waker may be woken from any; everything else here belongs to one thread.
 * Ownership: all storage is the caller's; nothing here allocates.
 */
#ifndef FUT_TEST_H
#define FUT_TEST_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../future.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Words -------------------------------------------------------------------------------- */

/* What was said so far, each word with its own end. One list for the whole program, whichever file speaks: therefore weak. */
typedef struct fut_test_words {
    size_t   used;  /* bytes of text */
    unsigned count; /* words         */
    bool     lost;  /* it was full   */
    char     text[16384];
} fut_test_words_t;

#if defined(__GNUC__)
__attribute__((weak)) fut_test_words_t fut_test_words;
#define FUT_TEST_PRINTF_ __attribute__((format(printf, 1, 2), unused))
#else
static fut_test_words_t fut_test_words; /* one list for each file, then */
#define FUT_TEST_PRINTF_
#endif

/* Forget what was said. */
FUT_INLINE_ void fut_test_hush(void) {
    fut_test_words.used  = 0;
    fut_test_words.count = 0;
    fut_test_words.lost  = false;
}

/* Say a word, as printf does. The text is copied. A full list says so when it is compared. */
FUT_TEST_PRINTF_ static inline void fut_test_say(const char *format, ...) {
    fut_test_words_t *words = &fut_test_words;
    const size_t      room  = sizeof words->text - words->used;
    va_list           arguments;
    va_start(arguments, format);
    const int length = vsnprintf(words->text + words->used, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room) {
        words->lost = true;
        return;
    }
    words->used += (size_t)length + 1;
    words->count++;
}

/* Was exactly this said, in this order, since the last time? The list ends with NULL. A difference is printed to stderr as
 * two columns. The words are forgotten either way, so that the next comparison begins afresh. */
FUT_MUST_USE FUT_INLINE_ bool fut_test_said_these(const char *const *expected) {
    const fut_test_words_t *words = &fut_test_words;
    const char             *said  = words->text;
    bool                    same  = !words->lost;
    unsigned                i, n = 0;
    for (i = 0; i < words->count && expected[n]; i++, said += strlen(said) + 1)
        same = !strcmp(said, expected[n++]) && same;
    if (i < words->count || expected[n]) same = false;
    if (!same) {
        fprintf(stderr, "%s  %-32s %s\n", words->lost ? "(more words than fit)\n" : "", "said", "expected");
        for (i = n = 0, said = words->text; i < words->count || expected[n];) {
            const char *left = i < words->count ? said : "-", *right = expected[n] ? expected[n] : "-";
            fprintf(stderr, "%c %-32s %s\n", strcmp(left, right) ? '!' : ' ', left, right);
            if (i < words->count) i++, said += strlen(said) + 1;
            if (expected[n]) n++;
        }
    }
    fut_test_hush();
    return same;
}

/* The same with the words as arguments: fut_test_said("poll a", "wake") or, for nothing at all, fut_test_said(NULL). */
#ifndef __cplusplus
#define fut_test_said(...) fut_test_said_these((const char *const[]){__VA_ARGS__, NULL})
#endif

/* ---- Wakers ------------------------------------------------------------------------------- */

/* A waker that counts. Start with all zero; it must stay as long as anybody may wake. Any thread may wake. */
typedef struct fut_test_waker {
    const fut_waker_vtable_t *vtable; /* first: a waker's target begins with it              */
    unsigned                  wakes;  /* how often, of which so many times from an interrupt */
    unsigned                  interrupts;
    unsigned                  clones, drops;
    fut_tag_t                 tag;  /* of the last wake                                    */
    const char               *word; /* said at each wake; NULL: nothing                    */
} fut_test_waker_t;

#if defined(__GNUC__)
#define FUT_TEST_ADD_(count)       ((void)__atomic_fetch_add(&(count), 1, __ATOMIC_SEQ_CST))
#define FUT_TEST_SET_(word, value) __atomic_store_n(&(word), value, __ATOMIC_RELAXED)
#else
#define FUT_TEST_ADD_(count)       ((void)(count)++)
#define FUT_TEST_SET_(word, value) ((void)((word) = (value)))
#endif

FUT_INLINE_ void fut_test_waker_wake_(void *target, fut_tag_t tag) {
    fut_test_waker_t *self = (fut_test_waker_t *)target;
    FUT_TEST_ADD_(self->wakes);
    FUT_TEST_SET_(self->tag, tag);
    if (self->word) fut_test_say("%s", self->word);
}
FUT_INLINE_ void fut_test_waker_wake_from_interrupt_(void *target, fut_tag_t tag) {
    FUT_TEST_ADD_(((fut_test_waker_t *)target)->interrupts);
    fut_test_waker_wake_(target, tag);
}
FUT_INLINE_ void fut_test_waker_clone_(void *target, fut_tag_t tag) {
    (void)tag;
    FUT_TEST_ADD_(((fut_test_waker_t *)target)->clones);
}
FUT_INLINE_ void fut_test_waker_drop_(void *target, fut_tag_t tag) {
    (void)tag;
    FUT_TEST_ADD_(((fut_test_waker_t *)target)->drops);
}

/* The waker of this counter. */
FUT_INLINE_ fut_waker_t fut_test_waker(fut_test_waker_t *counter) {
    static const fut_waker_vtable_t vtable = {fut_test_waker_wake_,
                                              fut_test_waker_wake_from_interrupt_,
                                              fut_test_waker_clone_,
                                              fut_test_waker_drop_,
                                              NULL,
                                              NULL,
                                              NULL};
    fut_waker_t                     waker  = {counter, 0};
    if (counter->vtable != &vtable) counter->vtable = &vtable; /* perhaps somebody wakes it now */
    return waker;
}

/* A waker that nobody should wake: `raise` is called if somebody does. It must stay as a counter must. */
typedef struct fut_test_alarm {
    const fut_waker_vtable_t *vtable; /* first, see above */
    void (*raise)(void *argument);
    void *argument;
} fut_test_alarm_t;

FUT_INLINE_ void fut_test_alarm_wake_(void *target, fut_tag_t tag) {
    (void)tag;
    ((fut_test_alarm_t *)target)->raise(((fut_test_alarm_t *)target)->argument);
}
FUT_INLINE_ fut_waker_t fut_test_alarm(fut_test_alarm_t *alarm, void (*raise)(void *argument), void *argument) {
    static const fut_waker_vtable_t vtable = {fut_test_alarm_wake_, fut_test_alarm_wake_, NULL, NULL, NULL, NULL, NULL};
    fut_waker_t                     waker  = {alarm, 0};
    alarm->vtable                          = &vtable;
    alarm->raise                           = raise;
    alarm->argument                        = argument;
    return waker;
}

/* ---- Polling by hand ---------------------------------------------------------------------- */

/* One poll from the top, with a context of its own: this counter's waker, no driver, endless budget. */
FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_test_poll(fut_future_t *future, fut_test_waker_t *counter) {
    fut_context_t cx;
    fut_context_init(&cx, fut_test_waker(counter), NULL);
    return fut_poll(future, &cx);
}

/* One poll as an executor does it, from the leaf upwards. `*leaf` is the root at first. */
FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_test_poll_leaf(fut_future_t *root, fut_future_t **leaf,
                                                       fut_test_waker_t *counter) {
    fut_context_t cx;
    fut_context_init(&cx, fut_test_waker(counter), NULL);
    return fut_poll_leaf(root, leaf, &cx);
}

/* Poll for as long as polls wake themselves: until READY, or PENDING for an event which has not come. */
FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_test_run(fut_future_t *future) {
    static fut_test_waker_t counter; /* static: whoever still waits may wake it later */
    fut_poll_t              answer;
    unsigned                before;
    do {
        before = counter.wakes;
        answer = fut_test_poll(future, &counter);
    } while (answer == FUT_PENDING && counter.wakes != before);
    return answer;
}

/* ---- An event ----------------------------------------------------------------------------- */

/* Fired by hand; one fire completes one wait. Start with all zero. One future waits at a time. It outlives the futures that
 * wait for it, and the counts with it. */
typedef struct fut_test_event {
    fut_waker_t waker; /* of whoever waits: {NULL, 0} when nobody does */
    int         value;
    bool        fired;
    unsigned    polls, drops, cancels; /* of all the futures that waited here */
} fut_test_event_t;

/* Let the wait end with this value, now or when it begins. Wakes whoever waits. */
FUT_INLINE_ void fut_test_event_fire(fut_test_event_t *event, int value) {
    event->value = value;
    event->fired = true;
    fut_wake(event->waker);
}

#ifndef __cplusplus

/* fut_test_wait: ready once `event` is fired. Output: the event's value, or -ECANCELED.
 *
 *     poll        fired: take the value, READY. Otherwise leave the waker in the event, PENDING
 *     drop        take the waker out
 */
typedef struct fut_test_wait {
    FUT_FUTURE(fut_test_wait, int, fut_test_event_t *event);
} fut_test_wait_t;

FUT_INLINE_ fut_poll_t fut_test_event_poll_(fut_test_event_t *event, fut_future_t *future, int *output,
                                            fut_context_t *cx) {
    const fut_waker_t nobody = {NULL, 0};
    if (fut_is_done(future)) return FUT_READY;
    event->polls++;
    if (!event->fired) {
        event->waker = fut_context_waker(cx);
        return fut_pending(future);
    }
    event->fired = false;
    event->waker = nobody;
    *output      = event->value;
    return fut_ready(future);
}
FUT_INLINE_ void fut_test_event_drop_(fut_test_event_t *event, const fut_future_t *future) {
    const fut_waker_t nobody = {NULL, 0};
    event->drops++;
    if (fut_is_pending(future)) event->waker = nobody;
}

FUT_INLINE_ fut_poll_t fut_test_wait_poll(fut_test_wait_t *self, fut_context_t *cx) {
    return fut_test_event_poll_(self->event, &self->future, &self->output, cx);
}
FUT_INLINE_ void fut_test_wait_drop_(fut_future_t *future) {
    fut_test_event_drop_(((fut_test_wait_t *)(void *)future)->event, future);
}
FUT_DEFINE(fut_test_wait, .drop = fut_test_wait_drop_);

/* fut_test_linger: the same, but asked to stop gracefully it does not: it wants one more event first, as a device does that
 * must finish what it began. Output: the event's value.
 *
 *     cancel      count it in the event; go on waiting
 *     drop        take the waker out
 */
typedef struct fut_test_linger {
    FUT_FUTURE(fut_test_linger, int, fut_test_event_t *event);
} fut_test_linger_t;

FUT_INLINE_ fut_poll_t fut_test_linger_poll(fut_test_linger_t *self, fut_context_t *cx) {
    return fut_test_event_poll_(self->event, &self->future, &self->output, cx);
}
FUT_INLINE_ void fut_test_linger_drop_(fut_future_t *future) {
    fut_test_event_drop_(((fut_test_linger_t *)(void *)future)->event, future);
}
FUT_INLINE_ void fut_test_linger_cancel_(fut_future_t *future) {
    ((fut_test_linger_t *)(void *)future)->event->cancels++;
}
FUT_DEFINE(fut_test_linger, .drop = fut_test_linger_drop_, .cancel = fut_test_linger_cancel_);

/* ---- Futures that behave in one way ------------------------------------------------------- */

/* fut_test_after: pending so many times, waking itself, then ready. Output: `value`. */
typedef struct fut_test_after {
    FUT_FUTURE(fut_test_after, int, unsigned times; int value);
} fut_test_after_t;

FUT_INLINE_ fut_poll_t fut_test_after_poll(fut_test_after_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->times > 0) {
        self->times--;
        fut_wake(fut_context_waker(cx));
        return fut_pending(&self->future);
    }
    self->output = self->value;
    return fut_ready(&self->future);
}
FUT_DEFINE(fut_test_after);

/* fut_test_never: never ready. It takes the waker, wakes nobody, and adds to *drops, where that is not NULL, when it is
 * dropped. Output: int, -ECANCELED once it was dropped. */
typedef struct fut_test_never {
    FUT_FUTURE(fut_test_never, int, unsigned *drops);
} fut_test_never_t;

FUT_INLINE_ fut_poll_t fut_test_never_poll(fut_test_never_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    (void)fut_context_waker(cx);
    return fut_pending(&self->future);
}
FUT_INLINE_ void fut_test_never_drop_(fut_future_t *future) {
    unsigned *const drops = ((fut_test_never_t *)(void *)future)->drops;
    if (drops) ++*drops;
}
FUT_DEFINE(fut_test_never, .drop = fut_test_never_drop_);

/* fut_test_stutter: around any started future, answers PENDING every other time, beginning with the first, without polling
 * it. The wakes which that costs it makes itself. The child belongs to the caller, and its output is in it; cancelling or dropping the
 * stutter does the same to the child. A future that is right is right under a stutter, too. */
typedef struct fut_test_stutter {
    FUT_FUTURE(fut_test_stutter, void, fut_future_t *child);
    bool again; /* the poll before this one was swallowed */
} fut_test_stutter_t;

FUT_INLINE_ fut_poll_t fut_test_stutter_poll(fut_test_stutter_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) self->again = false;
    self->again = !self->again;
    if (self->again) {
        fut_wake(fut_context_waker(cx));
        return fut_pending(&self->future);
    }
    if (fut_poll(self->child, cx) == FUT_PENDING) return fut_pending(&self->future);
    return fut_ready(&self->future);
}
FUT_INLINE_ void fut_test_stutter_drop_(fut_future_t *future) {
    fut_drop(((fut_test_stutter_t *)(void *)future)->child);
}
FUT_INLINE_ void fut_test_stutter_cancel_(fut_future_t *future) {
    fut_cancel(((fut_test_stutter_t *)(void *)future)->child);
}
FUT_DEFINE(fut_test_stutter, .drop = fut_test_stutter_drop_, .cancel = fut_test_stutter_cancel_);

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif
