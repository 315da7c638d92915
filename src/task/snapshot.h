/* snapshot.h: the backtrace of a task that somebody else may be polling.                               layer: task
 *
 * Its frames change under the reader's eyes, and a frame that was just left may be free memory, or none at all. So nothing
 * is followed by a plain load: the kernel copies each piece (process_vm_readv on one's own process), and says EFAULT where
 * a load would crash. What was copied is checked: two collections, one after the other, have to be equal, and belong to
 * the same generation of the task. Whoever knows of more, as that the same poll is still under way, checks that, too.
 *
 * While a poll is under way the frames above the one that is polled do not change. That one itself says where the poll
 * found it, so it is shown as "resumed there".
 *
 * Where the kernel refuses (a seccomp filter), there is the root's name at most.
 */
#ifndef FUT_SRC_SNAPSHOT_H
#define FUT_SRC_SNAPSHOT_H

#include <stdbool.h>
#include <stdio.h>

#include "task.h"

enum {
    FUT__DEPTH = 32, /* frames; what lies deeper is not read        */
    FUT__WORD  = 48  /* bytes of a name, with the 0; the rest is cut */
};

typedef enum {
    FUT__NOT_BEGUN, /* `line` is where the function begins */
    FUT__WAITS,     /* ... where it waits                  */
    FUT__BY_ITSELF, /* no async function: no line          */
    FUT__DONE       /* it has returned                     */
} fut__stand_t;

typedef struct fut__shot {
    char         name[FUT__WORD], file[FUT__WORD]; /* printable characters only */
    uint32_t     line;
    fut__stand_t stand;
} fut__shot_t;

typedef struct fut__snapshot {
    fut_tag_t   tag;
    unsigned    count; /* 0: it could not be read */
    bool        deeper;
    fut__shot_t frames[FUT__DEPTH]; /* the root first */
} fut__snapshot_t;

/* Any thread. False: it could not be read, or changed all the time; then the root's name may be there all the same. */
bool fut__snapshot_take(fut__snapshot_t *snapshot, const fut_task_t *task);
/* The innermost async function, or -1. What lies below it is what it awaits: perhaps that is being polled, perhaps that was
 * READY just now. */
int fut__snapshot_innermost(const fut__snapshot_t *snapshot);
/* `polled`: somebody polls the task, so the last frame goes on. */
void fut__snapshot_print(const fut__snapshot_t *snapshot, FILE *out, bool polled);

#endif
