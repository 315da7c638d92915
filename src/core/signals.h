/* signals.h: threads of the library's own are not interrupted.                       layer: core
 *
 * Signals are for the threads of the program: a handler would find itself in the middle of something it knows nothing of.
 * Those that a thread causes itself stay open, so that whoever reports crashes can.
 */
#ifndef FUT_SRC_SIGNALS_H
#define FUT_SRC_SIGNALS_H

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

/* Around the creation of such a thread, which inherits what is blocked: `before` is what to restore with SIG_SETMASK. */
static inline void fut__close_to_signals(sigset_t *before) {
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    sigset_t         all;
    sigfillset(&all);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) sigdelset(&all, own[i]);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

#endif
