/* memory.c: the library's memory, behind fut_set_allocator. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "future/task.h"

static const fut_allocator_t standard = {malloc, free};
static fut_allocator_t       current  = {malloc, free};

void fut_set_allocator(const fut_allocator_t *allocator) { current = allocator ? *allocator : standard; }

void *fut__allocate(size_t size) { return current.allocate(size); }

void *fut__allocate_zeroed(size_t size) {
    void *memory = current.allocate(size);
    if (memory) memset(memory, 0, size);
    return memory;
}

void fut__release(void *memory) {
    if (memory) current.release(memory);
}
