// A loop reads messages of three bytes, and beside that looks at a bell. Each time the bell wins, what was read of the next
// message is lost with the read that is cancelled. A checked build says so, once for this SELECT. The right way keeps the
// loser.
//
// flags: -DFUT_CHECKED
// says: libfuture: message (select_loses_bytes.c:50): was cancelled by the SELECT at select_loses_bytes.c:65 and loses bytes
#include "future/group.h"
#include "future/test.h"

typedef struct input {
    int              bytes;
    fut_test_event_t more;
} input_t;

/* Ready when three bytes have come; those that came before are in it, and nowhere else. */
typedef struct message {
    FUT_FUTURE(message, int, input_t *input);
    int have;
} message_t;
static inline fut_poll_t message_poll(message_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return READY;
    if (self->future.point == FUT_POINT_START) self->have = 0;
    self->have += self->input->bytes;
    self->input->bytes      = 0;
    self->input->more.waker = fut_context_waker(cx);
    if (self->have < 3) return fut_pending(&self->future);
    self->output = self->have;
    return fut_ready(&self->future);
}
FUT_DEFINE(message, .loses = FUT_LOSES_BYTES);

typedef struct bell {
    FUT_FUTURE(bell, int, int *rings);
} bell_t;
static inline fut_poll_t bell_poll(bell_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return READY;
    (void)fut_context_waker(cx);
    if (*self->rings == 0) return fut_pending(&self->future);
    self->output = --*self->rings;
    return fut_ready(&self->future);
}
FUT_DEFINE(bell, .loses = FUT_LOSES_NOTHING);

typedef struct reader {
    ASYNC_FRAME(reader, int, input_t *input);
    message_t message;
} reader_t;
ASYNC(reader) {
    ASYNC_BEGIN();
    AWAIT(self->message, message, self->input);
    ASYNC_RETURN(self->message.output);
    ASYNC_END();
}

typedef struct server {
    ASYNC_FRAME(server, int, input_t *input; int *rings);
    reader_t reader;
    bell_t   bell;
    FUT_GROUP(2) group;
} server_t;
ASYNC(server) {
    ASYNC_BEGIN();
#ifndef FIXED
    do {
        SELECT(self->group, (self->reader, reader, self->input), (self->bell, bell, self->rings));
    } while (WON(self->group, self->bell));
#else
    START(self->reader, reader, self->input);
    do {
        START(self->bell, bell, self->rings);
        SELECT_KEEP(self->group, self->reader, self->bell);
    } while (WON(self->group, self->bell));
#endif
    ASYNC_RETURN(self->reader.output);
    ASYNC_FINALLY();
    fut_drop(&self->bell.future);
    ASYNC_END();
}

int main(void) {
    input_t  input = {.bytes = 0};
    int      rings = 0, i;
    server_t server;

    START(server, server, &input, &rings);
    for (i = 0; i < 4; i++) {
        input.bytes = 1;
        rings       = 0;
        if (fut_test_run(&server.future) == READY) return 0;
        rings = 1;
        if (fut_test_run(&server.future) == READY) return 1;
    }
#ifndef FIXED
    fut_drop(&server.future);
    return 0; /* no message, after four bytes */
#else
    return 1;
#endif
}
