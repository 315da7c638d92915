/* explorer.h: run a few threads one step at a time, in every order that a bound allows.
 *
 *     static const scenario_t wake = {"no wake is lost", begin, {sleeper, waker}, end};
 *     explore(&wake, 2);
 *
 * begin and end run alone; between them the threads run, one at a time, each from one step (step.h) to the next. At each
 * step the explorer may go on with another thread; that is a preemption, and costs one of the bound. So does a store that is
 * delayed. A thread that has to wait costs nothing. All combinations are tried, depth first; few preemptions find most
 * mistakes (M. Musuvathi, S. Qadeer, "Iterative Context Bounding for Systematic Testing of Multithreaded Programs", PLDI 2007).
 *
 * What fails is told with the steps that led to it and the choices, which play it again. No thread can go on, and not all
 * have ended: a failure, too; that is what a lost wake looks like.
 */
#ifndef TESTS_INTERLEAVE_EXPLORER_H
#define TESTS_INTERLEAVE_EXPLORER_H

#include <stdbool.h>

enum { PLAYERS = 3 };

typedef struct scenario {
    const char *name;
    void (*begin)(void);
    void (*threads[PLAYERS])(void);
    void (*end)(void);
} scenario_t;

typedef struct explored {
    unsigned long runs, steps;
    bool          failed;
    bool          cut; /* `most` runs were not all there are */
    char          choices[1024];
    char          why[256];
} explored_t;

/* What a weakened library would do; for the tests of the explorer. */
extern bool explorer_ignores_fences;

/* Every order with at most `bound` preemptions and delays together, but at most so many runs. Stops at the first failure. */
explored_t explore(const scenario_t *scenario, unsigned bound, unsigned long most);
/* Orders by chance, from this seed on; without a bound. */
explored_t explore_randomly(const scenario_t *scenario, unsigned seed, unsigned long runs);
/* One order: `choices` as they were told. Prints each step. */
explored_t explore_again(const scenario_t *scenario, const char *choices);

/* Ends the run as a failure. From any thread of it. */
_Noreturn void fail(const char *file, int line, const char *what);
#define CHECK(condition) ((condition) ? (void)0 : fail(__FILE__, __LINE__, #condition " is false"))

#endif
