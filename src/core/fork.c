/* fork.c: whose process is this? */
#include "fork.h"

#include <pthread.h>

#include "atomic.h"

static unsigned       forks;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void count(void) { fut__store_relaxed(&forks, fut__load_relaxed(&forks) + 1); }

static void watch(void) { pthread_atfork(NULL, NULL, count); }

unsigned fut__forks(void) {
    pthread_once(&once, watch);
    return fut__load_relaxed(&forks);
}

void fut__at_fork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void)) {
    pthread_atfork(before, in_parent, in_child);
}
