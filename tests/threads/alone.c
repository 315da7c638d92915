/* The swaps of a process that has one thread, and the same ones once it has two. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>

#include "../../src/core/atomic.h"
#include "plain.h"

/* ---- what each of them does ------------------------------------------------------------------------ */

static void check_words(void) {
    uint32_t word = 5, expected = 5;
    CHECK(fut__add(&word, 3) == 5 && word == 8);
    CHECK(fut__add(&word, (uint32_t)-9) == 8 && word == UINT32_MAX);
    CHECK(fut__clear(&word, (uint32_t)0xff) == UINT32_MAX && word == 0xffffff00);
    CHECK(fut__set(&word, 0x81) == 0xffffff00 && word == 0xffffff81);
    CHECK(fut__exchange(&word, 7) == 0xffffff81 && word == 7);
    CHECK(!fut__cas(&word, &expected, 9) && expected == 7 && word == 7);
    while (!fut__cas(&word, &expected, 9)) CHECK(expected == 7);
    CHECK(word == 9);
}

static void check_long_words(void) {
    uint64_t word = UINT32_MAX, expected = 1;
    CHECK(fut__add(&word, 1) == UINT32_MAX && word == (uint64_t)1 << 32);
    CHECK(fut__set(&word, 2) == (uint64_t)1 << 32 && word == ((uint64_t)1 << 32) + 2);
    CHECK(fut__clear(&word, (uint64_t)1 << 32) == ((uint64_t)1 << 32) + 2 && word == 2);
    CHECK(!fut__cas(&word, &expected, UINT64_MAX) && expected == 2);
    while (!fut__cas(&word, &expected, UINT64_MAX)) CHECK(expected == 2);
    CHECK(fut__exchange(&word, 0) == UINT64_MAX && word == 0);
}

static void check_bytes(void) {
    struct {
        uint8_t before, byte, after;
    } three = {0xaa, 1, 0xbb};
    CHECK(fut__exchange(&three.byte, 0xff) == 1 && three.byte == 0xff);
    CHECK(fut__add(&three.byte, 2) == 0xff && three.byte == 1);
    CHECK(three.before == 0xaa && three.after == 0xbb);
}

static void check_pointers(void) {
    int things[2], *pointer = &things[0], *expected = &things[1];
    CHECK(!fut__cas(&pointer, &expected, NULL) && expected == &things[0]);
    while (!fut__cas(&pointer, &expected, &things[1])) CHECK(expected == &things[0]);
    CHECK(fut__exchange(&pointer, NULL) == &things[1] && pointer == NULL);
}

static void each_says_what_was_there_and_leaves_what_it_should(void) {
    check_words();
    check_long_words();
    check_bytes();
    check_pointers();
}

/* ---- signals --------------------------------------------------------------------------------------- */

/* A handler comes between two instructions; a swap that were two would lose what the handler did. */
enum { TICKS = 250 };
static uint32_t              sum, bits;
static volatile sig_atomic_t ticks, lost;

static void tick(int signal) {
    (void)signal;
    if (ticks >= TICKS) return;
    fut__add(&sum, 1);
    if (!(fut__set(&bits, 1u << 31) >> 31) && ticks > 0) lost++; /* nobody clears it */
    ticks++;
}

static void a_signal_handler_comes_before_or_after_but_not_between(void) {
    const struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
    struct sigaction       action = {.sa_handler = tick};
    uint32_t               here   = 0;
    sum                           = 0;
    bits                          = 1;
    ticks = lost = 0;
    sigaction(SIGVTALRM, &action, NULL);
    setitimer(ITIMER_VIRTUAL, &often, NULL);
    while (ticks < TICKS) {
        for (int i = 0; i < 1000; i++, here++) {
            fut__add(&sum, 1);
            fut__set(&bits, 2);
            fut__clear(&bits, (uint32_t)2);
        }
    }
    setitimer(ITIMER_VIRTUAL, &never, NULL);
    CHECK(lost == 0);
    CHECK(sum == here + TICKS);
    CHECK(bits == (1u << 31) + 1);
}

/* ---- a second thread ------------------------------------------------------------------------------- */

enum { EACH = 200000 };
static uint32_t shared;
static bool     stop;

static void *add_many(void *unused) {
    for (int i = 0; i < EACH; i++) fut__add(&shared, 1);
    return unused;
}
static void *wait_for_stop(void *unused) { /* born with the signal blocked: it is for the main thread */
    while (!LOAD(stop)) usleep(100);
    return unused;
}

static void nothing_is_lost_between_threads(void) {
    const pthread_t one = start(add_many, NULL), two = start(add_many, NULL);
    add_many(NULL);
    join(one);
    join(two);
    CHECK(shared == 3 * EACH);
}

int main(void) {
    pthread_t second;
    sigset_t  timer;
#if defined(FUT_CAN_BE_ALONE_)
    CHECK(FUT_ALONE_);
#endif
    RUN(each_says_what_was_there_and_leaves_what_it_should);
    RUN(a_signal_handler_comes_before_or_after_but_not_between);
    sigemptyset(&timer);
    sigaddset(&timer, SIGVTALRM);
    pthread_sigmask(SIG_BLOCK, &timer, NULL);
    second = start(wait_for_stop, NULL);
    pthread_sigmask(SIG_UNBLOCK, &timer, NULL);
    CHECK(!FUT_ALONE_);
    RUN(each_says_what_was_there_and_leaves_what_it_should);
    RUN(a_signal_handler_comes_before_or_after_but_not_between);
    RUN(nothing_is_lost_between_threads);
    STORE(stop, true);
    join(second);
    return finish();
}
