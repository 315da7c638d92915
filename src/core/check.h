/* check.h: the checks of macros/check.h, as the library itself calls them. */
#ifndef FUT_SRC_CHECK_H
#define FUT_SRC_CHECK_H

#include "future.h"

#ifndef FUT_CHECKED
void       fut_check_start(const fut_future_t *slot, const char *slot_text, const char *file, unsigned long line);
void       fut_check_enter(fut_future_t *future, fut_context_t *cx, const char *file, unsigned long line);
fut_poll_t fut_check_leave(fut_future_t *future, fut_context_t *cx, fut_poll_t answer);
void       fut_check_drop(const fut_future_t *future);
#endif

extern bool fut__checking; /* some file of the program is a checked build */
/* A task's root answered PENDING: stop unless somebody under it took the waker. */
void fut__check_root(const fut_future_t *root, const fut_context_t *cx);

#endif
