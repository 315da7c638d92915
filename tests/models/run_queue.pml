/* run_queue.pml: the bounded queue of a worker, from which others steal half.
 *
 * Mirrors src/runtime/run_queue.h and run_queue.c: push, pop, shed, share, steal; the letters are those of run_queue.h.
 * An owner pushes, pops and sheds; a thief with a queue of its own steals from it; another one steals from both. The
 * ring has 4 slots, the counters wrap at 16, and begin at 13, so that they do. (Counters so narrow that the head goes
 * once round while a thief is stopped would be another protocol: MANY is less than 16.)
 *
 * Memory, by variants: (a) weakened, the tail is seen before the slot; (b) the slots are read before the tail; (c) they
 * are read after the swap of the head; (d) weakened in push, the slot is written on the guess that there is room, and
 * what was guessed wrongly is no execution at all (`void`). A thief's tail may always be older than its head, in the
 * first try and, since a swap that fails acquires nothing, in the next: `share` refuses what is too much (WEAKEN_GUARD).
 *
 * Asserted: when all queues are empty, every task was run exactly once.
 */
#define RING  4
#define WRAP  16
#define MANY  5
#define ALL   62                   /* (1 << 6) - 2 */
#ifndef TRIES
#define TRIES 1
#endif
#define LENGTH(t, h) (((t) + WRAP - (h)) % WRAP)

byte head[3] = 13, tail[3] = 13;
byte ring[12];                   /* three rings */
byte ran;                        /* a bit for each task */
bool twice, void_;
byte done;

#define SLOT(q, n) ring[RING * (q) + (n) % RING]

inline run_task(t) { d_step { twice = twice || (ran & (1 << t)); ran = ran | (1 << t); task = 0; h = 0 } }

/* Steps that only concern the process itself are part of the step that looks at what others change. */
inline push(q, t) {
#ifdef WEAKEN_D_PUSH
    if :: SLOT(q, tail[q]) = t; guessed = true :: skip fi;
#endif
    atomic {
        if
        :: LENGTH(tail[q], head[q]) >= RING -> no_room = true; void_ = void_ || guessed /* (d) */
        :: else -> no_room = false
        fi
    }
    if
    :: atomic { no_room -> no_room = false; h = head[q] } shed(q)
    :: else ->
#ifdef WEAKEN_A_PUSH
        tail[q] = (tail[q] + 1) % WRAP;
        SLOT(q, tail[q] + WRAP - 1) = t;
#else
        SLOT(q, tail[q]) = t;
        tail[q] = (tail[q] + 1) % WRAP; /* (a) */
#endif
        t++
    fi;
    guessed = false
}

/* Half of a full queue goes to the overflow, where it is run. */
inline shed(q) {
    if
    :: LENGTH(tail[q], h) < RING
    :: else ->
        if
        :: d_step { head[q] == h -> head[q] = (h + RING / 2) % WRAP; task = h }
            h = SLOT(q, task); task = SLOT(q, task + 1);
            d_step { twice = twice || (ran & (1 << h)); ran = ran | (1 << h) }
            run_task(task)
        :: else
        fi
    fi;
    h = 0
}

inline pop(q) {
    h = head[q];
    do
    :: atomic { h == tail[q] -> task = 0; h = 0 } break
    :: else ->
        task = SLOT(q, h);
#ifdef WEAKEN_SWAP_POP               /* a store in the place of the swap */
        head[q] = (h + 1) % WRAP; break
#else
        if
        :: d_step { head[q] == h -> head[q] = (h + 1) % WRAP } break
        :: atomic { else -> h = head[q] }
        fi
#endif
    od
}

active proctype owner() {
    byte h, task, next = 1;
    bool no_room, guessed;
    do
    :: next <= MANY -> push(0, next)
    :: pop(0);
        if :: task -> run_task(task) :: else -> if :: next > MANY -> break :: else fi fi
    od;
    done++
}

inline read_slots(mine, q) {
    task = SLOT(q, h);
    if :: count == 2 -> SLOT(mine, tail[mine]) = SLOT(q, h + 1) :: else fi
}

inline steal(mine, q) {
    room = RING - LENGTH(tail[mine], head[mine]);
    if :: h = head[q]; t = tail[q] :: t = tail[q]; h = head[q] fi; /* (d) is not relied upon */
    do
    ::
#ifdef WEAKEN_B                      /* the slots are read before the tail */
        count = 2; read_slots(mine, q); t = tail[q];
#endif
        atomic {
            count = LENGTH(t, h) - LENGTH(t, h) / 2;
#ifndef WEAKEN_GUARD
            if :: count > RING / 2 -> count = 0 :: else fi;
#endif
            if :: count > room + 1 -> count = room + 1 :: else fi;
            t = 0
        }
        if :: count == 0 -> task = 0; break :: else fi;
#if !defined(WEAKEN_C) && !defined(WEAKEN_B)
        read_slots(mine, q);
#endif
        t = tail[q];                 /* may be that of the second try: nothing holds it back */
        if
        :: d_step { head[q] == h -> head[q] = (h + count) % WRAP; /* (c) */ t = 0; room = 0 }
#ifdef WEAKEN_C
            read_slots(mine, q);
#endif
#ifdef WEAKEN_A_STEAL                /* our tail is seen before our slot */
            if
            :: count == 2 ->
                d_step { room = SLOT(mine, tail[mine]); SLOT(mine, tail[mine]) = 0 }
                tail[mine] = (tail[mine] + 1) % WRAP;
                SLOT(mine, tail[mine] + WRAP - 1) = room
            :: else
            fi;
#else
            tail[mine] = (tail[mine] + count - 1) % WRAP; /* (a) */
#endif
            break
        :: atomic { else -> h = head[q]; task = 0 }
            if :: t = tail[q] :: skip fi
        fi
    od;
    atomic { t = 0; count = 0; room = 0; h = 0 }
}

proctype thief(byte mine) {
    byte h, t, count, room, task, tries;
    do
    :: tries < TRIES -> tries++;
        if :: steal(mine, 0) :: mine == 2 -> steal(mine, 1) fi;
        if :: task -> run_task(task) :: else fi
    :: tries == TRIES ->
        pop(mine);
        if :: task -> run_task(task) :: else -> break fi
    od;
    done++
}

init {
    atomic { run thief(1); run thief(2) }
    done == 3;
    assert(void_ || (!twice && ran == ALL))
}
