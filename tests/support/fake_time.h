#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <vector>

#include "proto/async/alarm.h"

namespace lanyard::support {

// A clock that goes on only while somebody sleeps, so that an hour passes at once. Serves as the alarm, the steady
// clock and the wall clock of what is tested.
class FakeTime final : public async::Alarm {
public:
    std::chrono::sys_seconds begin = std::chrono::sys_days(std::chrono::year(2026) / 6 / 15) + std::chrono::hours(12);
    std::vector<std::chrono::milliseconds> slept;
    std::function<void()> on_sleep = [] {};  // called when somebody lies down, before the time has passed
    int wakes = 0;
    bool cancelled = false;

    asio::awaitable<void> sleep(std::chrono::milliseconds duration) override {
        if (cancelled) co_return;
        if (slept.size() > kMostSleeps) throw std::logic_error("what is tested sleeps for ever");
        slept.push_back(duration);
        auto const call = on_sleep;  // it may put another one in its place
        call();
        passed += duration;
    }
    void cancel() override { cancelled = true; }
    void wake() override { ++wakes; }

    std::chrono::milliseconds passed{0};

    auto steady_clock() {
        return [this] { return std::chrono::steady_clock::time_point(passed); };
    }
    auto wall_clock() {
        return [this] { return begin + std::chrono::floor<std::chrono::seconds>(passed); };
    }

private:
    static constexpr std::size_t kMostSleeps = 100'000;
};

}  // namespace lanyard::support
