/* check.h: what a checked build (-DFUT_CHECKED) verifies around every poll.    layer: macros
 *
 * The checks themselves are in libfuture (src/core/check.c); a build without FUT_CHECKED contains no trace of them.
 * Checked and unchecked files may be linked together: the ABI is the same.
 *
 * Stops with the future's name and file:line when
 *     - a slot is started again while the future in it is still pending
 *     - a future answers PENDING although neither it nor its children took the waker
 *     - a future is polled by another thread than the one that polled it before, and not on a runtime
 *     - a future is dropped, or polled, while it is being polled
 *     - a future stands in a group (future/group.h) twice
 *
 * Says on stderr, once for each place, that a SELECT cancels again and again a future which loses bytes by that.
 */
#ifndef FUT_MACROS_CHECK_H
#define FUT_MACROS_CHECK_H

void       fut_check_start(fut_future_t *slot, const char *slot_text, const char *file, unsigned long line);
/* file: where it is awaited; NULL: it is polled by hand, and where it stands itself is said instead. */
void       fut_check_enter(fut_future_t *future, fut_context_t *cx, const char *file, unsigned long line);
fut_poll_t fut_check_leave(fut_future_t *future, fut_context_t *cx, fut_poll_t answer);
void       fut_check_drop(const fut_future_t *future);
void fut_check_children(const fut_future_t *group, fut_future_t *const *children, unsigned count, const char *file,
                        unsigned long line);
void fut_check_loser(const fut_future_t *loser, const char *file, unsigned long line);

#if defined(FUT_CHECKED)
#define FUT_CHECK_START_(slot) fut_check_start(&(slot).future, #slot, __FILE__, __LINE__)
#define FUT_CHECK_AWAIT_(child, cx, call)                                                                            \
    (fut_check_enter(child, cx, __FILE__, __LINE__), fut_check_leave(child, cx, call))
#define FUT_CHECK_POLL_(future, cx, call) (fut_check_enter(future, cx, NULL, 0), fut_check_leave(future, cx, call))
#define FUT_CHECK_DROP_(future) fut_check_drop(future)
#else
#define FUT_CHECK_START_(slot)           ((void)0)
#define FUT_CHECK_AWAIT_(child, cx, call) (call)
#define FUT_CHECK_POLL_(future, cx, call) (call)
#define FUT_CHECK_DROP_(future)          ((void)0)
#endif

#endif
