/* hub.h: many children under one task, and a waker for each.                                    layer: set; needs: core
 *
 * A spoke is a child's place in a hub: the strand that is polled, and what the child's waker points to. The hub knows
 * which spokes were woken, and wakes the task that polls it.
 *
 *        own thread                     another thread, a signal handler
 *        ----------                     --------------------------------
 *        wake                               wake_elsewhere: NOTIFIED
 *          |                                     |
 *          v                                     v
 *        ready queue  <-- fut__hub_take_inbox  inbox
 *          |                                     |
 *          |'----> the task's waker <--- wake_outer
 *          v
 *        fut__hub_turn: polls each spoke on the queue once
 *
 * Hubs and spokes are type-stable. A waker may be used at any time, also when child, set and task are long gone; so the
 * memory it points to stays a spoke's, and a generation tells the tenants apart. A spoke belongs to one hub for ever, a
 * hub to one set after another; neither is released while the process lives. What that costs: a hub keeps as many
 * spokes as it had children at one time, at most.
 *
 * The state of a spoke is one word,
 *
 *      generation                                                 NOTIFIED
 *     +------------------------ 31 bits -------------------------+--------+
 *
 * NOTIFIED   a wake from elsewhere has put the spoke into the inbox, or will in a moment: `link` belongs to the inbox.
 *            Cleared when it is taken from there, and by nobody else. Until then the spoke gets no other tenant.
 * generation moves on when the child ends. A waker carries it in its tag; a wake with another one does nothing.
 *            Should it wrap, two thousand million children later in one and the same spoke, the price is a poll too
 *            many, which the contract of poll allows.
 *
 *     (1) wake_elsewhere  -        -> NOTIFIED          then the inbox, then the task's waker
 *     (2) wake_elsewhere  NOTIFIED -> NOTIFIED          nothing more to do: (1) is on its way. Still a read-modify-
 *                                                       write, so that what this thread wrote before is visible
 *                                                       to the poll to come; a load could be satisfied earlier
 *     (3) taken over      NOTIFIED -> -                 fut__hub_take_inbox, before the poll
 *     (4) end             any      -> next generation   NOTIFIED stays: the inbox still owns the link
 *
 * All four are acquire-release read-modify-writes of the one word, and so one sequence: (3) comes after each (1) and
 * (2) that it stands for, and sees what was written before them.
 *
 * A wake on the own thread changes nothing in this word. It looks at the generation with a plain load: only this thread
 * moves it on. And it queues the spoke although NOTIFIED may be set: then the inbox will bring it once more, a poll too
 * many; to leave it to the inbox would make the child's progress hang on a thread that was stopped between (1) and the
 * inbox.
 *
 * Which thread is the own one? The task's executor knows: fut_waker_vtable_t.is_here, asked through the waker that was
 * registered last. "Yes" means that this thread alone polls the task, so nothing here can change under the wake's
 * hands. It may be asked through a registration which is out of date: since a pending future stays with its executor,
 * every answer is that executor's, and where the executor cannot promise that, it has no is_here; then all wakes go the
 * long way.
 */
#ifndef FUT_SRC_HUB_H
#define FUT_SRC_HUB_H

#include "../core/atomic.h"
#include "future.h"

typedef struct fut__hub   fut__hub_t;
typedef struct fut__spoke fut__spoke_t;

enum { FUT__SPOKE_NOTIFIED = 1, FUT__SPOKE_GENERATION = 2 }; /* state */
enum { FUT__SPOKE_LIVE = 1, FUT__SPOKE_POLLED = 2 };         /* flags */

/* The fields, who touches them, and when. "Owner" is the thread that polls the hub.
 *
 *     hub      written once; read by anybody who wakes
 *     state    atomic: see above; anybody
 *     link     whoever set NOTIFIED, and then the inbox
 *     others   owner
 */
struct fut__spoke {
    fut__hub_t   *hub; /* begins with the waker's vtable */
    uint32_t      state;
    uint8_t       queued; /* on the ready queue                                          */
    uint8_t       flags;  /* LIVE: a child lives here; POLLED: it is being polled        */
    uint16_t      round;  /* of the turn that polled it last                             */
    fut__spoke_t *next;   /* on the ready queue, or among the free ones                  */
    fut__spoke_t *link;   /* in the inbox                                                */
    fut_strand_t  strand;
    void         *owner; /* whose child it is: for whoever takes the hub's children     */
};

typedef struct fut__spokes {
    struct fut__spokes *next;
    size_t              used, count;
    fut__spoke_t        spokes[];
} fut__spokes_t;

/* Fields of the owner's thread, unless they say otherwise. */
struct fut__hub {
    fut_waker_vtable_t wakers;        /* first; written once                                                   */
    fut__spoke_t      *first, **last; /* the ready queue                                                       */
    fut_waker_t        waker;         /* the task's; written as REGISTERING, read by others as WAKING          */
    bool               woken;         /* the task was, on this thread, since the last turn; or a turn is on    */
    uint16_t           round;         /* counts the turns                                                      */
    bool               over;          /* the last turn ended before the queue was empty                      */
    fut__spoke_t      *free;
    fut__spokes_t     *chunks; /* the latest first, which alone may have untouched spokes                      */

    fut__spoke_t *inbox;   /* atomic, any thread: spokes woken elsewhere, latest first, linked through `link`    */
    uint32_t      ringing; /* atomic, any thread: REGISTERING and WAKING, see hub.c                             */

    /* Under the lock of hub.c. */
    size_t      clones;  /* of the wakers of its spokes; each was counted with `waker`, too                       */
    bool        retired; /* nobody's, but not idle before the last clone was dropped                             */
    unsigned    forks;
    fut__hub_t *idle; /* the next one that waits to be used again                                               */
    fut__hub_t *all;  /* the one made before this one                                                           */
};

/* A hub without children. NULL: out of memory. Any thread. */
fut__hub_t *fut__hub_take(void);
/* All of its spokes have ended. NULL: nothing happens. */
void fut__hub_put(fut__hub_t *hub);

/* A spoke for a started future, for one of the two pushes below. NULL: out of memory. */
fut__spoke_t *fut__spoke_take(fut__hub_t *hub, fut_future_t *started, void *owner);
/* Its child is done, or goes elsewhere: its waker wakes nobody any more. Also from inside its poll. */
void fut__spoke_end(fut__spoke_t *spoke);
/* Every child. `visit` may do to the hub and its spokes whatever it likes, except putting it. */
typedef void fut__spoke_visitor_t(fut__spoke_t *spoke, void *data);
void         fut__hub_visit(fut__hub_t *hub, fut__spoke_visitor_t *visit, void *data);

/* Two visitors: cancel the child gracefully and have it polled; end the spoke and drop the child. */
void fut__spoke_cancel(fut__spoke_t *spoke, void *unused);
void fut__spoke_drop(fut__spoke_t *spoke, void *unused);

/* ---- wake ------------------------------------------------------------------------------------------ */

/* Only the owner moves it on, so while the child lives it is the tag of the child's waker. */
static inline fut_tag_t fut__spoke_tag(const fut__spoke_t *spoke) {
    return fut__load_relaxed(&spoke->state) & ~(uint32_t)FUT__SPOKE_NOTIFIED;
}

/* Have the hub polled. */
static inline void fut__hub_wake(fut__hub_t *hub) {
    if (hub->woken) return;
    hub->woken = true;
    fut_wake(hub->waker);
}

static inline void fut__hub_push(fut__hub_t *hub, fut__spoke_t *spoke) {
    spoke->queued = 1;
    spoke->next   = NULL;
    *hub->last    = spoke;
    hub->last     = &spoke->next;
}

/* Have it polled. */
static inline void fut__spoke_queue(fut__spoke_t *spoke) {
    if (!spoke->queued) fut__hub_push(spoke->hub, spoke);
    fut__hub_wake(spoke->hub);
}

/* The push of one that is to be polled first. */
static inline void fut__hub_push_first(fut__hub_t *hub, fut__spoke_t *spoke) {
    if (!hub->first) hub->last = &spoke->next;
    spoke->queued = 1;
    spoke->next   = hub->first;
    hub->first    = spoke;
}

/* ---- turn ------------------------------------------------------------------------------------------ */

static inline fut__spoke_t *fut__hub_pop(fut__hub_t *hub) {
    fut__spoke_t *spoke = hub->first;
    hub->first          = spoke->next;
    if (!hub->first) hub->last = &hub->first;
    spoke->queued = 0;
    return spoke;
}

/* It is free when nothing refers to it any more: no child, no queue, no poll under way, no inbox. */
static inline void fut__spoke_recycle(fut__spoke_t *spoke) {
    if (spoke->flags || spoke->queued || fut__load_relaxed(&spoke->state) & FUT__SPOKE_NOTIFIED) return;
    spoke->next      = spoke->hub->free;
    spoke->hub->free = spoke;
}

/* The two rare halves of the listening below. */
bool fut__hub_change_waker(fut__hub_t *hub, fut_context_t *cx);
void fut__hub_take_inbox(fut__hub_t *hub);

/* From here on a wake from elsewhere reaches this task; what came before is on the queue. False: not yet, and so no
 * child may be polled; the task will be, in a moment. */
static inline bool fut__hub_listen(fut__hub_t *hub, fut_context_t *cx) {
    fut_waker_t waker = fut_context_waker(cx);
    if (__builtin_expect(!fut_waker_same(waker, hub->waker), 0) && !fut__hub_change_waker(hub, cx)) return false;
    if (__builtin_expect(fut__load_relaxed(&hub->inbox) != NULL, 0)) fut__hub_take_inbox(hub);
    return true;
}

/* The child may do anything: wake itself, end its siblings, end itself. `queued` is gone before the poll, so that a
 * wake from inside makes one more; `polled` keeps the strand until the poll is over. READY: the child is, and is still
 * here.
 *
 * The child is polled with the context that the hub was given, under its own waker: a copy would cost as much as the
 * poll. What is changed is put back in fut__hub_turn. */
static inline fut_poll_t fut__spoke_poll(fut__spoke_t *spoke, fut_context_t *cx) {
    fut_poll_t answer;
    cx->waker.target = spoke;
    cx->waker.tag    = fut__spoke_tag(spoke);
    cx->held         = 0;
    spoke->flags     = FUT__SPOKE_LIVE | FUT__SPOKE_POLLED;
    answer           = fut_strand_poll(&spoke->strand, cx);
    spoke->flags &= (uint8_t)~FUT__SPOKE_POLLED;
    if (__builtin_expect(!spoke->flags, 0)) {
        fut__spoke_recycle(spoke);
        return FUT_PENDING;
    }
    if (cx->held & FUT_YIELDED_ && answer == FUT_PENDING && !spoke->queued) fut__hub_push(spoke->hub, spoke);
    return answer;
}

/* The next on the queue that is still somebody's, or NULL. No child twice in one turn, and no more than the task's
 * budget, which the children share; then others have theirs. */
static inline fut__spoke_t *fut__hub_next(fut__hub_t *hub, uint16_t round, const fut_context_t *cx) {
    fut__spoke_t *spoke;
    while ((spoke = hub->first) != NULL) {
        if (__builtin_expect(spoke->flags, 1)) {
            hub->over = spoke->round == round || cx->budget == 0;
            return __builtin_expect(hub->over, 0) ? NULL : fut__hub_pop(hub);
        }
        fut__spoke_recycle(fut__hub_pop(hub));
    }
    return NULL;
}

/* Poll what was woken, each spoke once, until a child is READY: its spoke, for fut__spoke_end. NULL: none is, and the
 * task will be woken when there is more to do. If the turn was `over` before the queue was empty, it was woken already.
 * With `one`, only the first on the queue is polled, and that is no turn of its own.
 *
 * `woken` is set meanwhile, because a child that is woken now is on the queue that is being worked through. */
static inline fut__spoke_t *fut__hub_turn(fut__hub_t *hub, fut_context_t *cx, bool one) {
    fut_context_t *const self  = cx->self;
    const uint16_t       round = hub->round += !one;
    fut__spoke_t        *spoke;
    hub->over = true;
    if (__builtin_expect(!fut__hub_listen(hub, cx), 0)) return NULL;
    const fut_waker_t waker = cx->waker;
    const uint8_t     held  = cx->held;
    cx->self                = cx;
    hub->woken              = true;
    hub->over               = false;
    while ((spoke = fut__hub_next(hub, round, cx)) != NULL) {
        spoke->round = round;
        cx->budget--;
        if (fut__spoke_poll(spoke, cx) == FUT_READY) break;
        if (one) {
            spoke = NULL;
            break;
        }
    }
    hub->woken = false;
    cx->waker  = waker;
    cx->held   = held;
    cx->self   = self;
    if (__builtin_expect(hub->over, 0)) fut_context_yield(cx);
    return spoke;
}

#endif
