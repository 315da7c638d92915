/* reactor.c: the driver over epoll.
 *
 * Descriptors come as plain numbers, and a number may be closed and given to another descriptor at any time without a
 * word. So each number has a source, and a source is in one of two modes:
 *
 *     plain      the kernel is told of every wait (EPOLLONESHOT, renewed by EPOLL_CTL_MOD). ENOENT in reply means that
 *                the number is a new descriptor: it is added, and whoever still waits for the old one gets -EBADF.
 *     attached   registered once, for both directions, edge-triggered. The source keeps two bits, "may be readable" and
 *                "may be writable": set by an edge, cleared when a system call said EAGAIN (or a stream came back
 *                short). A leaf tries only while its bit is set, and else waits for the edge. An edge is never lost:
 *                one that comes between the system call and the wait is still in the kernel's list, and is
 *                reported by the next epoll_wait, which is on this same thread.
 *
 * An event carries the number and the source's generation, which moves on when the number changes hands; so a late
 * event of the old descriptor finds nobody.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#include "../core/fork.h"
#include "../core/memory.h"
#include "../time/wheel.h"
#include "future/reactor.h"

/* ---- struct -------------------------------------------------------------------------------- */

typedef struct source {
    fut_io_t *waits; /* both directions, oldest first               */
    uint32_t  generation;
    uint8_t   state;      /* FUT_IO_ bits                                */
    bool      registered; /* epoll was told of it, and may have forgotten */
} source_t;

enum { PER_BLOCK = 64, EVENTS = 256 };

struct fut_reactor {
    fut_driver_t driver;
    int          epoll;
    int          bell;
    unsigned     forks;     /* fut__forks() when it was made                                   */
    bool         no_pwait2; /* the kernel is older than epoll_pwait2: milliseconds, rounded up */
    size_t       blocks;    /* number of entries in `sources`                                  */
    source_t   **sources;   /* blocks of PER_BLOCK, by number / PER_BLOCK; NULL: not used yet */
    fut__wheel_t wheel;
};

static fut_reactor_t *reactor_of(fut_driver_t *driver) { return (fut_reactor_t *)(void *)driver; }

static source_t *find_source(const fut_reactor_t *reactor, int fd) {
    size_t block = (size_t)fd / PER_BLOCK;
    return fd >= 0 && block < reactor->blocks && reactor->sources[block] ? &reactor->sources[block][fd % PER_BLOCK]
                                                                         : NULL;
}

/* Find, or make. Sources never move, because waits point to them. NULL: out of memory. */
static source_t *make_source(fut_reactor_t *reactor, int fd) {
    size_t block = (size_t)fd / PER_BLOCK;
    if (block >= reactor->blocks) {
        size_t     blocks  = block + 1 > 2 * reactor->blocks ? block + 1 : 2 * reactor->blocks;
        source_t **sources = fut__allocate_zeroed(blocks * sizeof *sources);
        if (!sources) return NULL;
        for (size_t i = 0; i < reactor->blocks; i++) sources[i] = reactor->sources[i];
        fut__release(reactor->sources);
        reactor->sources = sources;
        reactor->blocks  = blocks;
    }
    if (!reactor->sources[block]) reactor->sources[block] = fut__allocate_zeroed(PER_BLOCK * sizeof(source_t));
    return find_source(reactor, fd);
}

/* ---- owners -------------------------------------------------------------------------------- */

/* Which reactor knows a number, and on which thread: for fut_close, which is called where no context is at hand, in a
 * FINALLY that runs because its task is dropped. The last reactor to register a number has it. An entry may be out of
 * date, since a plain number is closed without a word; so only the same thread acts on it, and what it does is then
 * harmless. */
typedef struct owner {
    fut_reactor_t *reactor;
    pthread_t      thread;
} owner_t;
static pthread_mutex_t owners_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t          owners_count;
static owner_t        *owners; /* by number */
static pthread_once_t  owners_once = PTHREAD_ONCE_INIT;

static void lock_owners(void) { pthread_mutex_lock(&owners_lock); }
static void unlock_owners(void) { pthread_mutex_unlock(&owners_lock); }
static void watch_forks(void) { fut__at_fork(lock_owners, unlock_owners, unlock_owners); }

static fut_reactor_t *owner_of(int fd) {
    owner_t owner = {NULL, pthread_self()};
    lock_owners();
    if (fd >= 0 && (size_t)fd < owners_count) owner = owners[fd];
    unlock_owners();
    return pthread_equal(owner.thread, pthread_self()) ? owner.reactor : NULL;
}

/* False: out of memory. */
static bool grow_owners(size_t least) {
    size_t   count = least > 2 * owners_count ? least + PER_BLOCK : 2 * owners_count;
    owner_t *grown = fut__allocate_zeroed(count * sizeof *grown);
    if (!grown) return false;
    for (size_t i = 0; i < owners_count; i++) grown[i] = owners[i];
    fut__release(owners);
    owners       = grown;
    owners_count = count;
    return true;
}

static int set_owner(int fd, fut_reactor_t *reactor) {
    bool fits;
    lock_owners();
    fits = (size_t)fd < owners_count || (reactor && grow_owners((size_t)fd + 1));
    if (fits) owners[fd] = (owner_t){reactor, pthread_self()};
    unlock_owners();
    return fits || !reactor ? 0 : -ENOMEM;
}

static void disown_all(const fut_reactor_t *reactor) {
    lock_owners();
    for (size_t i = 0; i < owners_count; i++)
        if (owners[i].reactor == reactor) owners[i].reactor = NULL;
    unlock_owners();
}

/* ---- waits --------------------------------------------------------------------------------- */

static void unlink_wait(fut_io_t *io) {
    source_t *source = io->source;
    DL_DELETE(source->waits, io);
    io->driver->waits--;
    io->driver = NULL;
}

static fut_io_t *first_wait(const source_t *source, int interest) {
    fut_io_t *io;
    DL_FOREACH (source->waits, io)
        if (io->interest & interest) return io;
    return NULL;
}

/* Wake everybody who waits for one of these directions. A wake may link and unlink waits, so each search begins anew;
 * as many are woken as there were in the beginning. */
static void wake_waits(source_t *source, int interest, short error) {
    fut_io_t *io;
    size_t    count = 0;
    DL_FOREACH (source->waits, io) count += (io->interest & interest) != 0;
    while (count-- > 0 && (io = first_wait(source, interest)) != NULL) {
        unlink_wait(io);
        io->error = error;
        fut_wake(io->waker);
    }
}

/* The number belongs to another descriptor now. */
static void new_owner(source_t *source) {
    source->generation++;
    source->state      = 0;
    source->registered = false;
    wake_waits(source, FUT_IO_READ | FUT_IO_WRITE, -EBADF);
}

/* In the child of a fork nothing is told: the epoll instance is the parent's. */
static int tell_epoll(const fut_reactor_t *reactor, int operation, int fd, const source_t *source, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)source->generation << 32 | (uint32_t)fd};
    if (reactor->forks != fut__forks()) return -ECHILD;
    return epoll_ctl(reactor->epoll, operation, fd, &event) < 0 ? -errno : 0;
}

/* Add or renew; whichever epoll expects, given that it may have forgotten the number or met it elsewhere. */
static int register_source(fut_reactor_t *reactor, int fd, source_t *source, uint32_t events) {
    int error = -ENOENT;
    if (source->registered) {
        error = tell_epoll(reactor, EPOLL_CTL_MOD, fd, source, events);
        if (error == -ENOENT || error == -EBADF) new_owner(source);
    }
    if (error != -ENOENT) return error;
    error = set_owner(fd, reactor);
    if (error == 0) error = tell_epoll(reactor, EPOLL_CTL_ADD, fd, source, events);
    if (error == -EEXIST) error = tell_epoll(reactor, EPOLL_CTL_MOD, fd, source, events);
    source->registered = error == 0;
    return error;
}

static uint32_t plain_events(const source_t *source) {
    uint32_t  events = EPOLLONESHOT;
    fut_io_t *io;
    DL_FOREACH (source->waits, io) events |= io->interest == FUT_IO_READ ? EPOLLIN | EPOLLRDHUP : EPOLLOUT;
    return events;
}

static int io_wait(fut_driver_t *driver, fut_io_t *io) {
    fut_reactor_t *reactor = reactor_of(driver);
    source_t      *source;
    int            error = 0;
    if (io->fd < 0) return -EBADF;
    source = make_source(reactor, io->fd);
    if (!source) return -ENOMEM;
    if (!(source->state & FUT_IO_ATTACHED)) {
        uint32_t mine = io->interest == FUT_IO_READ ? EPOLLIN | EPOLLRDHUP : EPOLLOUT;
        error         = register_source(reactor, io->fd, source, plain_events(source) | mine);
        if (error == -EPERM) return 1; /* a regular file */
        if (error < 0) return error;
    }
    io->driver = driver;
    io->source = source;
    io->error  = 0;
    DL_APPEND(source->waits, io);
    driver->waits++;
    return 0;
}

/* The registration stays; an event that finds nobody does no harm. */
static void io_cancel(fut_driver_t *driver, fut_io_t *io) {
    (void)driver;
    unlink_wait(io);
}

static uint8_t *io_state(fut_driver_t *driver, int fd) {
    source_t *source = find_source(reactor_of(driver), fd);
    return source ? &source->state : NULL;
}

/* ---- attaching ----------------------------------------------------------------------------- */

/* Which system calls suit it, and whether a short read tells anything: it does where nothing but the end of the
 * data ends a read early. (A local socket also stops at a message with descriptors.) */
static uint8_t kind_of(int fd) {
    int         type, domain;
    socklen_t   length = sizeof type;
    struct stat status;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0) {
        if (type != SOCK_STREAM || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0) return 0;
        return domain == AF_INET || domain == AF_INET6 ? FUT_IO_STREAM : 0;
    }
    return FUT_IO_NOT_A_SOCKET | (fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) ? FUT_IO_STREAM : 0);
}

static int make_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return -errno;
    return flags & O_NONBLOCK || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : -errno;
}

static int io_attach(fut_driver_t *driver, int fd) {
    fut_reactor_t *reactor = reactor_of(driver);
    source_t      *source;
    uint32_t       before;
    int            error;
    if (fd < 0) return -EBADF;
    source = make_source(reactor, fd);
    if (!source) return -ENOMEM;
    before = source->generation;
    error  = register_source(reactor, fd, source, EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    if (error < 0) return error;
    if (source->state & FUT_IO_ATTACHED && source->generation == before) return 0;
    source->state = FUT_IO_ATTACHED | FUT_IO_MAYBE_READ | FUT_IO_MAYBE_WRITE | kind_of(fd);
    return source->state & FUT_IO_NOT_A_SOCKET ? make_nonblocking(fd) : 0;
}

static void io_detach(fut_driver_t *driver, int fd) {
    source_t *source = find_source(reactor_of(driver), fd);
    if (!source) return;
    if (source->registered) tell_epoll(reactor_of(driver), EPOLL_CTL_DEL, fd, source, 0);
    set_owner(fd, NULL);
    new_owner(source);
}

int fut_attach(fut_context_t *cx, int fd) {
    if (!cx->driver || !cx->driver->vtable->io_attach) return -ENOTSUP;
    return cx->driver->vtable->io_attach(cx->driver, fd);
}

int fut_close(int fd) {
    fut_reactor_t *owner = owner_of(fd);
    if (owner && owner->forks == fut__forks()) io_detach(&owner->driver, fd);
    return close(fd) < 0 ? -errno : 0;
}

/* ---- park ---------------------------------------------------------------------------------- */

static fut_instant_t now(fut_driver_t *driver) {
    struct timespec time;
    (void)driver;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (fut_instant_t)time.tv_sec * 1000000000u + (fut_instant_t)time.tv_nsec;
}

static int wait_milliseconds(fut_reactor_t *reactor, struct epoll_event *events, fut_instant_t left) {
    uint64_t milliseconds = left == FUT_NEVER ? 0 : left / 1000000 + (left % 1000000 != 0);
    int      timeout      = left == FUT_NEVER ? -1 : milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds;
    return epoll_wait(reactor->epoll, events, EVENTS, timeout);
}

/* Wait for `left` nanoseconds at most. How many events, or -1 and errno. */
static int wait_events(fut_reactor_t *reactor, struct epoll_event *events, fut_instant_t left) {
#if defined(SYS_epoll_pwait2) && !defined(FUT_NO_EPOLL_PWAIT2)
    if (left != 0 && left != FUT_NEVER && !reactor->no_pwait2) {
        struct {
            int64_t seconds, nanoseconds;
        } timeout = {(int64_t)(left / 1000000000u), (int64_t)(left % 1000000000u)};
        int count = (int)syscall(SYS_epoll_pwait2, reactor->epoll, events, EVENTS, &timeout, NULL, (size_t)0);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
        reactor->no_pwait2 = true;
    }
#endif
    return wait_milliseconds(reactor, events, left);
}

/* An event of the present owner of the number: keep it as readiness, and wake. An error counts as both directions:
 * the system call that follows will say which. A plain registration has fired its one shot; those who wait for the
 * other direction need another. */
static void dispatch(fut_reactor_t *reactor, const struct epoll_event *event) {
    int       fd     = (int)(uint32_t)event->data.u64;
    source_t *source = find_source(reactor, fd);
    int       ready  = 0;
    if (!source || source->generation != (uint32_t)(event->data.u64 >> 32)) return;
    if (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)) ready |= FUT_IO_READ;
    if (event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) ready |= FUT_IO_WRITE;
    if (source->state & FUT_IO_ATTACHED) {
        if (ready & FUT_IO_READ) source->state |= FUT_IO_MAYBE_READ;
        if (ready & FUT_IO_WRITE) source->state |= FUT_IO_MAYBE_WRITE;
        source->state &= (uint8_t)~FUT_IO_MORE; /* an edge reports all that is */
        if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)) source->state |= FUT_IO_MORE;
        wake_waits(source, ready, 0);
        return;
    }
    wake_waits(source, ready, 0);
    if (source->waits) {
        int error = register_source(reactor, fd, source, plain_events(source));
        if (error < 0) wake_waits(source, FUT_IO_READ | FUT_IO_WRITE, (short)error);
    }
}

enum { BELL = -1 }; /* in the place of a descriptor's number */

static int park(fut_driver_t *driver, fut_instant_t until) {
    fut_reactor_t     *reactor = reactor_of(driver);
    struct epoll_event events[EVENTS];
    fut_instant_t      deadline = fut__wheel_next(&reactor->wheel), time, left = 0;
    int                count;
    if (until < deadline) deadline = until;
    if (deadline == FUT_NEVER) {
        left = FUT_NEVER;
    } else if (deadline != FUT_NOW) {
        time = now(driver);
        left = deadline > time ? deadline - time : 0;
    }
    count = wait_events(reactor, events, left);
    if (count < 0 && errno != EINTR) return -errno; /* EINTR: a handler ran, and may have woken somebody */
    for (int i = 0; i < count; i++)
        if ((int)(uint32_t)events[i].data.u64 != BELL) dispatch(reactor, &events[i]);
    driver->seen = now(driver);
    fut__wheel_advance(&reactor->wheel, driver->seen);
    return 0;
}

/* Edge-triggered: each ring is an event of its own, and nobody has to read the bell. */
static int listen_to(fut_driver_t *driver, int bell) {
    fut_reactor_t     *reactor = reactor_of(driver);
    struct epoll_event event   = {.events = EPOLLIN | EPOLLET, .data.u64 = (uint32_t)BELL};
    if (reactor->forks != fut__forks()) return -ECHILD;
    if (reactor->bell >= 0) epoll_ctl(reactor->epoll, EPOLL_CTL_DEL, reactor->bell, &event);
    reactor->bell = bell;
    return bell < 0 || epoll_ctl(reactor->epoll, EPOLL_CTL_ADD, bell, &event) == 0 ? 0 : -errno;
}

static void timer_insert(fut_driver_t *driver, fut_timer_t *timer) {
    fut__wheel_insert(&reactor_of(driver)->wheel, timer);
}

static fut_instant_t next(fut_driver_t *driver) { return fut__wheel_next(&reactor_of(driver)->wheel); }

/* ---- new, free ----------------------------------------------------------------------------- */

static const fut_driver_vtable_t vtable = {.name         = "epoll",
                                           .now          = now,
                                           .timer_insert = timer_insert,
                                           .next         = next,
                                           .io_wait      = io_wait,
                                           .io_cancel    = io_cancel,
                                           .io_state     = io_state,
                                           .io_attach    = io_attach,
                                           .io_detach    = io_detach,
                                           .park         = park,
                                           .listen       = listen_to};

fut_reactor_t *fut_reactor_new(void) {
    fut_reactor_t *reactor = fut__allocate_zeroed(sizeof *reactor);
    pthread_once(&owners_once, watch_forks);
    if (!reactor) {
        errno = ENOMEM;
        return NULL;
    }
    reactor->driver.vtable = &vtable;
    reactor->bell          = -1;
    reactor->forks         = fut__forks();
    reactor->epoll         = epoll_create1(EPOLL_CLOEXEC);
    if (reactor->epoll < 0) {
        fut__release(reactor);
        return NULL;
    }
    reactor->driver.seen = now(&reactor->driver);
    fut__wheel_init(&reactor->wheel, reactor->driver.seen);
    return reactor;
}

void fut_reactor_free(fut_reactor_t *reactor) {
    if (!reactor) return;
    disown_all(reactor);
    for (size_t i = 0; i < reactor->blocks; i++) fut__release(reactor->sources[i]);
    fut__release(reactor->sources);
    close(reactor->epoll);
    fut__release(reactor);
}

fut_driver_t *fut_reactor_driver(fut_reactor_t *reactor) { return &reactor->driver; }

int fut_reactor_fd(const fut_reactor_t *reactor) { return reactor->epoll; }
