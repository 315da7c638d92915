/* cores.c: how many cores this process may use. */
#define _GNU_SOURCE
#include "cores.h"

#include <sched.h>
#include <unistd.h>

/* Where the affinity cannot be had, on a machine with more cores than a cpu_set_t has bits or in a sandbox, all that there are. */
unsigned fut__cores(void) {
    long count = -1;
#if defined(__linux__)
    cpu_set_t usable;
    if (sched_getaffinity(0, sizeof usable, &usable) == 0) count = CPU_COUNT(&usable);
#endif
    if (count < 1) count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : (unsigned)count;
}
