/* short_names.h: the language without its prefix. -DFUT_NO_SHORT_NAMES leaves FUT_AWAIT and the rest. */
#if !defined(FUT_MACROS_SHORT_NAMES_H) && !defined(FUT_NO_SHORT_NAMES)
#define FUT_MACROS_SHORT_NAMES_H

#define PENDING FUT_PENDING
#define READY   FUT_READY

#define ASYNC_FRAME   FUT_ASYNC_FRAME
#define ASYNC         FUT_ASYNC
#define ASYNC_DECLARE FUT_ASYNC_DECLARE
#define ASYNC_DEFINE  FUT_ASYNC_DEFINE
#define ASYNC_FORWARD FUT_ASYNC_FORWARD
#define ASYNC_BEGIN   FUT_ASYNC_BEGIN
#define ASYNC_RETURN  FUT_ASYNC_RETURN
#define ASYNC_FINALLY FUT_ASYNC_FINALLY
#define ASYNC_END     FUT_ASYNC_END
#define START         FUT_START
#define AWAIT         FUT_AWAIT
#define AWAIT_TRY     FUT_AWAIT_TRY
#define TRY           FUT_TRY
#define YIELD         FUT_YIELD

#endif
