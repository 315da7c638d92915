/* Everything that hands out permits, against a model of twenty lines, in random order: started, polled for nothing, dropped and
 * cancelled at every point, given back. After each step the model says who has been woken, and each poll's answer.
 *
 * A mutex is a semaphore of one; a rwlock is one of SLOTS, of which a writer takes all and a reader one. */
#include "../play.h"
#include "kit.h"

enum { SLOTS = 8, STEPS = 4000, SEEDS = 30 };

/* ---- What is tested ---------------------------------------------------------------------------- */

typedef union leaf {
    fut_future_t                  future;
    fut_mutex_lock_t              mutex;
    fut_local_mutex_lock_t        local_mutex;
    fut_semaphore_acquire_t       semaphore;
    fut_local_semaphore_acquire_t local_semaphore;
    fut_rwlock_read_t             read;
    fut_rwlock_write_t            write;
} leaf_t;

static union object {
    fut_mutex_t           mutex;
    fut_local_mutex_t     local_mutex;
    fut_semaphore_t       semaphore;
    fut_local_semaphore_t local_semaphore;
    fut_rwlock_t          rwlock;
} object;

typedef struct kind {
    const char *name;
    unsigned    capacity;
    unsigned (*amount)(void); /* how much one wants */
    void (*init)(void);
    void (*start)(leaf_t *leaf, unsigned amount);
    bool (*try_it)(unsigned amount);
    void (*give)(unsigned amount);
    void (*destroy)(void);
} kind_t;

static unsigned one(void) { return 1; }
static unsigned few(void) { return play_pick(6); } /* also none at all */
static unsigned one_or_all(void) { return play_pick(3) ? 1 : SLOTS; }

static void mutex_init(void) { fut_mutex_init(&object.mutex); }
static void mutex_start(leaf_t *leaf, unsigned amount) {
    (void)amount;
    START(leaf->mutex, fut_mutex_lock, &object.mutex);
}
static bool mutex_try(unsigned amount) { return (void)amount, fut_mutex_try_lock(&object.mutex); }
static void mutex_give(unsigned amount) { (void)amount, fut_mutex_unlock(&object.mutex); }
static void mutex_destroy(void) { fut_mutex_destroy(&object.mutex); }

static void local_mutex_init(void) { fut_local_mutex_init(&object.local_mutex); }
static void local_mutex_start(leaf_t *leaf, unsigned amount) {
    (void)amount;
    START(leaf->local_mutex, fut_local_mutex_lock, &object.local_mutex);
}
static bool local_mutex_try(unsigned amount) { return (void)amount, fut_local_mutex_try_lock(&object.local_mutex); }
static void local_mutex_give(unsigned amount) { (void)amount, fut_local_mutex_unlock(&object.local_mutex); }
static void local_mutex_destroy(void) { fut_local_mutex_destroy(&object.local_mutex); }

static void semaphore_init(void) { cr_assert_eq(fut_semaphore_init(&object.semaphore, 7, 7), 0); }
static void semaphore_start(leaf_t *leaf, unsigned amount) {
    START(leaf->semaphore, fut_semaphore_acquire, &object.semaphore, amount);
}
static bool semaphore_try(unsigned amount) { return fut_semaphore_try_acquire(&object.semaphore, amount) == 0; }
static void semaphore_give(unsigned amount) { fut_semaphore_release(&object.semaphore, amount); }
static void semaphore_destroy(void) {
    cr_assert_eq(fut_semaphore_available(&object.semaphore), 7, "no permit is lost");
    fut_semaphore_destroy(&object.semaphore);
}

static void local_semaphore_init(void) { cr_assert_eq(fut_local_semaphore_init(&object.local_semaphore, 7, 7), 0); }
static void local_semaphore_start(leaf_t *leaf, unsigned amount) {
    START(leaf->local_semaphore, fut_local_semaphore_acquire, &object.local_semaphore, amount);
}
static bool local_semaphore_try(unsigned amount) {
    return fut_local_semaphore_try_acquire(&object.local_semaphore, amount) == 0;
}
static void local_semaphore_give(unsigned amount) { fut_local_semaphore_release(&object.local_semaphore, amount); }
static void local_semaphore_destroy(void) {
    cr_assert_eq(object.local_semaphore.permits, 7);
    fut_local_semaphore_destroy(&object.local_semaphore);
}

static void rwlock_init(void) { fut_rwlock_init(&object.rwlock); }
static void rwlock_start(leaf_t *leaf, unsigned amount) {
    if (amount == 1)
        START(leaf->read, fut_rwlock_read, &object.rwlock);
    else
        START(leaf->write, fut_rwlock_write, &object.rwlock);
}
static bool rwlock_try(unsigned amount) {
    return amount == 1 ? fut_rwlock_try_read(&object.rwlock) : fut_rwlock_try_write(&object.rwlock);
}
static void rwlock_give(unsigned amount) {
    if (amount == 1)
        fut_rwlock_unlock_read(&object.rwlock);
    else
        fut_rwlock_unlock_write(&object.rwlock);
}
static void rwlock_destroy(void) { fut_rwlock_destroy(&object.rwlock); }

#define KIND(name, capacity, amount)                                                                                   \
    { #name, capacity, amount, name##_init, name##_start, name##_try, name##_give, name##_destroy }
static const kind_t kinds[] = {
    KIND(mutex, 1, one),           KIND(local_mutex, 1, one),       KIND(semaphore, 7, few),
    KIND(local_semaphore, 7, few), KIND(rwlock, SLOTS, one_or_all),
};

/* ---- The model --------------------------------------------------------------------------------- */

enum { IDLE, STARTED, QUEUED, GRANTED, HELD };
static struct {
    leaf_t           leaf;
    fut_test_waker_t woken[2]; /* polls bring the one or the other */
    unsigned         waker;    /* which, the last time             */
    unsigned         wakes[2]; /* as many as there should be       */
    int              state;
    unsigned         amount;
    unsigned long    since; /* its place in the queue */
} slots[SLOTS];
static unsigned      permits;
static unsigned long turn;

static int first_in_queue(void) {
    int first = -1;
    for (int i = 0; i < SLOTS; i++)
        if (slots[i].state == QUEUED && (first < 0 || slots[i].since < slots[first].since)) first = i;
    return first;
}
static bool model_try(unsigned amount) {
    if (amount > 0 && (first_in_queue() >= 0 || amount > permits)) return false;
    permits -= amount;
    return true;
}
static void model_give(unsigned amount) {
    permits += amount;
    for (int i; (i = first_in_queue()) >= 0 && slots[i].amount <= permits;) {
        permits -= slots[i].amount;
        slots[i].state = GRANTED;
        slots[i].wakes[slots[i].waker]++;
    }
}

/* ---- One step ---------------------------------------------------------------------------------- */

static void begin(const kind_t *kind, int i) {
    slots[i].amount = kind->amount();
    kind->start(&slots[i].leaf, slots[i].amount);
    slots[i].state = STARTED;
}
static fut_poll_t model_poll(int i) {
    if (slots[i].state == STARTED && model_try(slots[i].amount)) slots[i].state = HELD;
    if (slots[i].state == STARTED) {
        slots[i].state = QUEUED;
        slots[i].since = ++turn;
    }
    if (slots[i].state == GRANTED) slots[i].state = HELD;
    return slots[i].state == HELD ? FUT_READY : FUT_PENDING;
}
static fut_poll_t poll_slot(int i) {
    slots[i].waker = play_pick(2);
    return fut_test_poll(&slots[i].leaf.future, &slots[i].woken[slots[i].waker]);
}
static void drop_slot(int i) {
    const int state = slots[i].state;
    slots[i].state  = IDLE;
    if (state == GRANTED || state == QUEUED) model_give(state == GRANTED ? slots[i].amount : 0);
    if (play_pick(2))
        fut_drop(&slots[i].leaf.future);
    else
        fut_cancel(&slots[i].leaf.future);
    memset(&slots[i].leaf, 0xee, sizeof slots[i].leaf); /* nobody has a pointer to it */
}
static void give_back(const kind_t *kind, int i) {
    slots[i].state = IDLE;
    model_give(slots[i].amount);
    kind->give(slots[i].amount);
}

static bool step(const kind_t *kind) {
    const int i = (int)play_pick(SLOTS);
    switch (slots[i].state) {
        case IDLE: {
            unsigned amount = kind->amount();
            if (play_pick(4)) {
                play_say("start %d", i);
                begin(kind, i);
                return true;
            }
            play_say("try %d %u", i, amount);
            slots[i].amount = amount;
            if (!model_try(amount)) return !kind->try_it(amount);
            slots[i].state = HELD;
            return kind->try_it(amount);
        }
        case HELD:
            play_say("give %d", i);
            give_back(kind, i);
            return true;
        default:
            if (play_pick(5) == 0) {
                play_say("drop %d", i);
                drop_slot(i);
                return true;
            }
            play_say("poll %d", i);
            fut_poll_t expected = model_poll(i);
            return poll_slot(i) == expected;
    }
}

static bool wakes_are_right(void) {
    for (int i = 0; i < SLOTS; i++)
        for (int w = 0; w < 2; w++) {
            fut_test_waker_t *woken = &slots[i].woken[w];
            if (woken->wakes != slots[i].wakes[w]) return false;
            /* Who waits has one clone; nobody else. */
            if (woken->clones - woken->drops > (slots[i].state == QUEUED && (int)slots[i].waker == w)) return false;
        }
    return true;
}

static void random_walk(const void *argument) {
    const kind_t *kind = argument;
    memset(slots, 0, sizeof slots);
    permits = kind->capacity;
    kind->init();
    while (play_more(STEPS)) {
        play_claim(step(kind), "%s: a wrong answer", kind->name);
        play_claim(wakes_are_right(), "%s: a wrong wake", kind->name);
    }
    for (int i = 0; i < SLOTS; i++) {
        if (slots[i].state == HELD)
            give_back(kind, i);
        else if (slots[i].state != IDLE)
            drop_slot(i);
    }
    for (int i = 0; i < SLOTS; i++) /* granted while the others left */
        if (slots[i].state != IDLE) drop_slot(i);
    play_claim(permits == kind->capacity, "%s: a permit is lost", kind->name);
    kind->destroy();
}

static void walk_all(const char *name) {
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (!strcmp(kinds[k].name, name)) play_all(random_walk, &kinds[k], SEEDS);
}

Test(sync, a_mutex_does_what_its_model_does) { walk_all("mutex"); }
Test(sync, a_local_mutex_does_what_its_model_does) { walk_all("local_mutex"); }
Test(sync, a_semaphore_does_what_its_model_does) { walk_all("semaphore"); }
Test(sync, a_local_semaphore_does_what_its_model_does) { walk_all("local_semaphore"); }
Test(sync, a_rwlock_does_what_its_model_does) { walk_all("rwlock"); }
