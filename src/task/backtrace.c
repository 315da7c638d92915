/* backtrace.c: see backtrace.h. */
#include "backtrace.h"

#include <inttypes.h>
#include <string.h>

const char *fut__base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void fut__print_seconds(FILE *out, uint64_t nanoseconds) {
    fprintf(out, " %" PRIu64 ".%03" PRIu64 " s", nanoseconds / 1000000000, nanoseconds / 1000000 % 1000);
}

void fut__print_frame(FILE *out, const char *name, const char *file, uint32_t line, const char *more) {
    fprintf(out, "    %-20s  %s:%" PRIu32 "%s\n", name, fut__base_name(file), line, more);
}

static void print_leaf(FILE *out, const fut_future_t *future, uint64_t now) {
    fut_note_t note     = {0};
    uint64_t   deadline = 0;
    if (future->vtable->describe) future->vtable->describe(future, &note);
    fprintf(out, "    %-20s", future->vtable->name);
    if (note.text) fprintf(out, "  %s", note.text);
    if (note.kind == FUT_NOTE_NUMBER) fprintf(out, " %" PRId64, note.number);
    if (note.kind == FUT_NOTE_DEADLINE) {
        deadline = (uint64_t)note.number;
        fut__print_seconds(out, deadline > now ? deadline - now : 0);
    }
    if (note.child) fprintf(out, " %s", note.child->vtable->name);
    fprintf(out, "\n");
}

/* A future written by hand may name one child. */
void fut__print_backtrace(FILE *out, const fut_future_t *future, uint64_t now) {
    while (future && fut_is_frame_(future)) {
        const fut_vtable_t *vtable = future->vtable;
        bool                begun  = fut_is_pending(future);
        fut__print_frame(out, vtable->name, vtable->file, begun ? fut_line(future) : vtable->line,
                         begun                 ? ""
                         : fut_is_done(future) ? ", done"
                                               : ", not polled yet");
        future = begun ? ((const fut_frame_t *)(const void *)future)->awaiting : NULL;
    }
    if (future) print_leaf(out, future, now);
}
