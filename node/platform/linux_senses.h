#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "node/gate/busy_sensor.h"
#include "node/gate/senses.h"
#include "proto/async/disk_pool.h"

namespace lanyard::platform {

// Asks the busy lock, /proc, /sys and systemd-logind, on the disk pool: none of them is worth stopping the io_context
// thread for.
class LinuxSenses final : public gate::Senses {
public:
    // What the application in this directory says of itself; asked on the caller's thread.
    using Word = std::function<std::string(std::filesystem::path const& home)>;

    void listen_to(Word word) { word_ = std::move(word); }

    LinuxSenses(async::DiskPool& pool, gate::BusySensor& lock, std::filesystem::path proc = "/proc",
                std::filesystem::path power_supply = "/sys/class/power_supply")
        : pool_(pool), lock_(lock), proc_(std::move(proc)), power_supply_(std::move(power_supply)) {}

    asio::awaitable<gate::Readings> read(gate::Wanted wanted) override;

private:
    gate::Readings read_now(gate::Wanted const& wanted);

    async::DiskPool& pool_;
    gate::BusySensor& lock_;
    std::filesystem::path proc_;
    std::filesystem::path power_supply_;
    Word word_ = [](auto const&) { return std::string(); };
};

}  // namespace lanyard::platform
