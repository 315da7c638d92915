/* Chapter 2: the same with AWAIT.
 *
 * By hand, what has to be remembered between two polls is kept in fields and ifs. ASYNC_BEGIN and AWAIT turn a function
 * that reads from top to bottom into such a future: a switch which enters the function again where it was left.
 *
 * The price: a local of C does not survive an AWAIT. What must survive is a member of the frame: self->x.
 */
#include <stdio.h>

#include "metronome.h"
#include "tour.h"

/* The leaf, the only part by hand: ready at the next beat. */
typedef struct beat {
    FUT_FUTURE(beat, int, metronome_t *metronome);
    int before;
} beat_t;

static fut_poll_t beat_poll(beat_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) self->before = self->metronome->beats;
    if (self->metronome->beats == self->before) {
        self->metronome->waker = fut_context_waker(cx);
        return fut_pending(&self->future);
    }
    self->output = self->metronome->beats;
    return fut_ready(&self->future);
}

static void beat_drop(fut_future_t *future) {
    if (fut_is_pending(future)) ((beat_t *)future)->metronome->waker = (fut_waker_t){NULL, 0};
}

FUT_DEFINE(beat, .drop = beat_drop);

/* An async function: the frame, then the body. */
typedef struct countdown {
    ASYNC_FRAME(countdown, int, metronome_t *metronome; int beats); /* its name, its output, its arguments */
    int    left;                                                    /* a local that survives an AWAIT      */
    beat_t beat;                                                    /* a child: embedded, not allocated    */
} countdown_t;

ASYNC(countdown) {
    ASYNC_BEGIN();
    for (self->left = self->beats; self->left > 0; self->left--) {
        printf("        %d ...\n", self->left);
        AWAIT(self->beat, beat, self->metronome);
    }
    ASYNC_RETURN(self->beats);
    ASYNC_END();
}

/* Async functions await each other as functions call each other. */
typedef struct launch {
    ASYNC_FRAME(launch, int, metronome_t *metronome);
    countdown_t countdown;
    beat_t      beat;
} launch_t;

ASYNC(launch) {
    ASYNC_BEGIN();
    printf("        all set\n");
    AWAIT(self->countdown, countdown, self->metronome, .beats = 3); /* arguments: in order, or by name */
    printf("        lift-off\n");
    AWAIT(self->beat, beat, self->metronome);
    ASYNC_RETURN(self->countdown.output + 1);
    ASYNC_END();
}

/* A suspended frame knows the line at which it waits, and what it waits for. */
static void print_backtrace(const fut_future_t *future) {
    printf("    PENDING");
    while (future->vtable->kind == FUT_IS_FRAME_) {
        printf("  %s:%u  ->", future->vtable->name, (unsigned)future->line);
        future = ((const fut_frame_t *)future)->awaiting;
    }
    printf("  %s\n", future->vtable->name);
}

/* The loop of chapter 1, unchanged: an async function is a future like any other. */
static int poll_until_ready(fut_future_t *future, metronome_t *metronome, flag_t *flag) {
    fut_context_t cx;
    int           polls = 0;
    flag->raised        = true;
    for (;;) {
        if (flag->raised) {
            flag->raised = false;
            polls++;
            fut_context_init(&cx, flag_waker(flag), NULL);
            if (fut_poll(future, &cx) == FUT_READY) return polls;
            print_backtrace(future);
        } else {
            metronome_beat(metronome);
        }
    }
}

int await(void) {
    metronome_t metronome = {0};
    flag_t      flag      = {0};
    launch_t    launch;
    int         polls;

    START(launch, launch, &metronome);
    polls = poll_until_ready(&launch.future, &metronome, &flag);
    printf("    READY\n\n");
    printf("%d beats, %d polls. The numbers are the lines of 2-await.c where each waits.\n\n", launch.output, polls);
    printf("There is no stack: launch is a struct of %zu bytes, in which countdown takes\n"
           "%zu and each beat %zu. What every async function carries is %zu bytes.\n",
           sizeof(launch_t), sizeof(countdown_t), sizeof(beat_t), sizeof(fut_frame_t));
    return 0;
}
