/* Tokens, deadlines and task-locals need neither task nor executor: a future is stopped by a token, polled by hand.
 * links: core sync time cancel
 */
#include <future/cancel.h>
#include <future/deadline.h>
#include <future/local.h>

#if defined(FUT_TASK_H) || defined(FUT_EXECUTOR_H) || defined(FUT_REACTOR_H) || defined(FUT_SCOPE_H)
#error "an upper layer leaked into future/cancel.h, deadline.h or local.h"
#endif

FUT_TASK_LOCAL(int, number);

typedef struct work {
    ASYNC_FRAME(work, int, int *seen);
    fut_cancelled_t never;
} work_t;
ASYNC(work) {
    ASYNC_BEGIN();
    AWAIT(self->never, fut_cancelled, NULL);
    ASYNC_FINALLY();
    *self->seen = FUT_LOCAL_OR(cx, number, 0);
    ASYNC_END();
}

int main(void) {
    fut_cancel_token_t  token  = FUT_CANCEL_TOKEN_INIT;
    fut_waker_t         nobody = {NULL, 0};
    int                 seen   = 0;
    work_t              work;
    number_t            with_number;
    fut_with_deadline_t with_deadline;
    fut_with_token_t    with_token;
    fut_context_t       cx;

    fut_context_init(&cx, nobody, NULL);
    START(work, work, &seen);
    START(with_number, number, &work.future, 5);
    START(with_deadline, fut_with_deadline, &with_number.future, FUT_NEVER);
    START(with_token, fut_with_token, &with_deadline.future, &token);
    if (fut_poll(&with_token.future, &cx) != PENDING) return 1;
    fut_cancel_token_cancel(&token, 0);
    if (fut_poll(&with_token.future, &cx) != READY || with_token.output != -FUT_ECANCELED || seen != 5) return 1;
    fut_cancel_token_destroy(&token);
    return 0;
}
