#pragma once

#include <optional>
#include <type_traits>

#include "proto/async/asio.h"

#include <boost/asio/thread_pool.hpp>

namespace lanyard::async {

// Where blocking work goes (hashing, unpacking, fsync, SQLite imports), so that the io_context thread never waits for a
// disk. Must be destroyed before the io_context of its callers. The destructor waits for work that has begun and drops
// the rest, whose callers are never resumed.
class DiskPool {
public:
    explicit DiskPool(unsigned threads = 2) : pool_(threads) {}
    ~DiskPool() { finish(); }
    DiskPool(DiskPool const&) = delete;
    DiskPool& operator=(DiskPool const&) = delete;

    // Runs `work` (no arguments, gives a value) on the pool; the caller resumes on its own executor.
    // Whatever `work` refers to must live until the caller has resumed. Name the lambda first, then pass it (see
    // docs/developer-notes.md, the coroutine dialect).
    template <class Work>
    asio::awaitable<std::invoke_result_t<Work>> run(Work work) {
        auto task = on_pool(std::move(work));
        auto result = co_await asio::co_spawn(pool_.get_executor(), std::move(task), asio::use_awaitable);
        co_return std::move(*result);
    }

    // What the destructor does. For an owner whose tasks use what is destroyed before the pool.
    void finish() {
        pool_.stop();
        pool_.join();
    }

private:
    // optional, because Asio 1.74 default-constructs the result of a coroutine that has thrown.
    template <class Work>
    static asio::awaitable<std::optional<std::invoke_result_t<Work>>> on_pool(Work work) {
        std::optional<std::invoke_result_t<Work>> result(work());
        co_return result;
    }

    asio::thread_pool pool_;
};

}  // namespace lanyard::async
