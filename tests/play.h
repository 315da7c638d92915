/* play.h: random plays against a model, and the shortest one that goes wrong.
 *
 *     static void walk(const void *kind) {
 *         ...                                                         begin afresh
 *         while (play_more(STEPS))
 *             switch (play_pick(3)) {                                 all chance comes from here
 *                 case 0: play_say("send"); ...
 *             }
 *         play_claim(queue.count == model.count, "a message is lost");
 *     }
 *     Test(channel, does_what_its_model_does) { play_all(walk, &kind, 1000); }
 *
 * What was picked is a list of numbers, and the play is a function of it. When a claim fails, steps are left out and numbers
 * made smaller, for as long as a claim still fails; then that play is told, word for word. (Reducing the choices
 * instead of what they make: D. MacIver and A. Donaldson, "Test-Case Reduction via Test-Case Generation", ECOOP 2020.)
 * Candidates are tried in processes of their own, forked before the first play, so what a broken one leaves behind spoils nothing.
 */
#ifndef TESTS_PLAY_H
#define TESTS_PLAY_H

#include <criterion/criterion.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PLAY_PICKS = 1 << 16, PLAY_TRIES = 4000, PLAY_CLAIM_FAILED = 1 };
#define PLAY_STEP (1u << 31) /* on the first pick of a step */

typedef struct play_list {
    size_t   count;
    unsigned picks[PLAY_PICKS];
} play_list_t;

typedef struct play_told {
    char   claim[256]; /* that failed */
    char   words[4096];
    size_t length;
} play_told_t;

static struct {
    unsigned    seed, state, steps;
    size_t      at;    /* the next pick                   */
    bool        fresh; /* no pick of this step yet        */
    bool        again; /* of those in the list, not anew  */
    play_list_t list, candidate;
    jmp_buf     end;
    play_told_t told;
} play;

/* ---- Inside of a play --------------------------------------------------------------------------- */

/* 0 .. below - 1. Played again: 0 where the step, or the list, has no more. */
static inline unsigned play_pick(unsigned below) {
    const unsigned begins = play.fresh ? PLAY_STEP : 0;
    unsigned       pick;
    play.fresh = false;
    if (play.again) {
        if (play.at == play.list.count || (play.list.picks[play.at] & PLAY_STEP) != begins) return 0;
        return (play.list.picks[play.at++] & ~PLAY_STEP) % below;
    }
    play.state = play.state * 1664525u + 1013904223u;
    pick       = (play.state >> 8) % below;
    if (play.list.count == PLAY_PICKS) cr_assert_fail("seed %u: a play of more than %d picks", play.seed, PLAY_PICKS);
    play.list.picks[play.list.count++] = pick | begins;
    return pick;
}

/* Another step? So many at most; played again, those of the list, each from its first pick on. */
static inline bool play_more(unsigned most) {
    if (play.again)
        while (play.at < play.list.count && !(play.list.picks[play.at] & PLAY_STEP)) play.at++;
    play.fresh = true;
    return play.steps++ < most && (!play.again || play.at < play.list.count);
}

/* A word for the trace, of which the end is kept. */
__attribute__((format(printf, 1, 2), unused)) static void play_say(const char *format, ...) {
    enum { LONGEST = 64, HALF = sizeof play.told.words / 2 };
    va_list arguments;
    if (play.told.length > sizeof play.told.words - LONGEST - 3) {
        memmove(play.told.words, play.told.words + HALF, play.told.length - HALF + 1);
        play.told.length -= HALF;
    }
    if (play.told.length > 0) play.told.length += (size_t)snprintf(play.told.words + play.told.length, 3, ", ");
    va_start(arguments, format);
    (void)vsnprintf(play.told.words + play.told.length, LONGEST, format, arguments);
    va_end(arguments);
    play.told.length += strlen(play.told.words + play.told.length);
}

__attribute__((format(printf, 1, 2), noreturn, unused)) static void play_fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(play.told.claim, sizeof play.told.claim, format, arguments);
    va_end(arguments);
    longjmp(play.end, PLAY_CLAIM_FAILED);
}
#define play_claim(condition, ...) ((condition) ? (void)0 : play_fail(__VA_ARGS__))

/* ---- Around it ------------------------------------------------------------------------------------ */

typedef void play_once_t(const void *argument);

static bool play_goes_well(play_once_t *once, const void *argument) {
    play.at = play.told.length = play.steps = 0;
    play.fresh                              = false;
    play.told.words[0]                      = 0;
    if (setjmp(play.end)) return false;
    once(argument);
    return true;
}

/* The candidate, in a process of its own. Only a claim that fails counts: that play can be told afterwards. */
static bool play_candidate_fails(play_once_t *once, const void *argument) {
    int   status = 0;
    pid_t child;
    fflush(NULL);
    child = fork();
    if (child == 0) {
        alarm(10);
        if (!freopen("/dev/null", "w", stderr)) _exit(3);
        play.list = play.candidate;
        _exit(play_goes_well(once, argument) ? 0 : PLAY_CLAIM_FAILED);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == PLAY_CLAIM_FAILED;
}

static bool play_adopt(play_once_t *once, const void *argument) {
    if (!play_candidate_fails(once, argument)) return false;
    play.list = play.candidate;
    return true;
}

/* Where step n begins; the end of the list, if it has no such step. */
static size_t play_step_at(size_t n) {
    size_t at = 0;
    for (; at < play.list.count; at++)
        if ((play.list.picks[at] & PLAY_STEP) && n-- == 0) break;
    return at;
}
static size_t play_steps(void) {
    size_t steps = 0;
    for (size_t at = 0; at < play.list.count; at++) steps += (play.list.picks[at] & PLAY_STEP) != 0;
    return steps;
}

static void play_leave_out(size_t step, size_t steps) {
    const size_t first = play_step_at(step), behind = play_step_at(step + steps);
    play.candidate = play.list;
    memmove(&play.candidate.picks[first], &play.list.picks[behind],
            (play.list.count - behind) * sizeof *play.list.picks);
    play.candidate.count -= behind - first;
}

static bool play_shorten(play_once_t *once, const void *argument, unsigned *tries) {
    bool shorter = false;
    for (size_t size = play_steps(); size > 0; size /= 2)
        for (size_t step = 0; step + size <= play_steps() && *tries > 0; --*tries) {
            play_leave_out(step, size);
            if (play_adopt(once, argument))
                shorter = true;
            else
                step += size;
        }
    return shorter;
}

static bool play_simplify(play_once_t *once, const void *argument, unsigned *tries) {
    bool simpler = false;
    for (size_t i = 0; i < play.list.count; i++) {
        const unsigned begins = play.list.picks[i] & PLAY_STEP, most = play.list.picks[i] & ~PLAY_STEP;
        for (unsigned pick = 0; pick<most && * tries> 0; pick = (pick + most + 1) / 2) {
            --*tries;
            play.candidate          = play.list;
            play.candidate.picks[i] = pick | begins;
            if (!play_adopt(once, argument)) continue;
            simpler = true;
            break;
        }
    }
    return simpler;
}

/* What travels between the process that plays and the one that shortens. */
static bool play_move(int fd, void *bytes, size_t size, bool out) {
    for (char *at = bytes, *end = at + size; at < end;) {
        const ssize_t moved = out ? write(fd, at, (size_t)(end - at)) : read(fd, at, (size_t)(end - at));
        if (moved <= 0) return false;
        at += moved;
    }
    return true;
}

/* A process that is forked before the first play, so that no play has left anything in it. */
static pid_t play_stand_by(play_once_t *once, const void *argument, int *line) {
    unsigned tries = PLAY_TRIES;
    int      ends[2];
    pid_t    child;
    fflush(NULL);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || (child = fork()) < 0) cr_assert_fail("no second process");
    *line = ends[child == 0];
    close(ends[child != 0]);
    if (child > 0) return child;
    if (!play_move(*line, &play.list, sizeof play.list, false)) _exit(0); /* nothing to do */
    play.again = true;
    for (bool better = true; better;) {
        better = play_shorten(once, argument, &tries);
        better = play_simplify(once, argument, &tries) || better;
    }
    (void)play_goes_well(once, argument);
    _exit(!play_move(*line, &play.told, sizeof play.told, true));
}

/* 0: all went well. Otherwise the seed of one that did not; play.told is of the shortest like it. */
__attribute__((unused)) static unsigned play_search(play_once_t *once, const void *argument, unsigned seeds) {
    int         line;
    const pid_t helper = play_stand_by(once, argument, &line);
    bool        well   = true;
    for (play.seed = 1; well && play.seed <= seeds; play.seed++) {
        play.state = play.seed * 2654435761u;
        play.again = false, play.list.count = 0;
        well = play_goes_well(once, argument);
    }
    if (!well &&
        !(play_move(line, &play.list, sizeof play.list, true) && play_move(line, &play.told, sizeof play.told, false)))
        cr_assert_fail("seed %u: %s; it could not be shortened: %s", play.seed - 1, play.told.claim, play.told.words);
    close(line);
    waitpid(helper, NULL, 0);
    return well ? 0 : play.seed - 1;
}

__attribute__((unused)) static void play_all(play_once_t *once, const void *argument, unsigned seeds) {
    const unsigned seed = play_search(once, argument, seeds);
    if (seed > 0) cr_assert_fail("seed %u: %s; the shortest play like it: %s", seed, play.told.claim, play.told.words);
}

#endif
