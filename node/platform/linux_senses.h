#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "node/gate/busy_sensor.h"
#include "node/gate/senses.h"
#include "node/gate/sessions.h"
#include "node/platform/network_meter.h"
#include "proto/async/disk_pool.h"

namespace lanyard::platform {

// Asks the busy lock, /proc, /sys and systemd-logind, on the disk pool: none of them is worth stopping the io_context
// thread for.
class LinuxSenses final : public gate::Senses {
public:
    // What the application in this directory says of itself; asked on the caller's thread.
    using Word = std::function<std::string(std::filesystem::path const& home)>;

    void listen_to(Word word) { word_ = std::move(word); }

    // What the node itself has sent and received so far, which is no load of others; asked on the caller's thread.
    void leave_out(std::function<std::uint64_t()> own) { own_ = std::move(own); }

    LinuxSenses(async::DiskPool& pool, gate::BusySensor& lock, std::filesystem::path proc = "/proc",
                std::filesystem::path sys_class = "/sys/class")
        : pool_(pool), lock_(lock), proc_(std::move(proc)), sys_class_(std::move(sys_class)) {}

    // The helpers of desktop sessions; asked on the caller's thread.
    void listen_to(gate::Sessions& sessions) { sessions_ = &sessions; }

    asio::awaitable<gate::Readings> read(gate::Wanted wanted) override;

private:
    gate::Readings read_now(gate::Wanted const& wanted);
    asio::awaitable<gate::Sensed<gate::Traffic>> traffic();

    async::DiskPool& pool_;
    gate::BusySensor& lock_;
    std::filesystem::path proc_;
    std::filesystem::path sys_class_;
    Word word_ = [](auto const&) { return std::string(); };
    std::function<std::uint64_t()> own_ = [] { return std::uint64_t{0}; };
    NetworkMeter meter_;
    gate::Sessions* sessions_ = nullptr;
};

}  // namespace lanyard::platform
