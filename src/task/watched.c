/* watched.c: see watched.h. */
#define _GNU_SOURCE
#include "watched.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../core/fork.h"

pthread_mutex_t       fut__watch_lock = PTHREAD_MUTEX_INITIALIZER;
uint32_t              fut__watch_asleep;
static pthread_cond_t told;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_condition(void) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&told, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* The child has none of those who wait, so it makes the condition anew. */
static void before_fork(void) { pthread_mutex_lock(&fut__watch_lock); }
static void in_parent(void) { pthread_mutex_unlock(&fut__watch_lock); }
static void in_child(void) {
    make_condition();
    fut__store_relaxed(&fut__watch_asleep, 0);
    pthread_mutex_unlock(&fut__watch_lock);
}

static void begin(void) {
    make_condition();
    fut__at_fork(before_fork, in_parent, in_child);
}

void fut__watch_begin(void) { pthread_once(&once, begin); }

void fut__watch_wait(uint64_t nanoseconds) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    nanoseconds += (uint64_t)until.tv_nsec;
    until.tv_sec += (time_t)(nanoseconds / 1000000000u);
    until.tv_nsec = (long)(nanoseconds % 1000000000u);
    (void)pthread_cond_timedwait(&told, &fut__watch_lock, &until);
}

void fut__watch_sleep(bool (*is_quiet)(void *data), void *data) {
    fut__store_relaxed(&fut__watch_asleep, 1);
    fut__fence(); /* between `asleep` and `armed`: pairs with fut__watch_unparked */
    if (is_quiet(data)) (void)pthread_cond_wait(&told, &fut__watch_lock);
}

void fut__watch_tell(void) {
    fut__store_relaxed(&fut__watch_asleep, 0);
    pthread_cond_broadcast(&told);
}

void fut__watch_wake(void) {
    pthread_mutex_lock(&fut__watch_lock);
    fut__watch_tell();
    pthread_mutex_unlock(&fut__watch_lock);
}

long fut__thread_number(void) { return syscall(SYS_gettid); }
