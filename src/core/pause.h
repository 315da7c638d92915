/* pause.h: a moment in a loop that waits for another thread.                           layer: core
 *
 * Tells the processor so, which then leaves its other half, and the bus, to others.
 */
#ifndef FUT_SRC_PAUSE_H
#define FUT_SRC_PAUSE_H

static inline void fut__pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
