/* channel.pml: the bounded channel: a ring whose two ends carry the locks of their lines.
 *
 * Mirrors src/channel/bounded.c: push, pop, move, fill, empty, sender_lines_up, receiver_lines_up, quit; src/channel/line.h:
 * fut__line_up, fut__call_first, fut__quit_line. A ring of one cell; a message from each of two senders; a receiver that takes all it
 * can get, and one that takes one, or stops waiting. Then the channel is destroyed by whoever took the last message. A line is a set
 * here, not in order, and tickets are left out.
 *
 * Memory, by variants: a cell's mark that is not released is seen before the message; one that is not acquired shows an older message;
 * a receiver's mark that is not released is seen before the message was read.
 *
 * Asserted: each message is taken once, and whole; nobody touches the channel after its end; at rest all messages were
 * taken: nobody sleeps beside a message, or beside a free cell.
 */
#define TAIL 0
#define HEAD 1
#define MESSAGES 2

byte at[2];                      /* positions; the cell is the only one, so a position is a lap, too */
bool busy[2], waiting[2];        /* the rest of an end's word */
byte mark, item;                 /* 2 * lap: free for it; 2 * lap + 1: full in it */
byte line[2];                    /* who is QUEUED at this end: a bit for each */
bool told[4];                    /* GRANTED, and woken */
byte taken, count;
bool destroyed, other_gone, surprises = true;

#define USES assert(!destroyed)

inline enter(e) { atomic { !busy[e] -> USES; busy[e] = true } }
inline leave(e, position) { atomic { USES; at[e] = position; waiting[e] = (line[e] != 0); busy[e] = false } }

inline call_first(e) {
    atomic { USES;
        if
        :: line[e] & 1 -> line[e] = line[e] & ~1; first = 0
        :: line[e] & 2 -> line[e] = line[e] & ~2; first = 1
        :: line[e] & 4 -> line[e] = line[e] & ~4; first = 2
        :: line[e] & 8 -> line[e] = line[e] & ~8; first = 3
        :: line[e] == 0 -> first = 9
        fi
    }
}
inline wake_first() { if :: first < 9 -> told[first] = true :: else fi; first = 9 }

inline the_cell(e) {
    if
    :: e == TAIL ->
#ifdef WEAKEN_FILL_RELEASE           /* the mark is seen before the message */
        atomic { USES; mark = 2 * p + 1 }
        item = message
#else
        atomic { USES; item = message }
        atomic { USES; mark = 2 * p + 1 }
#endif
    :: else ->
#ifdef WEAKEN_MARK_ACQUIRE           /* the message was read before the mark */
        message = early;
#endif
#ifdef WEAKEN_EMPTY_RELEASE          /* the cell is free before the message was read */
        atomic { USES; mark = 2 * (p + 1) }
        message = item
#else
#ifndef WEAKEN_MARK_ACQUIRE
        atomic { USES; message = item }
#endif
        atomic { USES; mark = 2 * (p + 1) }
#endif
    fi
}

/* From position p to the next one. */
inline move(e) {
    if
    :: atomic { !w && at[e] == p && !busy[e] && !waiting[e] -> USES; at[e] = p + 1 } the_cell(e); moved = true
    :: atomic { w && at[e] == p && !busy[e] && waiting[e] -> USES; busy[e] = true; moved = true }
#ifdef WEAKEN_FILL_FIRST             /* the cell, then the line */
        the_cell(e);
        call_first(e);
        leave(e, p + 1);
#else
#ifdef WEAKEN_CALL                   /* nobody is told */
        leave(e, p + 1);
#else
        call_first(e);
        leave(e, p + 1);
#endif
        the_cell(e);
#endif
        wake_first()
    :: else
    fi
}

/* The look under the lock of the end that the others have to move. Without it, a message may come between look and line. */
inline line_up(e) {
#ifdef WEAKEN_LINE_UP
    waits = (e == TAIL -> at[TAIL] == at[HEAD] : at[TAIL] == at[HEAD] + 1);
    enter(e);
#else
    enter(e);
    waits = (e == TAIL -> at[TAIL] == at[HEAD] : at[TAIL] == at[HEAD] + 1);
#endif
    if :: waits -> line[e] = line[e] | (1 << me) :: else fi;
    leave(e, at[e])
}

inline send() {
    waits = false;
retry:
    atomic { !busy[TAIL] -> USES; p = at[TAIL]; w = waiting[TAIL] }
    if
    :: mark == 2 * p ->
        move(TAIL);
        if :: !moved -> goto retry :: atomic { moved -> moved = false; p = 0; w = false } fi
    :: else ->
        if :: at[TAIL] != p -> goto retry :: at[HEAD] != p - 1 -> goto retry :: at[HEAD] == p - 1 fi;
        line_up(HEAD);
        if :: !waits -> goto retry :: atomic { waits -> waits = false; p = 0; w = false } fi;
        do
        :: told[me] -> told[me] = false;
            if :: !(line[HEAD] & (1 << me)) -> goto retry :: else fi
        od
    fi
}

proctype sender(byte me; byte message) {
    byte p, early, first = 9;
    bool w, moved, waits;
    send()
}

inline take_it() {
    atomic { assert(message > 0 && !(taken & (1 << message))); taken = taken | (1 << message); count++; message = 0 }
    if :: count == MESSAGES && other_gone -> destroyed = true :: else fi
}

inline receive() {
    waits = false;
retry:
#ifdef WEAKEN_MARK_ACQUIRE
    early = item;
#endif
    atomic { !busy[HEAD] -> USES; p = at[HEAD]; w = waiting[HEAD] }
    if
    :: mark == 2 * p + 1 ->
        move(HEAD);
        if :: !moved -> goto retry :: atomic { moved -> moved = false; p = 0; w = false } fi
    :: else ->
        if :: at[HEAD] != p -> goto retry :: at[TAIL] != p -> goto retry :: at[TAIL] == p fi;
        line_up(TAIL);
        if :: !waits -> goto retry :: atomic { waits -> waits = false; p = 0; w = false } fi;
end_waiting:
        do
        :: told[me] -> told[me] = false;
            if :: !(line[TAIL] & (1 << me)) -> goto retry :: else fi
        :: atomic { surprises && !(line[TAIL] & (1 << me)) -> surprises = false; goto retry } /* polled for nothing, */
        :: impatient ->                                                          /* it finds that it was told */
            enter(TAIL);
            if
            :: line[TAIL] & (1 << me) -> line[TAIL] = line[TAIL] & ~(1 << me); first = 9
#ifdef WEAKEN_QUIT                   /* what it was told is not passed on */
            :: else -> first = 9
#else
            :: else -> call_first(TAIL)
#endif
            fi;
            leave(TAIL, at[TAIL]);
            wake_first();
            goto gone
        od
    fi
}

proctype receiver(byte me; bool impatient) {
    byte p, message, early, first = 9;
    bool w, moved, waits;
    do
    :: receive();
        take_it();
        if :: impatient || count == MESSAGES -> break :: else fi
    od;
gone:
    if :: impatient -> other_gone = true :: else fi
}

init {
    atomic { run sender(0, 1); run sender(1, 2); run receiver(2, false); run receiver(3, true) }
    timeout -> assert(count == MESSAGES)
}
