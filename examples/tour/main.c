/* The tour: libfuture chapter by chapter, over real timers, sockets and threads.
 *
 *     make run                  all chapters
 *     make run CHAPTER=3        one;            build/tour 3 5      some;           build/tour --list      their titles
 *
 * Each chapter is one file beside this one, and prints what happens as it happens.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tour.h"

static const struct chapter {
    const char *title, *file;
    int (*tell)(void);
} chapters[] = {
    {"A future by hand", "1-by-hand.c", by_hand},
    {"The same with AWAIT", "2-await.c", await},
    {"The kitchen: one after the other, and at once", "3-kitchen.c", kitchen},
    {"An echo server and 1,000 clients in one thread", "4-echo.c", echo},
    {"A timeout, a cancellation, and what FINALLY is for", "5-cancel.c", cancelled},
    {"An executor of your own, and a wake from a thread", "6-executor.c", executor},
    {"Fan out, fan in: a hundred requests", "7-fan-out.c", fan_out},
    {"At most five at once", "8-limit.c", limited},
    {"A race of two mirrors, and a limit to patience", "9-race.c", race},
    {"A scope: the first failure cancels the siblings", "10-scope.c", scope},
    {"A pipeline of streams, and what holds it back", "11-pipeline.c", pipeline},
    {"Hashing on the pool while a timer keeps ticking", "12-pool.c", pool},
    {"The same server on one core, and on all of them", "13-cores.c", cores},
};
enum { CHAPTERS = sizeof chapters / sizeof *chapters };

static void list(void) {
    for (int i = 0; i < CHAPTERS; i++) printf("%d  %-52s  %s\n", i + 1, chapters[i].title, chapters[i].file);
}

/* 0: told. 1: it failed, which was said. */
static int tell(int number) {
    const struct chapter *chapter = &chapters[number - 1];
    int                   error;
    printf("\n%d. %s%*s\n", number, chapter->title, 76 - (int)strlen(chapter->title), chapter->file);
    printf("-------------------------------------------------------------------------------\n\n");
    error = chapter->tell();
    fflush(stdout);
    if (error < 0) fprintf(stderr, "tour: chapter %d failed: %s\n", number, strerror(-error));
    return error < 0;
}

/* The number of a chapter, or 0. */
static int number_of(const char *word) {
    char *end;
    long  number = strtol(word, &end, 10);
    return word[0] >= '1' && word[0] <= '9' && !*end && number <= CHAPTERS ? (int)number : 0;
}

static bool is_list(const char *word) { return !strcmp(word, "list") || !strcmp(word, "--list"); }

static int refuse(const char *word) {
    fprintf(stderr, "tour: there is no chapter \"%s\". Give numbers from 1 to %d, or --list.\n", word, CHAPTERS);
    return 2;
}

/* What was printed must have arrived: a full disk is a failure, too. */
static int finish(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fprintf(stderr, "tour: cannot write the output: %s\n", strerror(errno));
    return 1;
}

int main(int count, char **words) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < count; i++)
        if (!number_of(words[i]) && !is_list(words[i])) return refuse(words[i]);
    if (count == 1) {
        for (int number = 1; number <= CHAPTERS; number++)
            if (tell(number)) return finish(1);
        printf("\nThat was the tour. The chapters are in examples/tour/, the lessons in docs/.\n");
    }
    for (int i = 1; i < count; i++) {
        if (is_list(words[i]))
            list();
        else if (tell(number_of(words[i])))
            return finish(1);
    }
    return finish(0);
}
