/* Chapter 1: a future by hand.
 *
 * A future is a struct with a poll function. Poll answers READY, or it answers PENDING and leaves the waker where the
 * event will find it. That is all there is; this file has every part of it: an event source, a waker, a future, and a
 * loop that polls. There is no executor and no system call.
 *
 *     loop  --poll-->  countdown  --leaves the waker with-->  metronome
 *       ^                                                         |
 *       +----------------- flag  <-------------wakes-------------+
 */
#include <stdio.h>

#include "metronome.h"
#include "tour.h"

/* ---- The event source: it knows wakers, not futures ---- */

void metronome_beat(metronome_t *metronome) {
    fut_waker_t waker = metronome->waker;
    metronome->beats++;
    metronome->waker = (fut_waker_t){NULL, 0};
    fut_wake(waker); /* last: whoever is woken may do anything, even wait again */
}

/* ---- The waker: two words, here the address of a flag and a tag that we do not need ---- */

static void flag_wake(void *target, fut_tag_t tag) {
    flag_t *flag = target;
    (void)tag;
    flag->raised = true;
    flag->wakes++;
    printf("    wake    the flag is up\n");
}

fut_waker_t flag_waker(flag_t *flag) {
    static const fut_waker_vtable_t vtable = {.wake = flag_wake, .wake_from_interrupt = flag_wake};
    flag->vtable                           = &vtable;
    return (fut_waker_t){flag, 0};
}

/* ---- The future: ready after so many beats ---- */

typedef struct countdown {
    FUT_FUTURE(countdown, int, metronome_t *metronome; int beats); /* its name, its output, its arguments */
    int until;                                                     /* the beat at which it is ready       */
} countdown_t;

static fut_poll_t countdown_poll(countdown_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY; /* asked again: the same answer, the output stays */
    if (self->future.point == FUT_POINT_START)        /* the first poll: only now does it begin         */
        self->until = self->metronome->beats + self->beats;
    if (self->metronome->beats < self->until) {
        printf("    poll    PENDING, %d to go\n", self->until - self->metronome->beats);
        self->metronome->waker = fut_context_waker(cx);
        return fut_pending(&self->future);
    }
    printf("    poll    READY\n");
    self->output = self->beats;
    return fut_ready(&self->future);
}

/* Dropping a future is how it is cancelled: nobody may hold a pointer to what it waits with. */
static void countdown_drop(fut_future_t *future) {
    countdown_t *self = (countdown_t *)future;
    printf("    drop    it takes its waker back\n");
    if (fut_is_pending(future)) self->metronome->waker = (fut_waker_t){NULL, 0};
}

FUT_DEFINE(countdown, .drop = countdown_drop);

/* ---- The loop: poll when the flag is up, otherwise let the world go on ---- */

static int poll_until_ready(fut_future_t *future, metronome_t *metronome, flag_t *flag) {
    fut_context_t cx;
    int           polls = 0;
    flag->raised        = true; /* a new future is polled once without being asked */
    for (;;) {
        if (flag->raised) {
            flag->raised = false;
            polls++;
            fut_context_init(&cx, flag_waker(flag), NULL);
            if (fut_poll(future, &cx) == FUT_READY) return polls;
        } else {
            printf("            nobody was woken, nobody is polled; the metronome beats\n");
            metronome_beat(metronome);
        }
    }
}

int by_hand(void) {
    metronome_t   metronome = {0};
    flag_t        flag      = {0};
    countdown_t   countdown;
    fut_context_t cx;
    int           polls;

    START(countdown, countdown, &metronome, 3);
    printf("START fills a struct of %zu bytes. Nothing runs: a future is lazy.\n\n", sizeof countdown);
    polls = poll_until_ready(&countdown.future, &metronome, &flag);
    printf("\n%d beats: %d polls, %d wakes. Between them it cost nothing.\n\n", countdown.output, polls, flag.wakes);

    printf("A wake for nothing is allowed. The future looks, and waits on:\n\n");
    START(countdown, countdown, &metronome, 1);
    fut_context_init(&cx, flag_waker(&flag), NULL);
    if (fut_poll(&countdown.future, &cx) == FUT_PENDING) fut_wake(flag_waker(&flag));
    polls = poll_until_ready(&countdown.future, &metronome, &flag);

    printf("\nDropped while it waits, it leaves nothing behind; the next beat wakes nobody:\n\n");
    START(countdown, countdown, &metronome, 1);
    if (fut_poll(&countdown.future, &cx) == FUT_PENDING) fut_drop(&countdown.future);
    metronome_beat(&metronome);
    printf("\nIts output is %d, which is -ECANCELED.\n", countdown.output);
    return 0;
}
