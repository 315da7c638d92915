/* fork.h: whose process is this? */
#ifndef FUT_SRC_FORK_H
#define FUT_SRC_FORK_H

/* How many forks lie between the first process that asked and this one. What was made under another number shares its
 * descriptors with the parent, and belongs to the parent alone. */
unsigned fut__forks(void);
/* Around each fork: `before` takes a lock of the library's, `in_parent` and `in_child` give it back, so that no
 * child is born with a lock held by a thread that it does not have. */
void fut__at_fork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void));
#endif
