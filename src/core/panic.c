/* panic.c: how a mistake stops the program: one line with the place, then abort. */
#include <stdio.h>
#include <stdlib.h>

#include "panic.h"

void fut__panic(const char *file, unsigned long line, const char *name, const char *mistake) {
    fut_panic(file, line, name, mistake);
}

void fut_panic(const char *file, unsigned long line, const char *name, const char *mistake) {
    fprintf(stderr, "libfuture: %s (%s:%lu): %s\n", name, file, line, mistake);
    abort();
}
