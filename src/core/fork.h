/* fork.h: whose process is this? */
#ifndef FUT_SRC_FORK_H
#define FUT_SRC_FORK_H

/* How many forks lie between the first process that asked and this one. What was made under another number shares its
 * descriptors with the parent, and belongs to the parent alone. */
unsigned fut__forks(void);
/* Have `forget` called in the child of a fork, before anything else runs there. Returns when that is sure. */
void fut__at_fork(void (*forget)(void));

#endif
