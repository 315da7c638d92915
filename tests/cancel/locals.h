/* locals.h: a task-local that several files share. */
#ifndef TESTS_CANCEL_LOCALS_H
#define TESTS_CANCEL_LOCALS_H

#include "future/local.h"

FUT_TASK_LOCAL_DECLARE(const char *, user_name);

#endif
