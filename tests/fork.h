/* fork.h: fork in a process of many threads.
 *
 * The sanitizers of gcc 12 and clang 14 take none of their allocator's locks around fork: the child of a process whose other
 * threads allocate may hang in its first malloc or free. There, and only there, quiet_fork first waits until they all sleep.
 */
#ifndef TESTS_FORK_H
#define TESTS_FORK_H

#include <dirent.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sanitized.h"

static inline bool thread_sleeps(const char *id) {
    char  path[300], state = 'S';
    FILE *stat;
    if (id[0] == '.' || atoi(id) == gettid()) return true;
    snprintf(path, sizeof path, "/proc/self/task/%s/stat", id);
    stat = fopen(path, "r");
    if (!stat) return true; /* it has ended */
    if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1) state = 'S';
    fclose(stat);
    return state == 'S';
}

static inline bool others_sleep(void) {
    DIR           *threads = opendir("/proc/self/task");
    struct dirent *thread;
    bool           all = true;
    while (threads && (thread = readdir(threads)) != NULL) all = all && thread_sleeps(thread->d_name);
    if (threads) closedir(threads);
    return all;
}

static inline pid_t quiet_fork(void) {
    if (SANITIZED)
        while (!others_sleep()) sched_yield();
    return fork();
}

#endif
