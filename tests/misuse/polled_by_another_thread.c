// Wakers travel between threads, futures do not. A checked build notices when a pending one is polled elsewhere.
//
// flags: -DFUT_CHECKED -pthread
// run: waits (polled_by_another_thread.c:21): polled by another thread than before
#include <pthread.h>

#include "future.h"
#include "future/test.h"

static fut_test_event_t event;

typedef struct waits {
    ASYNC_FRAME(waits, int);
    fut_test_wait_t wait;
} waits_t;

static waits_t waits;

ASYNC(waits) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, &event);
    ASYNC_RETURN(self->wait.output);
    ASYNC_END();
}

static void *elsewhere(void *nothing) {
    fut_test_event_fire(&event, 5); // the right way: a wake
#ifndef FIXED
    if (fut_test_run(&waits.future) == PENDING) return NULL;
#endif
    return nothing;
}

int main(void) {
    pthread_t thread;
    START(waits, waits);
    if (fut_test_run(&waits.future) == READY) return 1;
    if (pthread_create(&thread, NULL, elsewhere, NULL)) return 1;
    pthread_join(thread, NULL);
    return fut_test_run(&waits.future) == READY && waits.output == 5 ? 0 : 1;
}
