/* Chapter 10: a scope, in which one failing child cancels the others.
 *
 * A scope is not left before its children have ended, so they may use what lies in the frame that opened it, and no error
 * gets lost. The first one cancels the siblings, gracefully: their FINALLY may take its time, and the scope waits for it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "future/executor.h"
#include "future/scope.h"
#include "future/time.h"
#include "tour.h"

/* One part of a whole, copied into the parent's frame. Output: 0, or what went wrong. */
typedef struct part {
    ASYNC_FRAME(part, int, const char *name; int milliseconds; int ends_with; int *parts_done);
    fut_sleep_t work, tidy;
} part_t;

ASYNC(part) {
    ASYNC_BEGIN();
    printf("    %-8s begins\n", self->name);
    AWAIT_TRY(self->work, fut_sleep, FUT_MS(self->milliseconds));
    printf("    %-8s %s\n", self->name, self->ends_with < 0 ? "FAILS" : "is done");
    if (self->ends_with == 0) ++*self->parts_done; /* in the frame of whoever opened the scope: it cannot be gone */
    ASYNC_RETURN(self->ends_with);

    ASYNC_FINALLY();
    if (self->output == -ECANCELED) {
        printf("    %-8s is told to end, and tidies up for 20 ms\n", self->name);
        AWAIT(self->tidy, fut_sleep, FUT_MS(20));
        printf("    %-8s has ended\n", self->name);
    }
    ASYNC_END();
}

/* Output: 0, or the first error of a part. */
typedef struct whole {
    ASYNC_FRAME(whole, int, int index_ends_with; int *parts_done);
    fut_scope_t scope;
    part_t      text, images, index; /* children: embedded, never allocated */
} whole_t;

ASYNC(whole) {
    ASYNC_BEGIN();
    SCOPE(self->scope) {
        SCOPE_SPAWN(self->scope, self->text, part, "text", 30, 0, self->parts_done);
        SCOPE_SPAWN(self->scope, self->images, part, "images", 90, 0, self->parts_done);
        SCOPE_SPAWN(self->scope, self->index, part, "index", 60, self->index_ends_with, self->parts_done);
    }
    SCOPE_END(self->scope);
    ASYNC_RETURN(self->scope.output);
    ASYNC_END();
}

static int run(fut_executor_t *executor, int index_ends_with, int *result) {
    int parts_done = 0;
    *result        = BLOCK_ON(executor, whole, index_ends_with, &parts_done);
    printf("\n    the scope: %s, %d of 3 parts\n\n", *result < 0 ? strerror(-*result) : "all is well", parts_done);
    return parts_done;
}

int scope(void) {
    fut_executor_t executor;
    int            well, badly, parts;
    int            error = fut_executor_init(&executor, NULL);
    if (error < 0) return error;

    printf("Three parts at once. The scope ends when all have:\n\n");
    parts = run(&executor, 0, &well);
    printf("The same, and the index fails. The images hear of it, the text had been done:\n\n");
    parts += run(&executor, -ENOSPC, &badly);
    fut_executor_destroy(&executor);

    printf("Nothing runs on behind the scope's back, whichever way it ended.\n");
    return well == 0 && badly == -ENOSPC && parts == 4 ? 0 : -EIO;
}
