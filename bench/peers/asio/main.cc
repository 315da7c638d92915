// The rows in Asio with C++20 coroutines, one io_context for one thread. It has no mutex and no semaphore for
// coroutines; its channels are those of asio::experimental. README.md defines the rows.
#include <sys/resource.h>
#include <unistd.h>

#include <asio.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/experimental/channel.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::io_context;
using asio::use_awaitable;
using asio::ip::tcp;
using steady          = std::chrono::steady_clock;
using message_channel = asio::experimental::channel<void(asio::error_code, uint32_t)>;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

// ---- What harness.c is for C --------------------------------------------------------------------

struct Value {
    const char *unit;
    double      value; // no number: the CPU time of the process, which its parent knows
};
using Answer = std::vector<Value>;

static void check(bool condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "bench: wrong: %s\n", what);
    exit(1);
}

static Answer each(steady::time_point start, uint64_t count) {
    return {{"ns", std::chrono::duration<double, std::nano>(steady::now() - start).count() / double(count)}};
}

static uint64_t sum_below(uint64_t count) { return count * (count - 1) / 2; }

static uint64_t sum_of_bytes(uint64_t count) {
    return count / 256 * sum_below(256) + (count % 256 ? sum_below(count % 256) : 0);
}

static uint64_t opaque(uint64_t value) {
    asm volatile("" : "+r"(value));
    return value;
}

struct Random {
    uint64_t state = 88172645463325252u;
    uint64_t next() {
        state ^= state << 13;
        state ^= state >> 7;
        return state ^= state << 17;
    }
};

static double cpu_seconds() {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](timeval t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

static double resident_bytes() {
    double size, resident;
    std::ifstream("/proc/self/statm") >> size >> resident;
    return resident * double(sysconf(_SC_PAGESIZE));
}

// One coroutine, run to its end.
static Answer run(std::function<awaitable<Answer>(io_context &)> play) {
    io_context context(1);
    Answer     answer;
    co_spawn(context, play(context), [&](std::exception_ptr error, Answer result) {
        check(!error, "an exception");
        answer = result;
    });
    context.run();
    return answer;
}

// ---- Awaits and tasks ---------------------------------------------------------------------------

static awaitable<uint64_t> link5(uint64_t x) { co_return x + 1; }
static awaitable<uint64_t> link4(uint64_t x) { co_return co_await link5(x + 1); }
static awaitable<uint64_t> link3(uint64_t x) { co_return co_await link4(x + 1); }
static awaitable<uint64_t> link2(uint64_t x) { co_return co_await link3(x + 1); }
static awaitable<uint64_t> link1(uint64_t x) { co_return co_await link2(x + 1); }

static awaitable<Answer> ready_chains(io_context &, uint64_t count) {
    uint64_t sum   = 0;
    auto     start = steady::now();
    for (uint64_t i = 0; i < count; i++) sum += opaque(co_await link1(opaque(i)));
    auto answer = each(start, count);
    check(sum == sum_below(count) + 5 * count, "the sum of the chains");
    co_return answer;
}

static awaitable<void> yielder(io_context &context, uint64_t times, uint64_t &done) {
    for (uint64_t i = 0; i < times; i++) co_await asio::post(context, use_awaitable);
    done += times;
}

static Answer yields(uint64_t tasks, uint64_t count) {
    io_context context(1);
    uint64_t   done = 0;
    for (uint64_t i = 0; i < tasks; i++) co_spawn(context, yielder(context, count / tasks, done), detached);
    auto start = steady::now();
    context.run();
    auto answer = each(start, count);
    check(done == count, "the number of yields");
    return answer;
}

static awaitable<uint64_t> deep(io_context &context, uint64_t depth, uint64_t count) {
    if (depth > 1) co_return co_await deep(context, depth - 1, count);
    for (uint64_t i = 0; i < count; i++) co_await asio::post(context, use_awaitable);
    co_return count;
}

static awaitable<Answer> wakes(io_context &context, uint64_t depth, uint64_t count) {
    auto start  = steady::now();
    auto output = co_await deep(context, depth, count);
    auto answer = each(start, count);
    check(output == count, "the number of wakes");
    co_return answer;
}

static awaitable<uint64_t> trivial(uint64_t x) { co_return x; }

// The output of a spawned coroutine goes to a handler; a vector of futures would need a thread to wait.
static Answer spawn_join(uint64_t count) {
    io_context            context(1);
    std::vector<uint32_t> outputs(count);
    uint64_t              sum   = 0;
    auto                  start = steady::now();
    for (uint64_t i = 0; i < count; i++)
        co_spawn(context, trivial(i & 0xff),
                 [&outputs, i](std::exception_ptr, uint64_t output) { outputs[i] = uint32_t(output); });
    context.run();
    for (uint32_t output : outputs) sum += output;
    auto answer = each(start, count);
    check(sum == sum_of_bytes(count), "the sum of the tasks");
    return answer;
}

static awaitable<Answer> spawn_seq(io_context &context, uint64_t count) {
    uint64_t sum   = 0;
    auto     start = steady::now();
    for (uint64_t i = 0; i < count; i++) sum += co_await co_spawn(context, trivial(i & 0xff), use_awaitable);
    auto answer = each(start, count);
    check(sum == sum_of_bytes(count), "the sum of the tasks");
    co_return answer;
}

// ---- Channels -----------------------------------------------------------------------------------

static awaitable<void> send_all(message_channel &channel, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) co_await channel.async_send(asio::error_code(), uint32_t(i), use_awaitable);
}

static awaitable<void> receive_all(message_channel &channel, uint64_t count) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) sum += co_await channel.async_receive(use_awaitable);
    check(sum == sum_below(count), "the sum of the messages");
}

static Answer mpsc(uint64_t count) {
    io_context      context(1);
    message_channel channel(context, 1024);
    auto            start = steady::now();
    co_spawn(context, send_all(channel, count), detached);
    co_spawn(context, receive_all(channel, count), detached);
    context.run();
    return each(start, count);
}

static awaitable<void> player(message_channel &out, message_channel &in, uint64_t count, bool first) {
    for (uint64_t i = 0; i < count; i++) {
        if (first) co_await out.async_send(asio::error_code(), uint32_t(i), use_awaitable);
        check(co_await in.async_receive(use_awaitable) == uint32_t(i), "another ball");
        if (!first) co_await out.async_send(asio::error_code(), uint32_t(i), use_awaitable);
    }
}

static Answer pingpong(uint64_t count) {
    io_context      context(1);
    message_channel there(context, 1024), back(context, 1024);
    auto            start = steady::now();
    co_spawn(context, player(there, back, count, true), detached);
    co_spawn(context, player(back, there, count, false), detached);
    context.run();
    return each(start, count);
}

static awaitable<void> receive_or_stop(message_channel &channel, message_channel &stop, uint64_t count) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        auto first = co_await (channel.async_receive(use_awaitable) || stop.async_receive(use_awaitable));
        check(first.index() == 0, "nobody said stop");
        sum += std::get<0>(first);
    }
    check(sum == sum_below(count), "the sum of the messages");
}

static Answer select_loop(uint64_t count) {
    io_context      context(1);
    message_channel channel(context, 1024), stop(context, 1);
    auto            start = steady::now();
    co_spawn(context, send_all(channel, count), detached);
    co_spawn(context, receive_or_stop(channel, stop, count), detached);
    context.run();
    return each(start, count);
}

// Each thread has an io_context, and posts to the other's.
static Answer wake_threads(uint64_t count) {
    io_context            here(1), there(1);
    auto                  keep_here = asio::make_work_guard(here), keep_there = asio::make_work_guard(there);
    uint64_t              left = count;
    std::function<void()> ping, pong;
    ping = [&] { asio::post(there, [&] { pong(); }); };
    pong = [&] {
        asio::post(here, [&] {
            if (--left > 0) return ping();
            keep_here.reset();
            keep_there.reset();
        });
    };
    auto        start = steady::now();
    std::thread thread([&] { there.run(); });
    ping();
    here.run();
    thread.join();
    check(left == 0, "the number of wakes");
    return each(start, 2 * count);
}

// ---- Timers -------------------------------------------------------------------------------------

static std::vector<steady::duration> mixed_delays() {
    Random                        random;
    std::vector<steady::duration> delays;
    for (int i = 0; i < 4096; i++) {
        double seconds = std::pow(10, double(random.next() % 3000) / 1000);
        delays.push_back(std::chrono::nanoseconds(int64_t(seconds * 1e9) + int64_t(random.next() % 1000000)));
    }
    return delays;
}

// A handler is called for each cancelled timer, too: they are run in batches, which are counted.
static Answer timer_churn(uint64_t count) {
    io_context                      context(1);
    auto                            delays = mixed_delays();
    std::vector<asio::steady_timer> others;
    uint64_t                        fired = 0, cancelled = 0;
    auto note = [&](asio::error_code error) { ++(error == asio::error::operation_aborted ? cancelled : fired); };
    for (int i = 0; i < 1000; i++) {
        others.emplace_back(context, delays[i] + 60s);
        others.back().async_wait(note);
    }
    asio::steady_timer timer(context);
    auto               start = steady::now();
    for (uint64_t i = 0; i < count; i++) {
        timer.expires_after(delays[i % delays.size()]);
        timer.async_wait(note);
        timer.cancel();
        if (i % 128 == 127) context.poll();
    }
    context.poll();
    auto answer = each(start, count);
    check(fired == 0 && cancelled == count, "no timer fires");
    return answer;
}

static Answer timer_fire(uint64_t count) {
    io_context                      context(1);
    std::vector<asio::steady_timer> timers;
    Random                          random;
    uint64_t                        fired = 0;
    auto                            first = steady::now() + 1500ms; // time enough to set all of them
    timers.reserve(count);
    for (uint64_t i = 0; i < count; i++) {
        timers.emplace_back(context, first + std::chrono::nanoseconds(random.next() % 1000000000));
        timers.back().async_wait([&](asio::error_code error) { fired += !error; });
    }
    double start = cpu_seconds();
    context.run();
    double cpu = cpu_seconds() - start;
    check(fired == count, "each of them has fired");
    return {{"s", cpu}};
}

static awaitable<void> sleeper(io_context &context, uint32_t delay, uint64_t &awake) {
    asio::steady_timer timer(context, 1s + std::chrono::microseconds(delay));
    co_await timer.async_wait(use_awaitable);
    awake++;
}

static Answer sleepers(uint64_t count) {
    io_context context(1);
    Random     random;
    uint64_t   awake  = 0;
    double     before = resident_bytes(), bytes;
    for (uint64_t i = 0; i < count; i++)
        co_spawn(context, sleeper(context, uint32_t(random.next() % 1000000), awake), detached);
    for (uint64_t i = 0; i < count; i++) context.poll_one(); // the first step of each
    bytes = (resident_bytes() - before) / double(count);
    context.run();
    check(awake == count, "all of them awake");
    return {{"bytes", bytes}, {"s", std::nan("")}};
}

// ---- Echo ---------------------------------------------------------------------------------------

static awaitable<void> echo(tcp::socket socket) {
    char buffer[1024];
    for (;;) {
        auto [error, size] =
            co_await socket.async_read_some(asio::buffer(buffer), asio::experimental::as_tuple(use_awaitable));
        if (error) co_return;
        co_await asio::async_write(socket, asio::buffer(buffer, size), use_awaitable);
    }
}

static awaitable<Answer> serve(io_context &context, uint64_t connections) {
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    printf("%d\n", acceptor.local_endpoint().port());
    fflush(stdout);
    for (uint64_t i = 0; i < connections; i++) {
        auto socket = co_await acceptor.async_accept(use_awaitable);
        socket.set_option(tcp::no_delay(true));
        co_spawn(context, echo(std::move(socket)), detached);
    }
    co_return Answer();
}

// ---- The table ----------------------------------------------------------------------------------

struct Workload {
    const char                     *row;
    std::function<Answer(uint64_t)> turn;
    bool                            fresh = false;
};

static std::function<Answer(uint64_t)> in_coroutine(awaitable<Answer> (*play)(io_context &, uint64_t)) {
    return [=](uint64_t count) { return run([=](io_context &context) { return play(context, count); }); };
}

static std::function<Answer(uint64_t)> at_depth(uint64_t depth) {
    return [=](uint64_t count) { return run([=](io_context &context) { return wakes(context, depth, count); }); };
}

static const std::vector<Workload> workloads = {
    {"ready_chain_5", in_coroutine(ready_chains)},
    {"yield_1", [](uint64_t n) { return yields(1, n); }},
    {"yield_1000", [](uint64_t n) { return yields(1000, n); }},
    {"await_depth_1", at_depth(1)},
    {"await_depth_10", at_depth(10)},
    {"await_depth_100", at_depth(100)},
    {"await_depth_1000", at_depth(1000)},
    {"spawn_join_1m", spawn_join},
    {"spawn_seq", in_coroutine(spawn_seq)},
    {"pingpong", pingpong},
    {"mpsc_1024", mpsc},
    {"timer_churn", timer_churn},
    {"timer_fire_1m", timer_fire, true},
    {"sleepers_1m", sleepers, true},
    {"select_loop", select_loop},
    {"wake_threads", wake_threads},
    {"tcp_echo_1", in_coroutine(serve), true},
    {"tcp_echo_64", in_coroutine(serve), true},
    {"tcp_echo_1000", in_coroutine(serve), true},
    {"tcp_pace_64", in_coroutine(serve), true},
};

static void turn(const char *row, uint64_t count) {
    for (const auto &workload : workloads) {
        if (strcmp(workload.row, row) != 0) continue;
        if (!workload.fresh) workload.turn(count);
        for (auto value : workload.turn(count))
            printf(std::isnan(value.value) ? "%s\tprocess\n" : "%s\t%.6g\n", value.unit, value.value);
        return;
    }
    check(false, "no such workload");
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (const auto &workload : workloads) printf("asio\t%s\n", workload.row);
        return 0;
    }
    check(argc == 5 && strcmp(argv[1], "--turn") == 0, "usage: PROGRAM --list | --turn SYSTEM ROW COUNT");
    turn(argv[3], strtoull(argv[4], nullptr, 10));
}
