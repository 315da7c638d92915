/* state.h: the scheduling state of a task, and every move between its states.          layer: task
 *
 *      generation                                        RUNNING  NOTIFIED
 *     +----------------------------- 30 bits -----------+--------+--------+
 *
 * NOTIFIED     The task was handed to its scheduler (or will be, by whoever runs it) and not been polled since. Set by
 *              wake; cleared by the executor when it takes the task over. While it is set, and RUNNING was not when it
 *              was set, the task's `link` belongs to the scheduler, so its memory must not be given to another task.
 *
 * RUNNING      It is being polled by fut_task_run. Never set by the local executor, whose own wakes need no atomics.
 *
 * generation   Tells the tenants of this memory apart: it moves on when a task ends. A waker carries the generation in
 *              its tag, and a wake with another one does nothing. Should it wrap (half a billion tasks later in one and
 *              the same memory), the price is one poll too many, which the contract of poll allows.
 *
 *     (1) wake            -        -> NOTIFIED             then schedule(task)
 *     (2) wake            NOTIFIED -> NOTIFIED             nothing to do; still a read-modify-write, so that what this
 *                                                          thread wrote before is visible to the poll to come
 *     (3) wake            RUNNING  -> RUNNING | NOTIFIED   no schedule: (6) does it
 *     (4) run             NOTIFIED -> RUNNING              then poll
 *     (5) PENDING         RUNNING  -> -
 *     (6) PENDING         RUNNING | NOTIFIED -> NOTIFIED   then schedule(task): exactly one more poll
 *     (7) end             any      -> next generation      NOTIFIED stays if (1) set it: the inbox still owns the link
 *     (8) taken over      NOTIFIED -> -                    the local executor empties its inbox: fut__task_take
 *
 * (1) (2) (3) are fut__task_wake; (4) (5) (6) fut_task_run; (7) fut__task_end; all in task.c.
 *
 * Every move is one acquire-release read-modify-write of the same word, so they form one sequence: a wake publishes
 * what its thread did before, and (4) or (8), which comes later in the sequence, sees it. A load that finds NOTIFIED
 * already set would not do for (2): it could be satisfied before the waker's earlier stores are visible, the executor
 * could poll in between, miss them, and nobody would poll again.
 */
#ifndef FUT_SRC_STATE_H
#define FUT_SRC_STATE_H

enum {
    FUT__NOTIFIED        = 1,
    FUT__RUNNING         = 2,
    FUT__GENERATION      = 4, /* one generation */
    FUT__GENERATION_MASK = ~3,
};

/* task->flags: touched by the executor's thread alone. */
enum {
    FUT__LIVE      = 1,   /* a task lives here: set by spawn, cleared when the memory is free again        */
    FUT__INLINE    = 2,   /* the future lies behind the task; otherwise its address does                   */
    FUT__OWNED     = 4,   /* the future has memory of its own, released with the task's                    */
    FUT__JOINABLE  = 8,   /* a handle exists, the output is kept: until it is taken, dropped or detached   */
    FUT__ENDED     = 16,  /* the future is done; never polled again                                        */
    FUT__CANCEL    = 32,  /* fut_join_cancel asked: the next run begins the cancellation                   */
    FUT__CANCELLED = 64,  /* it did, before the future had ended by itself                                 */
    FUT__BY_HAND   = 128, /* the root is no async function: its leaf is always itself                      */

    FUT__UNUSUAL = FUT__ENDED | FUT__CANCEL | FUT__BY_HAND, /* not for the executor's shortest path */
};

#endif
