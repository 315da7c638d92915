/* counting.h: the library's memory, counted, and refused on the nth request.
 *
 * What lives for ever by design (chunks of tasks, homes, tables by descriptor number) is counted like the rest. So a test for leaks goes
 * the same way twice: the second time adds nothing.
 *
 * Any thread may allocate; what is counted is read and written while none does.
 *
 *     counting_begin();                 before anything else of the library is called
 *     scenario();
 *     size_t before = counting.live;
 *     scenario();                       counting.live == before, unless it leaks
 */
#ifndef TESTS_COUNTING_H
#define TESTS_COUNTING_H

#include <stdlib.h>

#include "future/task.h"

static struct {
    size_t live, calls; /* blocks that were not released; requests so far */
    size_t refuse;      /* this request, counted from 1, gets nothing; 0: none */
    bool   refuse_all;
} counting;

static void *counting_allocate(size_t size) {
    const size_t call = __atomic_add_fetch(&counting.calls, 1, __ATOMIC_RELAXED);
    void        *memory;
    if (__atomic_load_n(&counting.refuse_all, __ATOMIC_RELAXED) || call == counting.refuse) return NULL;
    memory = malloc(size);
    if (memory) (void)__atomic_add_fetch(&counting.live, 1, __ATOMIC_RELAXED);
    return memory;
}

static void counting_release(void *memory) {
    (void)__atomic_sub_fetch(&counting.live, 1, __ATOMIC_RELAXED);
    free(memory);
}

static inline void counting_begin(void) {
    static const fut_allocator_t allocator = {counting_allocate, counting_release};
    fut_set_allocator(&allocator);
}

#endif
