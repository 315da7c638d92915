/* misuse.h: a caller's mistake that leaves no way to go on: unlocking what is not locked, destroying what is waited for. */
#ifndef FUT_SRC_SYNC_MISUSE_H
#define FUT_SRC_SYNC_MISUSE_H

#include "../core/panic.h"

#define FUT__MISUSE(function, mistake) fut__panic(__FILE__, __LINE__, function, mistake)

#endif
