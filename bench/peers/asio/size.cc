// The smallest program with two coroutines that let one another run.
#include <asio.hpp>

static unsigned turns;

static asio::awaitable<void> turner(asio::io_context &context, unsigned times) {
    for (unsigned i = 0; i < times; i++) {
        turns++;
        co_await asio::post(context, asio::use_awaitable);
    }
}

int main() {
    asio::io_context context(1);
    asio::co_spawn(context, turner(context, 3), asio::detached);
    asio::co_spawn(context, turner(context, 5), asio::detached);
    context.run();
    return turns != 8;
}
