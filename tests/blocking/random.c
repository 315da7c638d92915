/* Random plays with a pool of one thread against a small model: a job that runs, a queue, those who were given a place, a
 * line. Whoever runs waits for the play, so each step has one outcome. */
#include "../play.h"
#include "kit.h"

enum { SLOTS = 7, STEPS = 60 };
typedef enum { NONE, LINE, PLACE, QUEUE, RUNNING, DONE, ENDED } place_t;
static const char *const names[] = {"none", "line", "place", "queue", "running", "done", "ended"};

/* ---- The model ------------------------------------------------------------------------------------------ */

typedef struct model {
    place_t  at[SLOTS];
    int      turn[SLOTS]; /* who came first: the smaller number */
    bool     told[SLOTS]; /* asked to end                       */
    bool     detached;    /* the job that runs has no future    */
    bool     busy;
    unsigned capacity;
    int      turns;
} model_t;
static model_t model;

static int first_at(place_t place) {
    int first = -1;
    for (int i = 0; i < SLOTS; i++)
        if (model.at[i] == place && (first < 0 || model.turn[i] < model.turn[first])) first = i;
    return first;
}
static unsigned count_at(place_t place) {
    unsigned count = 0;
    for (int i = 0; i < SLOTS; i++) count += model.at[i] == place;
    return count;
}
static void model_grant(void) {
    const int next = first_at(LINE);
    if (next >= 0 && count_at(QUEUE) + count_at(PLACE) < model.capacity) model.at[next] = PLACE;
}
static void model_take(void) {
    const int next = first_at(QUEUE);
    if (model.busy || next < 0) return;
    model.at[next] = RUNNING;
    model.busy     = true;
    model_grant();
}
static void model_submit(int i) {
    model.at[i]   = QUEUE;
    model.turn[i] = model.turns++;
    model_take();
}
static void model_begin(int i) {
    model.told[i] = false;
    if (first_at(LINE) >= 0 || count_at(QUEUE) + count_at(PLACE) >= model.capacity) {
        model.at[i]   = LINE;
        model.turn[i] = model.turns++;
    } else {
        model_submit(i);
    }
}
static void model_leave(int i) {
    const place_t from = model.at[i];
    model.at[i]        = NONE;
    if (from == RUNNING) model.detached = true;
    if (from == QUEUE || from == PLACE) model_grant();
}

/* ---- The real thing -------------------------------------------------------------------------------------- */

static gate_t           gates[SLOTS + 1]; /* of a slot; a job that was detached keeps its own until it ends */
static gate_t          *gate_of[SLOTS], *gate_of_running;
static hold_t           slots[SLOTS];
static fut_test_waker_t wakers[SLOTS];

static gate_t *free_gate(void) {
    for (int g = 0; g <= SLOTS; g++) {
        bool used = gate_of_running == &gates[g];
        for (int i = 0; i < SLOTS; i++) used = used || gate_of[i] == &gates[g];
        if (!used) return &gates[g];
    }
    abort();
}

/* The thread has done what it must after this step. */
static void settle(void) {
    const int running = first_at(RUNNING);
    if (running >= 0) {
        gate_of_running = gate_of[running];
        play_claim(fut_event_wait_blocking(&gate_of_running->entered) == 0, "the job does not begin");
    }
    UNTIL(counts().running == model.busy);
}

static void check(void) {
    fut_pool_counts_t now = counts();
    play_claim(now.queued == count_at(QUEUE), "%u queued, not %u", now.queued, count_at(QUEUE));
    play_claim(now.waiting == count_at(LINE), "%u in the line, not %u", now.waiting, count_at(LINE));
    play_claim(now.running == model.busy, "%u run", now.running);
    for (int i = 0; i < SLOTS; i++)
        if (model.at[i] == PLACE || model.at[i] == DONE)
            play_claim(LOAD(wakers[i].wakes) > 0, "%d is at %s and was not woken", i, names[model.at[i]]);
}

/* ---- Steps ------------------------------------------------------------------------------------------------ */

static void begin(int i) {
    gate_t *gate = free_gate();
    play_say("begin %d", i);
    gate_init(gate);
    gate_of[i]      = gate;
    wakers[i].wakes = 0;
    ON(slots[i], hold, gate, i + 1);
    play_claim(POLL(slots[i], wakers[i]) == FUT_PENDING, "%d is ready at once", i);
    model_begin(i);
}

static void expect_ready(int i) {
    const int expected = model.told[i] ? -(i + 1) : i + 1;
    play_claim(POLL(slots[i], wakers[i]) == FUT_READY, "%d is done, and not ready", i);
    play_claim(slots[i].output == expected, "%d has the output %d, not %d", i, slots[i].output, expected);
    model.at[i] = NONE;
    gate_of[i]  = NULL;
}

static void poll(int i) {
    play_say("poll %d", i);
    if (model.at[i] == DONE) {
        expect_ready(i);
        return;
    }
    play_claim(POLL(slots[i], wakers[i]) == FUT_PENDING, "%d is at %s, and ready", i, names[model.at[i]]);
    if (model.at[i] == PLACE) {
        wakers[i].wakes = 0;
        model_submit(i);
    }
}

static void drop(int i) {
    play_say("drop %d", i);
    fut_drop(&slots[i].future);
    play_claim(slots[i].output == -ECANCELED, "%d was dropped, and has the output %d", i, slots[i].output);
    model_leave(i);
    gate_of[i] = NULL;
}

static void cancel(int i) {
    play_say("cancel %d", i);
    fut_cancel(&slots[i].future);
    if (model.at[i] == RUNNING) model.told[i] = true;
    if (model.at[i] == RUNNING || model.at[i] == DONE) return;
    play_claim(fut_is_done(&slots[i].future) && slots[i].output == -ECANCELED, "%d goes on", i);
    model_leave(i);
    gate_of[i] = NULL;
}

static void let_end(void) {
    const int               running = first_at(RUNNING);
    const fut_pool_counts_t before  = counts();
    play_say("end");
    if (running >= 0) model.at[running] = DONE;
    model.busy = model.detached = false;
    fut_event_set(&gate_of_running->open);
    UNTIL(counts().ended == before.ended + 1);
    if (running >= 0) UNTIL(LOAD(wakers[running].clones) == LOAD(wakers[running].drops));
    gate_of_running = NULL;
    model_take();
}

static void step(void) {
    const int i = (int)play_pick(SLOTS);
    switch (play_pick(8)) {
        case 0:
        case 1:
        case 2:
            if (model.at[i] == NONE) begin(i);
            break;
        case 3:
        case 4:
            if (model.at[i] != NONE) poll(i);
            break;
        case 5:
            if (model.at[i] != NONE && !(model.at[i] == RUNNING && model.detached)) drop(i);
            break;
        case 6:
            if (model.at[i] != NONE) cancel(i);
            break;
        default:
            if (model.busy) let_end();
    }
}

static void walk(const void *capacity) {
    memset(&model, 0, sizeof model);
    memset(gate_of, 0, sizeof gate_of);
    memset(wakers, 0, sizeof wakers);
    gate_of_running = NULL;
    model.capacity  = *(const unsigned *)capacity;
    fut_pool_init(&pool, &(fut_pool_options_t){.threads = 1, .queue = model.capacity, .spin = -1});
    while (play_more(STEPS)) {
        step();
        settle();
        check();
    }
    for (int i = 0; i < SLOTS; i++)
        if (model.at[i] != NONE) {
            fut_drop(&slots[i].future);
            model_leave(i);
        }
    if (gate_of_running) fut_event_set(&gate_of_running->open);
    play_claim(fut_pool_destroy(&pool, FUT_FOREVER) == 0, "the pool does not end");
    for (int i = 0; i < SLOTS; i++)
        play_claim(wakers[i].clones == wakers[i].drops, "a waker of %d was not given back", i);
}

Test(blocking, does_what_its_model_does) {
    static const unsigned capacities[] = {1, 2, 3};
    for (int i = 0; i < 3; i++) play_all(walk, &capacities[i], 150);
}
