/* metronome.h: what chapters 1 and 2 share; everything here is written out in 1-by-hand.c. */
#ifndef METRONOME_H
#define METRONOME_H

#include "future.h"

/* An event source: it beats when it is told to, and wakes whoever left a waker with it. */
typedef struct metronome {
    int         beats; /* so far                                     */
    fut_waker_t waker; /* who waits for the next one, or {NULL, 0}   */
} metronome_t;

void metronome_beat(metronome_t *metronome);

/* The target of a waker: a flag which says "poll again". */
typedef struct flag {
    const fut_waker_vtable_t *vtable; /* the first word: how to wake this */
    bool                      raised;
    int                       wakes;
} flag_t;

fut_waker_t flag_waker(flag_t *flag);

#endif
