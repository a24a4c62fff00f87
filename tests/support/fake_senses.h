#pragma once

#include <functional>
#include <map>

#include "node/gate/memory.h"
#include "node/gate/senses.h"

namespace lanyard::support {

// Says what the test wants; an idle machine at first.
class FakeSenses final : public gate::Senses {
public:
    gate::Readings now = idle();
    std::vector<gate::Wanted> asked;
    std::function<void()> on_read = [] {};  // called while they are read

    static gate::Readings idle() {
        gate::Readings readings;
        readings.busy = gate::Busy::no;
        readings.connections = 0u;
        readings.presence = gate::Presence{.idle = std::chrono::hours(1)};
        readings.inhibitors = std::vector<std::string>();
        readings.commands = std::vector<std::string>();
        readings.load = gate::Load{};
        readings.traffic = gate::Traffic{};
        readings.battery = gate::Battery{};
        return readings;
    }

    asio::awaitable<gate::Readings> read(gate::Wanted wanted) override {
        asked.push_back(std::move(wanted));
        on_read();
        co_return now;
    }
};

// Remembers until it dies, or fails when told to.
class FakeMemory final : public gate::Memory {
public:
    std::map<release::AppId, gate::Wait> waits;
    std::map<release::AppId, gate::History> histories;
    std::optional<Error> failure;

    Result<gate::Wait> wait(release::AppId const& app) override {
        if (failure) return tl::unexpected<Error>(*failure);
        return waits[app];
    }
    Status keep(release::AppId const& app, gate::Wait const& wait) override {
        if (failure) return tl::unexpected<Error>(*failure);
        waits[app] = wait;
        return {};
    }
    Result<gate::History> history(release::AppId const& app) override {
        if (failure) return tl::unexpected<Error>(*failure);
        return histories[app];
    }
    Status add_look(release::AppId const& app, std::size_t hour_of_week, bool quiet) override {
        if (failure) return tl::unexpected<Error>(*failure);
        auto& hour = histories[app].at(hour_of_week);
        ++hour.looks;
        if (quiet) ++hour.quiet;
        return {};
    }
};

}  // namespace lanyard::support
