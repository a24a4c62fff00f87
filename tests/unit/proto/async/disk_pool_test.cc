#include "proto/async/disk_pool.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/loop.h"

namespace lanyard::async {
namespace {

// Holds work on the pool until it is opened.
class Gate {
public:
    void pass() {
        std::unique_lock lock(mutex_);
        arrived_ = true;
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
    }
    void wait_for_arrival() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return arrived_; });
    }
    void open() {
        std::lock_guard const lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool arrived_ = false;
    bool open_ = false;
};

struct Threads {
    std::thread::id worker;
    std::thread::id caller;
};

asio::awaitable<Threads> where(DiskPool& pool) {
    auto work = [] { return std::this_thread::get_id(); };
    Threads threads;
    threads.worker = co_await pool.run(std::move(work));
    threads.caller = std::this_thread::get_id();
    co_return threads;
}

TEST(DiskPoolTest, WorksOnAnotherThreadAndResumesOnTheCallers) {
    asio::io_context io;
    DiskPool pool;
    auto const threads = support::run_until(io, where(pool));
    EXPECT_NE(threads.worker, std::this_thread::get_id());
    EXPECT_EQ(threads.caller, std::this_thread::get_id());
}

asio::awaitable<std::string> thrown_by_work(DiskPool& pool) {
    auto work = []() -> std::unique_ptr<int> { throw std::runtime_error("the disk is on fire"); };
    std::string what;
    try {
        auto const nothing = co_await pool.run(std::move(work));
        what = nothing ? "a value" : "no value";
    } catch (std::runtime_error const& error) {
        what = error.what();
    }
    co_return what;
}

TEST(DiskPoolTest, GivesTheExceptionOfItsWorkToTheCaller) {
    asio::io_context io;
    DiskPool pool;
    EXPECT_EQ(support::run_until(io, thrown_by_work(pool)), "the disk is on fire");
}

asio::awaitable<int> sum(DiskPool& pool) {
    int total = 0;
    for (int i = 1; i <= 100; ++i) {
        auto work = [i] { return std::make_unique<int>(i); };
        auto const value = co_await pool.run(std::move(work));
        total += *value;
    }
    co_return total;
}

TEST(DiskPoolTest, CarriesValuesThatCanOnlyBeMoved) {
    asio::io_context io;
    DiskPool pool;
    EXPECT_EQ(support::run_until(io, sum(pool)), 5050);
}

asio::awaitable<void> note(DiskPool& pool, std::shared_ptr<Gate> gate, int& worked, int& resumed) {
    auto work = [gate, &worked] {
        gate->pass();
        return ++worked;
    };
    co_await pool.run(std::move(work));
    ++resumed;
}

TEST(DiskPoolTest, WaitsForWorkThatHasBegunAndDropsTheRest) {
    asio::io_context io;
    auto const gate = std::make_shared<Gate>();
    int worked = 0;
    int resumed = 0;
    auto pool = std::make_unique<DiskPool>(1);
    asio::co_spawn(io, note(*pool, gate, worked, resumed), asio::detached);
    asio::co_spawn(io, note(*pool, gate, worked, resumed), asio::detached);
    io.poll();
    gate->wait_for_arrival();
    std::thread closing([&] { pool.reset(); });
    gate->open();
    closing.join();
    io.restart();
    io.run();
    EXPECT_EQ(worked, resumed);
    EXPECT_GE(worked, 1);
    EXPECT_LE(gate.use_count(), 1) << "what was dropped has let go of everything";
}

}  // namespace
}  // namespace lanyard::async
