/* snapshot.c: see snapshot.h. */
#define _GNU_SOURCE
#include "snapshot.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "backtrace.h"

enum { TRIES = 4, LONGEST_PATH = 512, PAGE = 4096 /* at least */ };

/* ---- peek ---------------------------------------------------------------------------------------- */

static bool peek(void *to, const void *from, size_t size) {
    const int    saved_errno = errno;
    struct iovec here = {to, size}, there = {(void *)(uintptr_t)from, size};
    const bool   done = process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)size;
    errno             = saved_errno;
    return done;
}

/* Up to its 0, or as much as there is room for. Page by page: the next one may not be there. */
static bool peek_string(char *to, size_t room, const char *from) {
    size_t length = 0;
    while (length < room - 1) {
        size_t part = PAGE - (uintptr_t)(from + length) % PAGE;
        if (part > room - 1 - length) part = room - 1 - length;
        if (!peek(to + length, from + length, part)) return false;
        if (memchr(to + length, 0, part)) return true;
        length += part;
    }
    to[length] = 0;
    return true;
}

static void copy_word(char *to, const char *from) {
    size_t i;
    for (i = 0; i < FUT__WORD - 1 && from[i]; i++) to[i] = from[i] > ' ' && from[i] < 127 ? from[i] : '?';
    to[i] = 0;
}

static bool peek_word(char *to, const char *from) {
    char text[LONGEST_PATH];
    if (!peek_string(text, sizeof text, from)) return false;
    copy_word(to, fut__base_name(text));
    return true;
}

/* ---- collect ------------------------------------------------------------------------------------- */

/* One frame or leaf. *next: what it awaits, or NULL. */
static bool collect_future(fut__shot_t *shot, const fut_future_t *at, const fut_future_t **next) {
    fut_future_t future;
    fut_vtable_t vtable;
    *next = NULL;
    if (!peek(&future, at, sizeof future) || !peek(&vtable, future.vtable, sizeof vtable)) return false;
    if (!peek_word(shot->name, vtable.name)) return false;
    shot->stand = FUT__BY_ITSELF;
    if (vtable.kind != FUT_IS_FRAME_ && (!vtable.awaits || !fut_is_pending(&future))) return true;
    if (vtable.kind != FUT_IS_FRAME_) return peek(next, (const char *)at + vtable.awaits, sizeof *next);
    shot->stand = fut_is_pending(&future) ? FUT__WAITS : fut_is_done(&future) ? FUT__DONE : FUT__NOT_BEGUN;
    shot->line  = shot->stand == FUT__WAITS ? fut_line(&future) : vtable.line;
    if (shot->stand == FUT__WAITS && !peek(next, (const char *)at + offsetof(fut_frame_t, awaiting), sizeof *next))
        return false;
    return peek_word(shot->file, vtable.file);
}

static bool find_root(const fut_task_t *task, unsigned flags, const fut_future_t **root) {
    *root = (const fut_future_t *)(const void *)(task + 1);
    return flags & FUT__INLINE || peek(root, task + 1, sizeof *root);
}

/* Zeros first, since two of them are compared. A child that has returned belongs to a poll: its parent goes on. */
static bool collect(fut__snapshot_t *snapshot, const fut_task_t *task) {
    const fut_future_t *at;
    fut_task_t          copy;
    memset(snapshot, 0, sizeof *snapshot);
    if (!peek(&copy, task, sizeof copy)) return false;
    snapshot->tag = copy.state & (uint32_t)FUT__GENERATION_MASK;
    if (!(copy.flags & FUT__LIVE) || !find_root(task, copy.flags, &at)) return false;
    while (at && snapshot->count < FUT__DEPTH) {
        fut__shot_t *shot = &snapshot->frames[snapshot->count];
        if (!collect_future(shot, at, &at)) return false;
        if (shot->stand == FUT__DONE && snapshot->count > 0) {
            memset(shot, 0, sizeof *shot);
            return true;
        }
        snapshot->count++;
    }
    snapshot->deeper = at != NULL;
    return true;
}

/* ---- without the kernel's help --------------------------------------------------------------------- */

/* Where the root lies behind the task its vtable is in memory that stays a task's, and is one as long as the generation is
 * the same. It may be written at any time, and be poisoned by then: of no interest, since then the generation has moved. */
#define UNCHECKED __attribute__((no_sanitize_address, no_sanitize_thread))

UNCHECKED static const fut_vtable_t *glance_at_root(const fut_task_t *task) {
    const fut_future_t *root  = (const fut_future_t *)(const void *)(task + 1);
    const unsigned      flags = *(const volatile uint16_t *)&task->flags;
    if ((flags & (FUT__LIVE | FUT__INLINE | FUT__ENDED)) != (FUT__LIVE | FUT__INLINE)) return NULL;
    return *(const fut_vtable_t *const volatile *)&root->vtable;
}

static void name_root(fut__snapshot_t *snapshot, const fut_task_t *task) {
    const uint32_t      tag    = fut__load_acquire(&task->state) & (uint32_t)FUT__GENERATION_MASK;
    const fut_vtable_t *vtable = glance_at_root(task);
    memset(snapshot, 0, sizeof *snapshot);
    fut__fence(); /* between the glance and the second look at the generation */
    if (!vtable || (fut__load_relaxed(&task->state) & (uint32_t)FUT__GENERATION_MASK) != tag) return;
    snapshot->tag   = tag;
    snapshot->count = 1;
    copy_word(snapshot->frames[0].name, vtable->name);
    snapshot->frames[0].stand = FUT__BY_ITSELF;
}

/* ---- take, print --------------------------------------------------------------------------------- */

bool fut__snapshot_take(fut__snapshot_t *snapshot, const fut_task_t *task) {
    fut__snapshot_t again;
    for (int i = 0; i < TRIES; i++)
        if (collect(snapshot, task) && collect(&again, task) && memcmp(snapshot, &again, sizeof again) == 0)
            return true;
    name_root(snapshot, task);
    return false;
}

static const char *more_of(const fut__shot_t *shot, bool goes_on) {
    switch (shot->stand) {
        case FUT__NOT_BEGUN: return goes_on ? ", polled for the first time" : ", not polled yet";
        case FUT__WAITS: return goes_on ? ", resumed there" : "";
        default: return ", done";
    }
}

int fut__snapshot_innermost(const fut__snapshot_t *snapshot) {
    int i = (int)snapshot->count - 1;
    while (i >= 0 && snapshot->frames[i].stand == FUT__BY_ITSELF) i--;
    return i;
}

void fut__snapshot_print(const fut__snapshot_t *snapshot, FILE *out, bool polled) {
    const int goes_on = polled && !snapshot->deeper ? fut__snapshot_innermost(snapshot) : -1;
    for (int i = 0; i < (int)snapshot->count; i++) {
        const fut__shot_t *shot = &snapshot->frames[i];
        if (shot->stand == FUT__BY_ITSELF)
            fprintf(out, "    %s\n", shot->name);
        else
            fut__print_frame(out, shot->name, shot->file, shot->line, more_of(shot, i == goes_on));
    }
    if (snapshot->deeper) fprintf(out, "    ...\n");
    if (snapshot->count == 0) fprintf(out, "    (not readable)\n");
}
