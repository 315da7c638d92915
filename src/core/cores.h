/* cores.h: how many cores this process may use.                                      layer: core
 *
 * At least one. The system is asked anew each time. Any thread.
 */
#ifndef FUT_SRC_CORES_H
#define FUT_SRC_CORES_H

unsigned fut__cores(void);

#endif
