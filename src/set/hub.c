/* hub.c: wakes, from here and from elsewhere; the waker of the task; memory. hub.h has the picture, the numbers in
 * brackets, and the way of a poll. */
#include "hub.h"

#include <pthread.h>

#include "../core/fork.h"
#include "../core/memory.h"

/* ---- wake ----------------------------------------------------------------------------------------- */

/* `ringing` guards the two words of the task's waker, which the owner may change while others read them. Nobody waits
 * here, so a signal handler on top of either may wake, too (after the AtomicWaker of futures-rs):
 *
 *     REGISTERING   the owner writes. Who comes to wake sets WAKING and goes; the owner, when it is through, finds that
 *                   and wakes the new waker itself.
 *     WAKING        somebody copies the waker and will wake it. Another who comes to wake goes; the owner, if it has a
 *                   new waker just then, does not wait: it wakes that one and registers in the next turn.
 *
 * The bad interleaving would be: the owner looks into the inbox and finds nothing; a spoke is put there; its wake goes
 * to the old waker; the owner registers the new one and sleeps. But the owner registers first, then looks. A wake whose
 * swap of `ringing` comes before the owner's publishes its inbox to the owner's look; one that comes after it sees the
 * new waker.
 *
 * And two wakes: B finds A's WAKING and leaves. A takes WAKING away after that, in the same sequence of swaps, and
 * wakes only then: so what B wrote before is visible to the poll that A causes. */
enum { REGISTERING = 1, WAKING = 2 };

static void wake_outer(fut__hub_t *hub, bool in_interrupt) {
    uint32_t    before = fut__load_relaxed(&hub->ringing);
    fut_waker_t waker;
    while (!fut__cas(&hub->ringing, &before, before | WAKING)) {}
    if (before) return;
    waker = hub->waker;
    fut__clear(&hub->ringing, (uint32_t)WAKING);
    if (in_interrupt)
        fut_wake_from_interrupt(waker);
    else
        fut_wake(waker);
}

/* Once NOTIFIED is set the spoke stays this child's or nobody's, so the hub stays what it is, too. Should the set be
 * gone before the inbox is filled, the next owner of the hub empties it, and was woken for nothing.
 *
 * The inbox is a stack that is only ever emptied whole, so the ABA problem does not arise (R. K. Treiber, 1986). The
 * swap publishes the link, and what this thread did before, to fut__hub_take_inbox. */
static void wake_elsewhere(fut__spoke_t *spoke, fut_tag_t tag, bool in_interrupt) {
    fut__hub_t   *hub   = spoke->hub;
    uint32_t      state = fut__load_relaxed(&spoke->state);
    fut__spoke_t *first;
    do {
        if ((state & ~(uint32_t)FUT__SPOKE_NOTIFIED) != tag) return;
    } while (!fut__cas(&spoke->state, &state, state | FUT__SPOKE_NOTIFIED)); /* (1) (2) */
    if (state & FUT__SPOKE_NOTIFIED) return;
    first = fut__load_relaxed(&hub->inbox);
    do {
        spoke->link = first;
    } while (!fut__cas(&hub->inbox, &first, spoke));
    wake_outer(hub, in_interrupt);
}

/* Any thread: the two words may be of different registrations. Each by itself is one that was true, a waker may be
 * asked at any time, and the executor is the same in all; see hub.h. */
static inline bool is_here(const fut__hub_t *hub) {
    fut_waker_t waker = {fut__load_relaxed(&hub->waker.target), fut__load_relaxed(&hub->waker.tag)};
    if (!waker.target || !fut_waker_vtable_(waker)->is_here) return false;
    return fut_waker_vtable_(waker)->is_here(waker.target, waker.tag);
}

static void wake(void *target, fut_tag_t tag) {
    fut__spoke_t *spoke = target;
    if (fut__spoke_tag(spoke) != tag) return;
    if (__builtin_expect(!is_here(spoke->hub), 0))
        wake_elsewhere(spoke, tag, false);
    else
        fut__spoke_queue(spoke);
}

static void wake_from_interrupt(void *target, fut_tag_t tag) { wake_elsewhere(target, tag, true); }

/* ---- turn ----------------------------------------------------------------------------------------- */

void fut__spoke_end(fut__spoke_t *spoke) {
    fut__add(&spoke->state, FUT__SPOKE_GENERATION); /* (4) */
    spoke->flags &= (uint8_t)~FUT__SPOKE_LIVE;
    fut__spoke_recycle(spoke);
}

/* Empty the inbox into the ready queue, oldest first. The link is read before NOTIFIED goes: from then on the spoke may
 * be put there again. */
void fut__hub_take_inbox(fut__hub_t *hub) {
    fut__spoke_t *spoke = fut__exchange(&hub->inbox, NULL), *oldest = NULL, *next;
    for (; spoke; spoke = next) {
        next        = spoke->link;
        spoke->link = oldest;
        oldest      = spoke;
    }
    for (spoke = oldest; spoke; spoke = next) {
        next = spoke->link;
        fut__clear(&spoke->state, (uint32_t)FUT__SPOKE_NOTIFIED); /* (3) */
        if (!spoke->flags)
            fut__spoke_recycle(spoke);
        else if (!spoke->queued)
            fut__hub_push(hub, spoke);
    }
}

/* ---- children --------------------------------------------------------------------------------------- */

enum { FEWEST = 8, MOST = 1024 };

static bool add_chunk(fut__hub_t *hub) {
    size_t         count = hub->chunks ? 2 * hub->chunks->count : FEWEST;
    fut__spokes_t *chunk;
    if (count > MOST) count = MOST;
    chunk = fut__allocate(sizeof *chunk + count * sizeof chunk->spokes[0]);
    if (!chunk) return false;
    chunk->used  = 0;
    chunk->count = count;
    chunk->next  = hub->chunks;
    hub->chunks  = chunk;
    return true;
}

/* A spoke that nobody has used yet. */
static fut__spoke_t *cut(fut__hub_t *hub) {
    fut__spoke_t *spoke;
    if ((!hub->chunks || hub->chunks->used == hub->chunks->count) && !add_chunk(hub)) return NULL;
    spoke  = &hub->chunks->spokes[hub->chunks->used++];
    *spoke = (fut__spoke_t){.hub = hub};
    return spoke;
}

fut__spoke_t *fut__spoke_take(fut__hub_t *hub, fut_future_t *started, void *owner) {
    fut__spoke_t *spoke = hub->free;
    if (spoke)
        hub->free = spoke->next;
    else if (!(spoke = cut(hub)))
        return NULL;
    fut_strand_init(&spoke->strand, started);
    spoke->owner = owner;
    spoke->flags = FUT__SPOKE_LIVE;
    spoke->round = (uint16_t)(hub->round - 1); /* not in this turn, if there is one */
    return spoke;
}

void fut__hub_visit(fut__hub_t *hub, fut__spoke_visitor_t *visit, void *data) {
    for (fut__spokes_t *chunk = hub->chunks; chunk; chunk = chunk->next)
        for (size_t i = 0; i < chunk->used; i++)
            if (chunk->spokes[i].flags & FUT__SPOKE_LIVE) visit(&chunk->spokes[i], data);
}

/* The end of what the child awaits may be anything, also the end of this spoke. It is polled although it may have been
 * in this turn: the turn in which others are cancelled can be that in which they end. */
void fut__spoke_cancel(fut__spoke_t *spoke, void *unused) {
    const uint32_t tag = fut__spoke_tag(spoke);
    (void)unused;
    fut_cancel(spoke->strand.root);
    if (fut__spoke_tag(spoke) != tag) return;
    spoke->round = (uint16_t)(spoke->hub->round - 1);
    fut__spoke_queue(spoke);
}

void fut__spoke_drop(fut__spoke_t *spoke, void *unused) {
    fut_future_t *future = spoke->strand.root;
    (void)unused;
    fut__spoke_end(spoke);
    fut_drop(future);
}

/* ---- the waker of the task, and those who count ------------------------------------------------------- */

/* Guards what is rarely touched: idle hubs, and the counts of clones with the waker that each was counted with. Nothing
 * is called with it held. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Each clone of a spoke's waker is a clone of the task's. When that is another one, so are they: `count` of them
 * move. */
static void move_clones(fut_waker_t from, fut_waker_t to, size_t count) {
    for (; count > 0; count--) {
        fut_waker_clone(to);
        fut_waker_drop(from);
    }
}

/* False: somebody is reading the old one. */
static bool write_waker(fut__hub_t *hub, fut_waker_t waker, bool *rung) {
    fut_waker_t old  = hub->waker;
    uint32_t    idle = 0;
    size_t      clones;
    while (!fut__cas(&hub->ringing, &idle, REGISTERING))
        if (idle != 0) return false;
    pthread_mutex_lock(&lock);
    fut__store_relaxed(&hub->waker.target, waker.target); /* the exchange below publishes both to wake_outer; */
    fut__store_relaxed(&hub->waker.tag, waker.tag);       /* is_here reads them at any time, in any order      */
    clones = hub->clones;
    pthread_mutex_unlock(&lock);
    *rung = fut__exchange(&hub->ringing, 0) & WAKING;
    move_clones(old, waker, clones);
    return true;
}

bool fut__hub_change_waker(fut__hub_t *hub, fut_context_t *cx) {
    bool rung    = false;
    bool written = write_waker(hub, cx->waker, &rung);
    if (!written || rung) fut_context_yield(cx);
    return written;
}

static void shelve(fut__hub_t *hub);

static void count_clone(void *target, fut_tag_t tag) {
    fut__hub_t *hub = ((fut__spoke_t *)target)->hub;
    fut_waker_t waker;
    (void)tag;
    pthread_mutex_lock(&lock);
    hub->clones++;
    waker = hub->waker;
    pthread_mutex_unlock(&lock);
    fut_waker_clone(waker);
}

static void count_drop(void *target, fut_tag_t tag) {
    fut__hub_t *hub   = ((fut__spoke_t *)target)->hub;
    fut_waker_t waker = {NULL, 0};
    (void)tag;
    pthread_mutex_lock(&lock);
    if (hub->clones > 0) {
        waker = hub->waker;
        if (--hub->clones == 0 && hub->retired) shelve(hub);
    }
    pthread_mutex_unlock(&lock);
    fut_waker_drop(waker);
}

static int spawn_beside(void *target, fut_tag_t tag, const fut_vtable_t *vtable, const void *args) {
    fut_waker_t outer = ((fut__spoke_t *)target)->hub->waker;
    (void)tag;
    if (!outer.target || !fut_waker_vtable_(outer)->spawn) return -FUT_ENOTSUP;
    return fut_waker_vtable_(outer)->spawn(outer.target, outer.tag, vtable, args);
}

static fut_waker_t outer_of(void *target, fut_tag_t tag) {
    (void)tag;
    return ((fut__spoke_t *)target)->hub->waker;
}

/* For a hub inside a child of this one. */
static bool spoke_is_here(void *target, fut_tag_t tag) {
    const fut__spoke_t *spoke = target;
    return fut__spoke_tag(spoke) == tag && is_here(spoke->hub);
}

static const fut_waker_vtable_t wakers = {wake,     wake_from_interrupt, count_clone, count_drop, spawn_beside,
                                          outer_of, spoke_is_here};

/* ---- hubs --------------------------------------------------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static fut__hub_t    *shelf; /* idle ones */
static fut__hub_t    *all;   /* so that each can be reached from somewhere */

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork(void) { pthread_mutex_unlock(&lock); }
static void watch_forks(void) { fut__at_fork(before_fork, after_fork, after_fork); }

static fut__hub_t *new_hub(unsigned forks) {
    fut__hub_t *hub = fut__allocate_zeroed(sizeof *hub);
    if (!hub) return NULL;
    hub->wakers = wakers;
    hub->forks  = forks;
    hub->woken  = true;
    hub->last   = &hub->first;
    hub->all    = all;
    all         = hub;
    return hub;
}

/* In the child of a fork one that the parent made is not used again: a wake may have been under way in a thread that is
 * not there. */
fut__hub_t *fut__hub_take(void) {
    unsigned    forks = fut__forks();
    fut__hub_t *hub;
    pthread_once(&once, watch_forks);
    pthread_mutex_lock(&lock);
    while ((hub = shelf) != NULL) {
        shelf = hub->idle;
        if (hub->forks == forks) break;
    }
    if (!hub) hub = new_hub(forks);
    pthread_mutex_unlock(&lock);
    return hub;
}

static void shelve(fut__hub_t *hub) {
    hub->retired = false;
    hub->idle    = shelf;
    shelf        = hub;
}

/* What is left on the queue has ended; it is free now. */
static void forget_queue(fut__hub_t *hub) {
    while (hub->first) fut__spoke_recycle(fut__hub_pop(hub));
}

/* A task that is registered no longer is not woken any more, except by a wake that is under way now. `woken` stays
 * until the next owner's first turn: whom should its first children wake? */
void fut__hub_put(fut__hub_t *hub) {
    const fut_waker_t nobody = {NULL, 0};
    bool              rung;
    if (!hub) return;
    forget_queue(hub);
    hub->woken = true;
    (void)write_waker(hub, nobody, &rung);
    pthread_mutex_lock(&lock);
    if (hub->clones > 0)
        hub->retired = true;
    else
        shelve(hub);
    pthread_mutex_unlock(&lock);
}
