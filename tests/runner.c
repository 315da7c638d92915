/* runner.c: runs Criterion's tests without Criterion's runner: a fork for each test, no exec and no sockets.
 *
 * `make RUNNER=fork` links this file before libcriterion, so that it takes the place of its main and of the functions by
 * which a test reports. Sanitizers need that: valgrind takes seconds to start, and Criterion starts it again for every
 * test; under ThreadSanitizer Criterion does not run at all; and its own leaks are not ours. The status with which the
 * process of a test exits says how it went, so a leak that is found at exit fails the test.
 */
#define _POSIX_C_SOURCE 200809L
#include <criterion/criterion.h>
#include <criterion/event.h>
#include <criterion/parameterized.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77, SECONDS_FOR_A_TEST = 400 };

/* Criterion's macros put a pointer to each test into this section, whose ends the linker names. */
extern struct criterion_test *const __start_cr_tst[];
extern struct criterion_test *const __stop_cr_tst[];

static struct rlimit descriptors; /* as they were at first                */
static pid_t         process;     /* of the test that runs now            */
static void         *parameter;   /* of a parameterised one, inside it    */
static bool          failed;      /* an assertion of it, also inside      */

/* ---- What a test calls -------------------------------------------------------------------- */

void criterion_internal_test_setup(void) {}
void criterion_internal_test_teardown(void) {}
void criterion_internal_test_main(void (*test)(void)) {
    if (parameter)
        ((void (*)(void *))test)(parameter);
    else
        test();
}

void criterion_send_assert(struct criterion_assert_stats *assertion) {
    if (assertion->passed) return;
    fprintf(stderr, "%s:%u: assertion failed: %s\n", assertion->file, assertion->line, assertion->message);
    failed = true;
}

void criterion_abort_test(void) { _exit(1); }
void criterion_skip_test(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    _exit(SKIPPED);
}

/* ---- Running them ------------------------------------------------------------------------- */

static void run_here(const struct criterion_test *test) {
    signal(SIGALRM, SIG_DFL);                                    /* an alarm of the test's own is not ours */
    if (test->data->signal) signal(test->data->signal, SIG_DFL); /* a sanitizer may have taken it */
    if (test->data->init) test->data->init();
    test->test();
    if (test->data->fini) test->data->fini();
    setrlimit(RLIMIT_NOFILE, &descriptors); /* whatever the test did to it: looking for leaks needs some */
    exit(failed);
}

static void kill_the_test(int signal) {
    (void)signal;
    kill(process, SIGKILL);
}

static int run(const struct criterion_test *test) { /* waitpid's status */
    int status = 1;

    fflush(NULL);
    process = fork();
    if (process == 0) run_here(test);
    alarm(SECONDS_FOR_A_TEST);
    while (process > 0 && waitpid(process, &status, 0) < 0) {}
    alarm(0);
    return status;
}

static bool as_expected(const struct criterion_test *test, int status) {
    if (WIFSIGNALED(status)) return WTERMSIG(status) == test->data->signal;
    return test->data->signal == 0 && WEXITSTATUS(status) == test->data->exit_code;
}

static bool chosen(const struct criterion_test *test, const char *pattern) {
    char name[256];
    snprintf(name, sizeof name, "%s/%s", test->category, test->name);
    return !test->data->disabled && (!pattern || fnmatch(pattern, name, 0) == 0);
}

int main(int argc, char **argv) { /* of Criterion's options only --filter, which comes last */
    const char *const pattern   = argc > 2 && strcmp(argv[argc - 2], "--filter") == 0 ? argv[argc - 1] : NULL;
    int               counts[2] = {0, 0}; /* failed, passed */

    getrlimit(RLIMIT_NOFILE, &descriptors);
    signal(SIGALRM, kill_the_test);
    for (struct criterion_test *const *at = __start_cr_tst; at < __stop_cr_tst; at++) {
        const struct criterion_test *const test = *at;
        struct criterion_test_params       each = {.length = 1};

        if (!test || !chosen(test, pattern)) continue;
        if (test->data->kind_ == CR_TEST_PARAMETERIZED) each = test->data->param_();
        for (size_t i = 0; i < each.length; i++) {
            int status;
            parameter = each.params ? (char *)each.params + i * each.size : NULL;
            status    = run(test);
            if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) continue;
            counts[as_expected(test, status)]++;
            if (!as_expected(test, status)) printf("[FAIL] %s::%s, status 0x%x\n", test->category, test->name, status);
        }
        if (each.cleanup) each.cleanup(&each);
    }
    printf("[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: 0\n", counts[0] + counts[1], counts[1],
           counts[0]);
    return counts[0] > 0;
}
