/* backtrace.h: what a task waits for, frame by frame, as text; for every executor that can be dumped.     layer: task */
#ifndef FUT_SRC_BACKTRACE_H
#define FUT_SRC_BACKTRACE_H

#include <stdint.h>
#include <stdio.h>

#include "future.h"

/* " 1.203 s" */
void fut__print_seconds(FILE *out, uint64_t nanoseconds);
/* One line of it: a function, where it was written or waits, and more. */
void fut__print_frame(FILE *out, const char *name, const char *file, uint32_t line, const char *more);
/* Down the chain of what awaits what. Nobody polls it meanwhile. `now`: on the clock of its timers. */
void fut__print_backtrace(FILE *out, const fut_future_t *root, uint64_t now);

/* Of a path. */
const char *fut__base_name(const char *path);

#endif
