/* launch: run a program on so many CPUs, then say what it took.
 *
 *     launch CPUS SECONDS PROGRAM ARGUMENTS...
 *
 * The last CPUS of those that may be used, so that everybody's numbers come from the same ones; 0: all of them. After
 * what the program printed follow its CPU time and its peak memory, as the kernel knows them after its end. A program
 * that takes longer than SECONDS is killed. The answer is the program's own status. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static void too_late(int signal) {
    (void)signal;
    kill(child, SIGKILL);
}

static void keep_last_cpus(int wanted) {
    cpu_set_t allowed, last;
    if (wanted <= 0 || sched_getaffinity(0, sizeof allowed, &allowed) < 0) return;
    CPU_ZERO(&last);
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && CPU_COUNT(&last) < wanted; cpu--)
        if (CPU_ISSET(cpu, &allowed)) CPU_SET(cpu, &last);
    sched_setaffinity(0, sizeof last, &last);
}

/* Ten thousand connections need as many descriptors. */
static void lift_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

int main(int argc, char **argv) {
    struct rusage usage;
    int           status;
    if (argc < 4) return fprintf(stderr, "usage: %s CPUS SECONDS PROGRAM ARGUMENTS...\n", argv[0]), 2;
    child = fork();
    if (child < 0) return perror("launch: fork"), 1;
    if (child == 0) {
        keep_last_cpus(atoi(argv[1]));
        lift_descriptors();
        execvp(argv[3], argv + 3);
        return perror(argv[3]), 127;
    }
    signal(SIGALRM, too_late);
    alarm((unsigned)atoi(argv[2]));
    if (wait4(child, &status, 0, &usage) != child) return perror("launch: wait4"), 1;
    if (WIFSIGNALED(status)) return fprintf(stderr, "launch: %s: signal %d\n", argv[3], WTERMSIG(status)), 1;
    printf("process s\t%.6f\n", seconds(usage.ru_utime) + seconds(usage.ru_stime));
    printf("process KiB\t%ld\n", usage.ru_maxrss);
    return WEXITSTATUS(status);
}
