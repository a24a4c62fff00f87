#pragma once

#include <functional>
#include <utility>

#include "proto/async/alarm.h"

namespace lanyard::async {

// Passes rings on, at most one each `pause`: whoever rings without end makes nobody else work without end. The last
// ring is never lost. All calls from the io_context thread; lives until the io_context is run no more.
class Paced {
public:
    // The alarm is for this alone: a sleep that is woken is a pause that is too short.
    Paced(asio::io_context& io, Alarm& alarm, std::chrono::milliseconds pause, std::function<void()> tell)
        : io_(io), alarm_(alarm), pause_(pause), tell_(std::move(tell)) {}
    Paced(Paced const&) = delete;
    Paced& operator=(Paced const&) = delete;

    void ring() {
        rung_ = true;
        if (std::exchange(passing_on_, true)) return;
        auto passing = pass_on();
        asio::co_spawn(io_, std::move(passing), asio::detached);
    }

private:
    asio::awaitable<void> pass_on() {
        while (std::exchange(rung_, false)) {
            tell_();
            co_await alarm_.sleep(pause_);
        }
        passing_on_ = false;
    }

    asio::io_context& io_;
    Alarm& alarm_;
    std::chrono::milliseconds pause_;
    std::function<void()> tell_;
    bool rung_ = false;
    bool passing_on_ = false;
};

}  // namespace lanyard::async
