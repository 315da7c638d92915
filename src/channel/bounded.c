/* bounded.c: the ring's two ends, and what is not a single compare-and-swap.    layer: channel; needs: core, sync
 *
 *     send      the tail's cell is free: move the tail, fill the cell. Somebody waits for the tail: call the first
 *     recv      the head's cell is full: move the head, empty the cell. Somebody waits for the head: call the first
 *     full      line up at the head, under its lock, having seen that it is full
 *     empty     line up at the tail, under its lock, having seen that it is empty
 *     close     the tail first: nothing is sent any more. Then everybody in both lines is let go
 *
 * The interleaving that must not happen: a receiver finds the ring empty; a sender sends and finds nobody waiting; the
 * receiver lines up, and sleeps beside a message. With a flag of its own that takes a fence on either side (store the
 * message, fence, look at the flag; store the flag, fence, look for a message), in every send. Here the flag is in the
 * word that a send changes anyway: lining up takes the tail's lock, so the tail stands still while the receiver looks;
 * a send that came before is seen, and one that comes after sees WAITING in the very word that it has to exchange. The
 * same at the head for senders. Nobody holds both locks.
 *
 * Who moved an end and was stopped before it filled (or emptied) the cell keeps those behind waiting for that cell:
 * they spin as for a lock (fut__relax), and cannot pass, since the order is fixed. "Full" and "empty" are said only of
 * positions, so an answer is never wrong because of somebody who is slow.
 *
 * A send first tells the receiver and leaves the tail, then fills the cell: filling is its last access. So the channel
 * may be destroyed by whoever has taken the last message. The waker is called after that, and belongs to nobody's
 * memory.
 *
 * Positions have 61 bits, and do not wrap. Where a pointer has 32 bits they have 29: there a thread that was stopped
 * inside of one call while exactly a multiple of 2^29 messages passed would take a cell that is not free.
 */
#include <errno.h>

#include "../sync/misuse.h"
#include "future/channel_bounded.h"
#include "line.h"

typedef fut_channel_end_t end_t;

enum { WAITING = FUT_CHANNEL_WAITING_, CLOSED = FUT_CHANNEL_CLOSED_, ONE = FUT_CHANNEL_ONE_, FULL = FUT_CHANNEL_FULL_ };
_Static_assert((int)FUT_CHANNEL_BUSY_ == (int)FUT__BUSY, "one name for the lock");

/* ---- Positions and cells ------------------------------------------------------------------------ */

static uintptr_t position(uintptr_t word) { return word & ~(uintptr_t)FUT_CHANNEL_FLAGS_; }

/* The position behind, with the same flags. */
static inline uintptr_t behind(const fut_channel_t *channel, uintptr_t word) {
    if ((word & (channel->lap - 1)) < channel->last) return word + ONE;
    return (word & (~(channel->lap - 1) | FUT_CHANNEL_FLAGS_)) + channel->lap;
}

/* Its cell, which begins with a mark: a lap, free for a sender; a lap and FULL. */
static inline unsigned char *cell_at(const fut_channel_t *channel, uintptr_t word) {
    return channel->cells + (word & (channel->lap - 1)) / ONE * channel->stride;
}
static inline uint32_t *mark_of(unsigned char *cell) { return (uint32_t *)(void *)cell; }
static inline uint32_t  lap_of(const fut_channel_t *channel, uintptr_t word) {
     return (uint32_t)(word & ~(channel->lap - 1));
}
/* lap: free for it; lap | FULL: full in it. Acquires what the cell's last user did. */
static inline bool is_marked(unsigned char *cell, uint32_t mark) { return fut__load_acquire(mark_of(cell)) == mark; }

/* Publishes the message to whoever takes it: the last access of a send. */
static inline void fill(const fut_channel_t *channel, unsigned char *cell, uint32_t lap, const void *item) {
    fut_channel_copy_(cell + channel->item, item, channel->size);
    fut__store_release(mark_of(cell), lap | FULL);
}
/* Publishes that the cell is free to the sender of the next lap: the last access of a receive. */
static inline void empty(const fut_channel_t *channel, unsigned char *cell, uint32_t lap, void *item) {
    fut_channel_copy_(item, cell + channel->item, channel->size);
    fut__store_release(mark_of(cell), lap + (uint32_t)channel->lap);
}

/* ---- init, destroy ---------------------------------------------------------------------------- */

/* A lap is more than the capacity: then a cell that is full and one that is free for the next lap differ, also in a
 * ring of one. */
int fut_channel_init(fut_channel_t *channel, void *memory, size_t size, size_t capacity) {
    uintptr_t lap = 2 * ONE;
    size_t    i;
    if (size == 0 || size > INT32_MAX / 2 || capacity == 0 || capacity > FUT_CHANNEL_MAX) return -EINVAL;
    if (!memory || (uintptr_t)memory % sizeof(uint32_t) != 0) return -EINVAL;
    while (lap <= capacity * ONE) lap *= 2;
    *channel = (fut_channel_t){.cells    = memory,
                               .stride   = (uint32_t)FUT_CHANNEL_CELL_(size),
                               .item     = FUT_CHANNEL_ITEM_AT_(size),
                               .size     = (uint32_t)size,
                               .capacity = (uint32_t)capacity,
                               .lap      = lap,
                               .last     = (capacity - 1) * ONE};
    for (i = 0; i < capacity; i++) *(uint32_t *)(void *)(channel->cells + i * channel->stride) = 0;
    return 0;
}

void fut_channel_destroy(fut_channel_t *channel) {
    if (channel->tail.line.waiters.first || channel->head.line.waiters.first)
        FUT__MISUSE("fut_channel_destroy", "somebody waits for this channel");
}

/* ---- The lock of an end ------------------------------------------------------------------------- */

/* As fut__enter and fut__leave, for a word as wide as a pointer: acquires what the last holder left, and what moved
 * the end. */
static uintptr_t enter(end_t *end) {
    uintptr_t word  = fut__load_relaxed(&end->word);
    unsigned  tries = 0;
    for (;;) {
        if (word & FUT__BUSY) {
            fut__relax(&tries);
            word = fut__load_relaxed(&end->word);
        } else if (fut__cas(&end->word, &word, word | FUT__BUSY)) {
            return word;
        }
    }
}

/* Publishes the line to the next enter, and the word to everybody. WAITING says what is true of the line. */
static void leave(end_t *end, uintptr_t word) {
    fut__store_release(&end->word, end->line.waiters.first ? word | WAITING : word & ~(uintptr_t)WAITING);
}

/* To a word without flags, where nobody waits. False: the end is somewhere else by now. What is in the cells is
 * published and acquired by the cells' own words. */
static inline bool step(end_t *end, uintptr_t word, uintptr_t next) { return fut__cas(&end->word, &word, next); }

/* From `word` to `next`, `count` cells. Who waits for that is told, and is to be woken once the cells are done. False:
 * the end is somewhere else by now. */
static bool move(end_t *end, uintptr_t word, uintptr_t next, uint32_t count, fut__wakes_t *wakes) {
    if (!(word & WAITING)) return step(end, word, next);
    if (!step(end, word, word | FUT__BUSY)) return false;
    fut__call(&end->line, count, wakes);
    leave(end, next);
    return true;
}

/* ---- push, pop ------------------------------------------------------------------------------------ */

/* Of a tail and a head, one of which stands still, or was loaded before the other; the other cannot have passed it. */
static bool is_full(const fut_channel_t *channel, uintptr_t tail, uintptr_t head) {
    return position(tail) == position(head) + channel->lap;
}
static bool is_empty(uintptr_t tail, uintptr_t head) { return position(tail) == position(head); }

/* The usual: nobody waits, nothing is closed, nobody was faster. */
static inline bool push_at_once(fut_channel_t *channel, const void *item) {
    const uintptr_t      word = fut__load_relaxed(&channel->tail.word);
    unsigned char *const cell = cell_at(channel, word);
    const uint32_t       lap  = lap_of(channel, word);
    if (word & FUT_CHANNEL_FLAGS_ || !is_marked(cell, lap)) return false;
    if (!step(&channel->tail, word, behind(channel, word))) return false;
    fill(channel, cell, lap, item);
    return true;
}
static inline bool pop_at_once(fut_channel_t *channel, void *item) {
    const uintptr_t      word = fut__load_relaxed(&channel->head.word);
    unsigned char *const cell = cell_at(channel, word);
    const uint32_t       lap  = lap_of(channel, word);
    if (word & FUT_CHANNEL_FLAGS_ || !is_marked(cell, lap | FULL)) return false;
    if (!step(&channel->head, word, behind(channel, word))) return false;
    empty(channel, cell, lap, item);
    return true;
}

static int push(fut_channel_t *channel, const void *item) {
    fut__wakes_t wakes;
    unsigned     tries = 0;
    wakes.count        = 0;
    for (;; fut__relax(&tries)) {
        const uintptr_t word = fut__load_acquire(&channel->tail.word); /* before the head: pairs with who moved it */
        if (word & CLOSED) return -EPIPE;
        if (word & FUT__BUSY) continue;
        if (is_marked(cell_at(channel, word), lap_of(channel, word))) {
            if (!move(&channel->tail, word, behind(channel, word), 1, &wakes)) continue;
            fill(channel, cell_at(channel, word), lap_of(channel, word), item);
            fut__wake_all(&wakes);
            return 0;
        }
        if (is_full(channel, word, fut__load_acquire(&channel->head.word))) return -EAGAIN;
    }
}

/* How many cells from here on, without going round, are full; at most `max`. */
static uint32_t count_full(const fut_channel_t *channel, uintptr_t word, uint32_t max) {
    const uint32_t here = (uint32_t)((word & (channel->lap - 1)) / ONE);
    uint32_t       count;
    if (max > channel->capacity - here) max = channel->capacity - here;
    for (count = 0; count < max; count++, word += ONE)
        if (!is_marked(cell_at(channel, word), lap_of(channel, word) | FULL)) break;
    return count;
}

/* The position behind `count` cells, which do not go round. */
static uintptr_t advance(const fut_channel_t *channel, uintptr_t word, uint32_t count) {
    return behind(channel, word + (uintptr_t)(count - 1) * ONE);
}

static void empty_cells(fut_channel_t *channel, uintptr_t word, unsigned char *items, uint32_t count) {
    for (; count > 0; count--, word += ONE, items += channel->size)
        empty(channel, cell_at(channel, word), lap_of(channel, word), items);
}

/* Up to `max` at once, and where senders wait no more than can be woken at once. How many, or a negative errno. */
static int pop(fut_channel_t *channel, void *items, uint32_t max) {
    fut__wakes_t wakes;
    unsigned     tries = 0;
    wakes.count        = 0;
    for (;; fut__relax(&tries)) {
        const uintptr_t word = fut__load_acquire(&channel->head.word); /* before the tail: pairs with who moved it */
        const uint32_t  most = word & WAITING && max > FUT__WAKES ? FUT__WAKES : max;
        const uint32_t  full = count_full(channel, word, most);
        if (word & FUT__BUSY) continue;
        if (full > 0) {
            if (!move(&channel->head, word, advance(channel, word, full), full, &wakes)) continue;
            empty_cells(channel, word, items, full);
            fut__wake_all(&wakes);
            return (int)full;
        }
        const uintptr_t tail = fut__load_acquire(&channel->tail.word);
        if (is_empty(tail, word)) return tail & CLOSED ? -EPIPE : -EAGAIN;
    }
}

int fut_channel_try_send(fut_channel_t *channel, const void *item) {
    return push_at_once(channel, item) ? 0 : push(channel, item);
}
int fut_channel_try_recv_many(fut_channel_t *channel, void *items, uint32_t max) {
    if (max == 0) return -EINVAL;
    return pop(channel, items, max > FUT_CHANNEL_MAX ? FUT_CHANNEL_MAX : max);
}
int fut_channel_try_recv(fut_channel_t *channel, void *item) {
    int count;
    if (pop_at_once(channel, item)) return 0;
    count = pop(channel, item, 1);
    return count < 0 ? count : 0;
}

/* ---- Waiting --------------------------------------------------------------------------------------- */

/* Polled again: where does it stand? The usual poll for nothing brings the same waker and needs no lock, as in
 * fut__poll_waiter; another waker is written under it, unless the old one was woken meanwhile. */
static uint32_t look(end_t *end, fut_waiter_t *waiter, fut_context_t *cx) {
    const fut_waker_t waker = fut_context_waker(cx);
    fut_waker_t       stale = waker;
    uint32_t          state = fut__state(waiter);
    uintptr_t         word;
    if (state != FUT_WAITER_QUEUED || fut_waker_same(waiter->waker, waker)) return state;
    (void)fut_waker_clone(waker);
    word  = enter(end);
    state = fut__load_relaxed(&waiter->state);
    if (state == FUT_WAITER_QUEUED) {
        stale         = waiter->waker;
        waiter->waker = waker;
    }
    leave(end, word);
    fut_waker_drop(stale);
    return state;
}

static void quit(end_t *end, fut_waiter_t *waiter) {
    const uintptr_t word = enter(end);
    fut_waker_t     waker;
    const bool      wake = fut__quit_line(&end->line, waiter, &waker);
    leave(end, word);
    if (wake) fut_wake(waker);
    fut_waker_drop(waker);
}

/* False: there is room by now, or it is closed. The head stands still, and the tail cannot pass it by more than a lap.
 * */
static bool sender_lines_up(fut_channel_send_t *self, fut_context_t *cx) {
    end_t *const    head = &self->channel->head;
    const uintptr_t word = enter(head);
    const bool wait = !(word & CLOSED) && is_full(self->channel, fut__load_acquire(&self->channel->tail.word), word);
    if (wait) fut__line_up(&head->line, &self->waiter, self->future.point != FUT_POINT_START, cx);
    leave(head, word);
    return wait;
}

/* False: there is something by now, or it is closed. The tail stands still, and the head cannot pass it. */
static bool receiver_lines_up(fut_channel_t *channel, fut_waiter_t *waiter, bool again, fut_context_t *cx) {
    end_t *const    tail = &channel->tail;
    const uintptr_t word = enter(tail);
    const bool      wait = !(word & CLOSED) && is_empty(word, fut__load_acquire(&channel->head.word));
    if (wait) fut__line_up(&tail->line, waiter, again, cx);
    leave(tail, word);
    return wait;
}

/* ---- poll ------------------------------------------------------------------------------------------ */

static __attribute__((noinline)) fut_poll_t send_slowly(fut_channel_send_t *self, fut_context_t *cx) {
    fut_channel_t *const channel = self->channel;
    int                  answer;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point != FUT_POINT_START && look(&channel->head, &self->waiter, cx) == FUT_WAITER_QUEUED)
        return FUT_PENDING;
    if (!fut_context_spend(cx)) return FUT_PENDING; /* its turn is over; what it was told is still true for it */
    do answer = push(channel, self->item);
    while (answer == -EAGAIN && !sender_lines_up(self, cx));
    if (answer == -EAGAIN) return fut_pending(&self->future);
    self->output = answer;
    return fut_ready(&self->future);
}

/* For both receiving futures. -EAGAIN: PENDING. */
static int receive(fut_future_t *future, fut_channel_t *channel, void *items, uint32_t max, fut_waiter_t *waiter,
                   fut_context_t *cx) {
    const bool again = future->point != FUT_POINT_START;
    int        answer;
    if (again && look(&channel->tail, waiter, cx) == FUT_WAITER_QUEUED) return -EAGAIN;
    if (!fut_context_spend(cx)) return -EAGAIN;
    do answer = pop(channel, items, max);
    while (answer == -EAGAIN && !receiver_lines_up(channel, waiter, again, cx));
    if (answer == -EAGAIN) future->point = FUT_POINT_PENDING;
    return answer;
}

static __attribute__((noinline)) fut_poll_t recv_slowly(fut_channel_recv_t *self, fut_context_t *cx) {
    int answer;
    if (fut_is_done(&self->future)) return FUT_READY;
    answer = receive(&self->future, self->channel, self->item, 1, &self->waiter, cx);
    if (answer == -EAGAIN) return FUT_PENDING;
    self->output = answer < 0 ? answer : 0;
    return fut_ready(&self->future);
}

/* The first poll, where nobody is in the way, needs little of the above. */
fut_poll_t fut_channel_send_poll(fut_channel_send_t *self, fut_context_t *cx) {
    if (self->future.point != FUT_POINT_START || cx->budget == 0 || !push_at_once(self->channel, self->item))
        return send_slowly(self, cx);
    cx->budget--;
    self->output = 0;
    return fut_ready(&self->future);
}
fut_poll_t fut_channel_recv_poll(fut_channel_recv_t *self, fut_context_t *cx) {
    if (self->future.point != FUT_POINT_START || cx->budget == 0 || !pop_at_once(self->channel, self->item))
        return recv_slowly(self, cx);
    cx->budget--;
    self->output = 0;
    return fut_ready(&self->future);
}

fut_poll_t fut_channel_recv_many_poll(fut_channel_recv_many_t *self, fut_context_t *cx) {
    const uint32_t max = self->max < FUT_CHANNEL_MAX ? self->max : FUT_CHANNEL_MAX;
    int            answer;
    if (fut_is_done(&self->future)) return FUT_READY;
    answer = max == 0 ? -EINVAL : receive(&self->future, self->channel, self->items, max, &self->waiter, cx);
    if (answer == -EAGAIN) return FUT_PENDING;
    self->output = answer;
    return fut_ready(&self->future);
}

/* ---- For plain threads ------------------------------------------------------------------------------- */

int fut_channel_send_blocking(fut_channel_t *channel, const void *item) {
    fut_channel_send_t send;
    int                error;
    FUT_START(send, fut_channel_send, channel, item);
    error = fut_wait_on_thread(&send.future);
    return error < 0 ? error : send.output;
}

int fut_channel_recv_blocking(fut_channel_t *channel, void *item) {
    fut_channel_recv_t recv;
    int                error;
    FUT_START(recv, fut_channel_recv, channel, item);
    error = fut_wait_on_thread(&recv.future);
    return error < 0 ? error : recv.output;
}

/* ---- close, stats -------------------------------------------------------------------------------------- */

static void close_end(end_t *end) {
    fut__wakes_t wakes;
    bool         more;
    wakes.count = 0;
    do {
        const uintptr_t word = enter(end) | CLOSED;
        more                 = fut__release_line(&end->line, &wakes);
        leave(end, word);
        fut__wake_all(&wakes);
    } while (more);
}

void fut_channel_close(fut_channel_t *channel) {
    close_end(&channel->tail);
    close_end(&channel->head);
}

/* The number of a position, counted from the beginning. */
static uintptr_t count_to(const fut_channel_t *channel, uintptr_t word) {
    return word / channel->lap * channel->capacity + (word & (channel->lap - 1)) / ONE;
}

void fut_channel_stats(const fut_channel_t *channel, fut_channel_stats_t *stats) {
    const uintptr_t head = fut__load_acquire(&channel->head.word); /* first: it is not behind the tail, then */
    const uintptr_t tail = fut__load_acquire(&channel->tail.word);
    const uintptr_t sent = count_to(channel, tail) - count_to(channel, head);
    stats->capacity      = channel->capacity;
    stats->messages      = sent < channel->capacity ? sent : channel->capacity;
    stats->senders       = fut__load_relaxed(&channel->head.line.length);
    stats->receivers     = fut__load_relaxed(&channel->tail.line.length);
    stats->closed        = tail & CLOSED;
}

/* ---- drop, describe -------------------------------------------------------------------------------------- */

static void channel_send_drop(fut_future_t *future) {
    fut_channel_send_t *self = (fut_channel_send_t *)(void *)future;
    if (future->point != FUT_POINT_START) quit(&self->channel->head, &self->waiter);
}
static void channel_recv_drop(fut_future_t *future) {
    fut_channel_recv_t *self = (fut_channel_recv_t *)(void *)future;
    if (future->point != FUT_POINT_START) quit(&self->channel->tail, &self->waiter);
}
static void channel_recv_many_drop(fut_future_t *future) {
    fut_channel_recv_many_t *self = (fut_channel_recv_many_t *)(void *)future;
    if (future->point != FUT_POINT_START) quit(&self->channel->tail, &self->waiter);
}

static void describe_line(const end_t *end, const char *text, fut_note_t *note) {
    note->text   = text;
    note->number = fut__load_relaxed(&end->line.length);
    note->kind   = FUT_NOTE_NUMBER;
}
static void channel_send_describe(const fut_future_t *future, fut_note_t *note) {
    describe_line(&((const fut_channel_send_t *)(const void *)future)->channel->head,
                  "room in a channel; so many wait for it:", note);
}
static void channel_recv_describe(const fut_future_t *future, fut_note_t *note) {
    describe_line(&((const fut_channel_recv_t *)(const void *)future)->channel->tail,
                  "a message in a channel; so many wait for one:", note);
}
static void channel_recv_many_describe(const fut_future_t *future, fut_note_t *note) {
    describe_line(&((const fut_channel_recv_many_t *)(const void *)future)->channel->tail,
                  "messages in a channel; so many wait for them:", note);
}

FUT_DEFINE_DECLARED(fut_channel_send, .drop = channel_send_drop, .describe = channel_send_describe,
                    .loses = FUT_LOSES_PLACE);
FUT_DEFINE_DECLARED(fut_channel_recv, .drop = channel_recv_drop, .describe = channel_recv_describe,
                    .loses = FUT_LOSES_PLACE);
FUT_DEFINE_DECLARED(fut_channel_recv_many, .drop = channel_recv_many_drop, .describe = channel_recv_many_describe,
                    .loses = FUT_LOSES_PLACE);
