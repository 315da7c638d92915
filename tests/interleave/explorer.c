/* explorer.c: see explorer.h. Every thread is a real one, so that thread-locals are its own; a baton goes from one to the
 * next. What the explorer knows is touched by whoever has the baton, only. Every run has a process of its own, so that
 * none finds what another has left behind: the same choices always lead to the same place. */
#define _GNU_SOURCE
#include "explorer.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

bool explorer_ignores_fences;

/* ---- The players ------------------------------------------------------------------------------------- */

typedef enum { ABLE, PAUSED, ASLEEP, OVER } can_t;

typedef struct store {
    volatile void *at;
    uint64_t       value;
    size_t         size;
} store_t;

enum { DELAYED = 8 };

typedef struct player {
    pthread_t thread;
    sem_t     baton;
    void (*body)(void);
    can_t                can;
    unsigned long        acted;           /* how many steps it has made                               */
    unsigned long        seen;            /* how many others had, when it paused last                 */
    const volatile void *futex;           /* ASLEEP: on this                             */
    store_t              stores[DELAYED]; /* not in memory yet, oldest first             */
    unsigned             delayed;
} player_t;

static player_t                players[PLAYERS];
static _Thread_local player_t *self; /* NULL: begin, end: everything is done at once */
static sem_t                   done;

/* ---- The choices --------------------------------------------------------------------------------------- */

typedef enum { DEPTH_FIRST, BY_CHANCE, AGAIN } way_t;

typedef struct choice {
    unsigned char chosen, options;
} choice_t;

/* The last steps are told when something fails. */
typedef struct trace {
    const char *file;
    int         line;
    unsigned    who;
    const char *what;
} trace_t;
enum { TOLD = 64, DEEPEST = 20000, STEPS_MOST = 20000, SECONDS_MOST = 20 };

/* Lies in memory that all the runs share. */
typedef struct play {
    way_t         way;
    unsigned      bound, spent; /* preemptions and delays */
    choice_t      path[DEEPEST];
    size_t        depth, known; /* of this run; chosen by the run before */
    const char   *again;
    uint32_t      seed;
    unsigned long steps; /* of this run */
    trace_t       trace[TOLD];
    explored_t    result;
} play_t;
static play_t *play;

static uint32_t any(void) {
    play->seed = play->seed * 1664525u + 1013904223u;
    return play->seed >> 8;
}

/* 0 is what costs nothing. */
static unsigned choose(unsigned options) {
    choice_t *choice;
    if (options < 2) return 0;
    if (play->depth == DEEPEST) fail(__FILE__, __LINE__, "the run is too long");
    choice = &play->path[play->depth++];
    if (play->way == DEPTH_FIRST && play->depth <= play->known) {
        if (choice->options != options)
            fail(__FILE__, __LINE__, "the same choices led elsewhere: something outside has a say");
        return choice->chosen;
    }
    choice->options = (unsigned char)options;
    choice->chosen  = 0;
    if (play->way == BY_CHANCE && any() % 8 == 0) choice->chosen = (unsigned char)(any() % options);
    if (play->way == AGAIN && *play->again) choice->chosen = (unsigned char)(*play->again++ - '0');
    if (choice->chosen >= options) choice->chosen = 0;
    return choice->chosen;
}

/* The next path in depth-first order. False: there is none. */
static bool next_path(void) {
    while (play->depth > 0 && play->path[play->depth - 1].chosen + 1 == play->path[play->depth - 1].options)
        play->depth--;
    if (play->depth == 0) return false;
    play->path[play->depth - 1].chosen++;
    play->known = play->depth;
    return true;
}

static bool may_spend(void) { return play->way != DEPTH_FIRST || play->spent < play->bound; }

/* ---- Failure -------------------------------------------------------------------------------------------- */

static unsigned number_of(const player_t *player) { return (unsigned)(player - players); }

static void tell_steps(void) {
    const unsigned long first = play->steps > TOLD ? play->steps - TOLD : 0;
    for (unsigned long i = first; i < play->steps; i++) {
        const trace_t *step = &play->trace[i % TOLD];
        printf("    %*s%c %s %s:%d\n", (int)(4 * step->who), "", 'A' + (int)step->who, step->what, step->file,
               step->line);
    }
}

static void tell_choices(char *text, size_t room) {
    size_t n = play->depth;
    while (n > 0 && play->path[n - 1].chosen == 0) n--;
    if (n + 1 > room) n = room - 1;
    for (size_t i = 0; i < n; i++) text[i] = (char)('0' + play->path[i].chosen);
    text[n] = '\0';
}

/* The end of the process in which the run is. */
_Noreturn void fail(const char *file, int line, const char *what) {
    explored_t *const result = &play->result;
    result->failed           = true;
    snprintf(result->why, sizeof result->why, "%s:%d: %s", file, line, what);
    tell_choices(result->choices, sizeof result->choices);
    _exit(1);
}

/* ---- Who goes on ---------------------------------------------------------------------------------------- */

/* How many steps the others have made. */
static unsigned long others(const player_t *player) { return play->steps - player->acted; }

static bool is_able(const player_t *player) {
    return player->body && (player->can == ABLE || (player->can == PAUSED && player->seen != others(player)));
}

static void hand_over(player_t *to) {
    to->can = ABLE;
    if (to == self) return;
    sem_post(&to->baton);
    if (self->can == OVER) return;
    while (sem_wait(&self->baton) != 0) {}
}

static void no_more(void) {
    for (int i = 0; i < PLAYERS; i++)
        if (players[i].body && players[i].can != OVER) fail(__FILE__, __LINE__, "nobody can go on: a wake was lost");
    sem_post(&done);
}

/* Itself first, if it can; somebody else instead is a preemption then. */
static void let_go_on(void) {
    player_t *able[PLAYERS];
    unsigned  count = 0, chosen;
    bool      mine  = is_able(self);
    if (mine) able[count++] = self;
    for (unsigned i = 1; i <= PLAYERS; i++) {
        player_t *other = &players[(number_of(self) + i) % PLAYERS];
        if (other != self && is_able(other) && (!mine || may_spend())) able[count++] = other;
    }
    if (count == 0) {
        no_more();
        return;
    }
    chosen = choose(count);
    if (mine && chosen > 0) play->spent++;
    hand_over(able[chosen]);
}

static void note(const char *file, int line, const char *what) {
    play->trace[play->steps++ % TOLD] = (trace_t){file, line, number_of(self), what};
    self->acted++;
    if (play->way == AGAIN)
        printf("    %*s%c %s %s:%d\n", (int)(4 * number_of(self)), "", 'A' + (int)number_of(self), what, file, line);
    if (play->steps == STEPS_MOST) fail(file, line, "it goes on for ever");
}

/* ---- Stores that are delayed ----------------------------------------------------------------------------- */

static void reach_memory(const store_t *store) {
    switch (store->size) {
        case 1: __atomic_store_n((volatile uint8_t *)store->at, (uint8_t)store->value, __ATOMIC_SEQ_CST); break;
        case 2: __atomic_store_n((volatile uint16_t *)store->at, (uint16_t)store->value, __ATOMIC_SEQ_CST); break;
        case 4: __atomic_store_n((volatile uint32_t *)store->at, (uint32_t)store->value, __ATOMIC_SEQ_CST); break;
        default: __atomic_store_n((volatile uint64_t *)store->at, store->value, __ATOMIC_SEQ_CST); break;
    }
}

/* The oldest first, as many as that. */
static void flush(unsigned count) {
    for (unsigned i = 0; i < count; i++) reach_memory(&self->stores[i]);
    self->delayed -= count;
    memmove(self->stores, self->stores + count, self->delayed * sizeof *self->stores);
}

static void flush_up_to(const volatile void *at) {
    for (unsigned i = self->delayed; i > 0; i--)
        if (self->stores[i - 1].at == at) {
            flush(i);
            return;
        }
}

/* ---- Steps -------------------------------------------------------------------------------------------------- */

void step_load(const volatile void *at, const char *file, int line);
void step_swap(const volatile void *at, const char *file, int line);
void step_fence(const char *file, int line);
void step_store(volatile void *at, const void *value, size_t size, const char *file, int line);
void step_lock(pthread_mutex_t *mutex, const char *file, int line);
void step_unlock(pthread_mutex_t *mutex, const char *file, int line);
int  step_pause(const char *file, int line);
int  __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int  __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
long step_syscall(const char *file, int line, long number, ...);

static void step(const char *file, int line, const char *what) {
    let_go_on();
    note(file, line, what);
}

void step_load(const volatile void *at, const char *file, int line) {
    if (!self) return;
    step(file, line, "load ");
    flush_up_to(at);
}

void step_swap(const volatile void *at, const char *file, int line) {
    (void)at;
    if (!self) return;
    step(file, line, "swap ");
    flush(self->delayed);
}

void step_fence(const char *file, int line) {
    if (!self || explorer_ignores_fences) return;
    step(file, line, "fence");
    flush(self->delayed);
}

void step_store(volatile void *at, const void *value, size_t size, const char *file, int line) {
    store_t store = {at, 0, size};
    memcpy(&store.value, value, size);
    if (!self) {
        reach_memory(&store);
        return;
    }
    step(file, line, "store");
    if (self->delayed < DELAYED && may_spend() && choose(2) == 1) {
        play->spent++;
        play->trace[(play->steps - 1) % TOLD].what = "store, delayed";
        self->stores[self->delayed++]              = store;
        return;
    }
    flush(self->delayed);
    reach_memory(&store);
}

/* Until others have made a step. */
static void wait_for_others(void) {
    flush(self->delayed);
    self->seen = others(self);
    self->can  = PAUSED;
    let_go_on();
}

/* What it waits for may have come after it looked: if others have moved since it paused last, it looks once more. */
int step_pause(const char *file, int line) {
    (void)file;
    (void)line;
    if (!self) return 0;
    if (self->seen == others(self))
        wait_for_others();
    else
        self->seen = others(self);
    return 0;
}

void step_lock(pthread_mutex_t *mutex, const char *file, int line) {
    if (!self) {
        pthread_mutex_lock(mutex);
        return;
    }
    step(file, line, "lock");
    flush(self->delayed);
    while (pthread_mutex_trylock(mutex) != 0) wait_for_others();
}

void step_unlock(pthread_mutex_t *mutex, const char *file, int line) {
    if (self) {
        step(file, line, "unlock");
        flush(self->delayed);
    }
    pthread_mutex_unlock(mutex);
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout) {
    int ready;
    if (!self) return __real_poll(fds, count, timeout);
    step("poll", 0, "sleep");
    flush(self->delayed);
    while ((ready = __real_poll(fds, count, 0)) == 0 && timeout != 0) wait_for_others();
    return ready;
}

static long sleep_on(const uint32_t *at, uint32_t seen) {
    if (*(const volatile uint32_t *)at != seen) {
        errno = EAGAIN;
        return -1;
    }
    self->can   = ASLEEP;
    self->futex = at;
    let_go_on();
    return 0;
}

static long wake_all(const volatile void *at) {
    long count = 0;
    for (int i = 0; i < PLAYERS; i++) {
        if (!players[i].body || players[i].can != ASLEEP || players[i].futex != at) continue;
        players[i].can = ABLE;
        count++;
    }
    return count;
}

/* Of the futex, which thread.c uses, what it uses. */
long step_syscall(const char *file, int line, long number, ...) {
    va_list   arguments;
    uint32_t *at;
    int       operation;
    uint32_t  value;
    if (number != SYS_futex) fail(file, line, "a system call that the explorer does not know");
    va_start(arguments, number);
    at        = va_arg(arguments, uint32_t *);
    operation = va_arg(arguments, int);
    value     = (uint32_t)va_arg(arguments, unsigned);
    va_end(arguments);
    if (!self) return 0;
    step(file, line, operation == FUTEX_WAIT_PRIVATE ? "futex wait" : "futex wake");
    flush(self->delayed);
    return operation == FUTEX_WAIT_PRIVATE ? sleep_on(at, value) : wake_all(at);
}

/* ---- A run ---------------------------------------------------------------------------------------------------- */

static void *live(void *argument) {
    self = argument;
    while (sem_wait(&self->baton) != 0) {}
    self->body();
    if (self->delayed) step("end", 0, "flush");
    flush(self->delayed);
    self->can = OVER;
    let_go_on();
    return NULL;
}

static void start(const scenario_t *scenario) {
    for (int i = 0; i < PLAYERS; i++) {
        players[i] = (player_t){.body = scenario->threads[i]};
        if (!players[i].body) continue;
        sem_init(&players[i].baton, 0, 0);
        if (pthread_create(&players[i].thread, NULL, live, &players[i]) != 0) {
            perror("pthread_create");
            exit(2);
        }
    }
}

static void live_all(const scenario_t *scenario) {
    if (scenario->begin) scenario->begin();
    sem_init(&done, 0, 0);
    start(scenario);
    sem_post(&players[0].baton);
    while (sem_wait(&done) != 0) {}
    if (scenario->end) scenario->end();
}

/* A process that is killed has waited for something that the explorer does not know of. */
static void run_once(const scenario_t *scenario) {
    int   status;
    pid_t child;
    play->depth = play->steps = 0;
    play->spent               = 0;
    fflush(stdout);
    child = fork();
    if (child == 0) {
        alarm(SECONDS_MOST);
        live_all(scenario);
        fflush(stdout);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        perror("fork");
        exit(2);
    }
    play->result.runs++;
    play->result.steps += play->steps;
    if (!WIFSIGNALED(status)) return;
    play->result.failed = true;
    snprintf(play->result.why, sizeof play->result.why, "signal %d", WTERMSIG(status));
    tell_choices(play->result.choices, sizeof play->result.choices);
}

static explored_t run_all(const scenario_t *scenario, unsigned long most) {
    do {
        run_once(scenario);
        if (play->result.failed || play->way == AGAIN) break;
        if (play->way == DEPTH_FIRST && !next_path()) break;
        play->result.cut = play->way == DEPTH_FIRST && play->result.runs == most;
    } while (play->result.runs < most);
    if (play->result.failed) tell_steps();
    return play->result;
}

static void begin(way_t way) {
    if (!play) play = mmap(NULL, sizeof *play, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (play == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    memset(play, 0, sizeof *play);
    play->way = way;
}

explored_t explore(const scenario_t *scenario, unsigned bound, unsigned long most) {
    begin(DEPTH_FIRST);
    play->bound = bound;
    return run_all(scenario, most);
}

explored_t explore_randomly(const scenario_t *scenario, unsigned seed, unsigned long runs) {
    begin(BY_CHANCE);
    play->seed = seed;
    return run_all(scenario, runs);
}

explored_t explore_again(const scenario_t *scenario, const char *choices) {
    begin(AGAIN);
    play->again = choices;
    return run_all(scenario, 1);
}
