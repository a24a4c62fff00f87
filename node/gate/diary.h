#pragma once

#include <functional>
#include <map>
#include <vector>

#include "node/gate/idle_gate.h"

namespace lanyard::gate {

// An application whose quiet hours are of interest.
struct Watched {
    release::AppId app;
    Policy policy;
    std::filesystem::path home;
    std::vector<std::uint16_t> ports;
};

// Looks at the sensors every five minutes, whether anything is on offer or not, and counts in which hours of the week
// they were quiet. Until the alarm, which is its own, is cancelled. One io_context thread.
class Diary {
public:
    using Subjects = std::function<std::vector<Watched>()>;

    // `subjects` is asked before every look.
    Diary(async::Alarm& alarm, Senses& senses, Memory& memory, std::function<TimePoint()> now, Subjects subjects)
        : alarm_(alarm), senses_(senses), memory_(memory), now_(std::move(now)), subjects_(std::move(subjects)) {}

    asio::awaitable<void> run();
    void stop();

private:
    asio::awaitable<void> look();

    async::Alarm& alarm_;
    Senses& senses_;
    Memory& memory_;
    std::function<TimePoint()> now_;
    Subjects subjects_;
    bool stopped_ = false;
};

}  // namespace lanyard::gate
