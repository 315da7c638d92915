/* check.h: the checks of macros/check.h, as the library itself calls them. */
#ifndef FUT_SRC_CHECK_H
#define FUT_SRC_CHECK_H

#include "future.h"

extern bool fut__checking; /* some file of the program is a checked build */
/* This thread polls futures that were polled on others: a worker of a runtime. */
extern _Thread_local bool fut__check_shares;
/* A task's root answered PENDING: stop unless somebody under it took the waker. */
void fut__check_root(const fut_future_t *root, const fut_context_t *cx);
/* Is this thread inside of a poll? Seen in polls that checked code makes, only. */
bool fut__check_is_polling(void);
/* What is called from here on counts as outside of the polls under way, as it may block: fut_in_place. Hand the answer to
 * step_in. */
size_t fut__check_step_out(void);
void   fut__check_step_in(size_t before);
/* Where the future that is being polled innermost is awaited. False: it is not this one, or unchecked code polls it. */
bool fut__check_site(const fut_future_t *future, const char **file, unsigned long *line);

/* A future answered READY: stop if a tenant is left in it. */
void fut__check_end(const fut_future_t *future);
/* `tenant`, which was opened just now inside of the future `owner`, must be done before its owner is. */
void fut__check_tenant(const fut_future_t *owner, const fut_future_t *tenant);

#endif
