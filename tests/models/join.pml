/* join.pml: the handle of a task that may end on another thread, and who gives the memory back.
 *
 * Mirrors src/task/shared.h and shared_task.c, with its letters: (a) (b) shared_poll, (c) (d) (e) fut__shared_end, (f) (g)
 * take and give_back, (h) fut__shared_detach, (i) fut__shared_cancel; and the worker's end() and poll_any, which clears
 * ASKED. One process polls the handle under changing wakers, cancels, takes or detaches as it likes; the other runs the
 * task and ends it.
 *
 * Memory: whether the handle's thread `knows` the output, which it does after an acquire of a word that the end has
 * released; whether the end knows the waker's two words, likewise; a read that no release holds back may come as late as
 * the process likes, or the next tenant of the memory be there. A weakened acquire or release is a step that does not
 * pass on what is known.
 *
 * Asserted: the memory is given back exactly once, and nobody reads or writes it after that; the output that is taken is
 * the task's; the waker's two words are of one registration; who is PENDING at rest was woken: no lost wake; a
 * cancellation that was asked for before the last poll was seen by it.
 */
#define KEPT  1
#define WAKER 2
#define OVER  4
#define LEFT  8
#define TAKEN 16
#define ASKED 32

byte word = KEPT, given_back, target, tag; /* target and tag: the two words of the waker */
bool output;                     /* the task has written it */
bool end_published, handle_published; /* with the word: the output; what the handle did with the waker */
bool woken[3];                   /* by waker; 0 is nobody */
bool wake_of_task, asked, done;

#define USES assert(given_back == 0)

inline give_the_memory_back() { atomic { given_back++; assert(given_back == 1) } }

/* (f) (g) */
inline give_back() {
    if
    :: !(seen & LEFT) -> atomic { USES; seen = word; word = word | TAKEN }
    :: else
    fi;
    if :: seen & LEFT -> give_the_memory_back() :: else fi
}

inline take() {
#ifdef WEAKEN_TAKE_RELEASE           /* the read of the output is not over when TAKEN is seen */
    give_back();
    atomic { USES; assert(knows && output) }
#else
    atomic { USES; assert(knows && output) }
    give_back();
#endif
    goto finished
}

#define ACQUIRE knows = knows || end_published

inline poll_handle(new) {
    atomic { USES; seen = word; ACQUIRE }
    if :: seen & OVER -> take() :: else fi;
    if
    :: (seen & WAKER) && target == new -> goto pending /* both sides only read it */
    :: else
    fi;
#ifndef WEAKEN_B                     /* the waker is written while it is the end's, too */
    do                               /* (b) */
    :: (seen & WAKER) && !(seen & OVER) ->
        if
        :: atomic { word == seen -> word = word & ~WAKER; seen = seen & ~WAKER }
        :: atomic { word != seen -> seen = word } /* a failed swap acquires nothing */
        fi
    :: else -> break
    od;
#endif
    if
    :: !(seen & OVER) ->
#ifdef WEAKEN_A_RELEASE              /* WAKER is seen before the waker */
        do
        :: seen & OVER -> break
        :: atomic { !(seen & OVER) && word == seen -> word = word | WAKER; seen = 255 } break
        :: atomic { !(seen & OVER) && word != seen -> seen = word }
        od;
        atomic { USES; target = new }
        atomic { USES; tag = new }
        if :: seen == 255 -> goto pending :: else fi
#else
        atomic { USES; target = new }
        atomic { USES; tag = new }
#endif
    :: else
    fi;
    do                               /* (a) */
    :: seen & OVER -> break
    :: atomic { !(seen & OVER) && word == seen -> word = word | WAKER; ACQUIRE } goto pending
    :: atomic { !(seen & OVER) && word != seen -> seen = word }
    od;
#ifndef WEAKEN_POLL_ACQUIRE          /* once more, with an acquire */
    atomic { USES; seen = word; ACQUIRE }
#endif
    take();
pending:
    skip
}

active proctype handle() {
    byte seen, waker = 1;
    bool knows;
    do
    :: poll_handle(waker);
        if
        :: woken[waker] -> woken[waker] = false
        :: waker == 1 -> waker = 2   /* a poll under another waker */
        :: true -> break
        fi
    :: atomic { !asked -> asked = true; USES; seen = word; ACQUIRE } /* (i) */
        if
        :: !(seen & OVER) -> atomic { USES; word = word | ASKED; wake_of_task = true }
        :: else
        fi
    :: goto detach
    od;
end_pending:
    woken[waker];
    atomic { USES; seen = word; ACQUIRE }
    assert(seen & OVER);
    take();
detach:                              /* (h) */
    atomic { USES; seen = word; ACQUIRE }
    do
    :: seen & OVER ->
#ifdef WEAKEN_DETACH_KEEPS           /* it forgets that the end leaves the memory to it */
        break
#else
        atomic { USES; seen = word; ACQUIRE } give_back(); break
#endif
    :: atomic { !(seen & OVER) && word == seen -> word = word & ~(KEPT | WAKER) } break
    :: atomic { !(seen & OVER) && word != seen -> seen = word }
    od;
finished:
    done = true
}

active proctype task() {
    byte seen, a, b;
    if
    :: wake_of_task -> atomic { USES; assert(word & ASKED); word = word & ~ASKED } /* poll_any */
    :: true
    fi;
    output = true;                   /* and the end */
    do
    :: atomic { USES; seen = word }
        if :: !(seen & KEPT) -> goto gives :: else fi;
        if
#ifdef WEAKEN_C                      /* without LEFT, where there is no waker */
        :: atomic { word == seen -> word = word | OVER; end_published = true } break
#else
        :: atomic { word == seen -> word = word | OVER | (seen & WAKER -> 0 : LEFT);
#ifndef WEAKEN_END_RELEASE
                    end_published = true
#endif
           } break
#endif
        :: else
        fi
    od;
    if :: !(seen & WAKER) -> goto leaves :: else fi; /* (c) */
#ifdef WEAKEN_E_LATE                 /* the waker is read after LEFT: the memory may be gone */
    atomic { USES; seen = word; word = word | LEFT }
    atomic { USES; a = target }
    atomic { USES; b = tag }
#else
    atomic { USES; a = target }      /* (d) */
    atomic { USES; b = tag }
    atomic { USES; seen = word; word = word | LEFT } /* (e) */
#endif
#ifndef WEAKEN_NO_WAKE
    atomic { assert(a == b && a > 0); woken[a] = true }
#endif
#ifndef WEAKEN_E_TAKEN               /* it forgets that the handle was faster */
    if :: seen & TAKEN -> goto gives :: else fi;
#endif
    goto leaves;
gives:
    give_the_memory_back();
leaves: skip
}

init { timeout -> assert(done && given_back == 1) }
