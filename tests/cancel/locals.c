/* The one definition of a task-local that several files share. */
#include "locals.h"

FUT_TASK_LOCAL_DEFINE(const char *, user_name);
