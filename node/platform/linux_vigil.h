#pragma once

#include "node/apply/vigil.h"
#include "proto/async/disk_pool.h"

namespace lanyard::platform {

// An inhibitor lock of systemd-logind. The kernel gives it back when the node dies. Asked on the disk pool: the bus may
// take its time.
class LinuxVigil final : public apply::Vigil {
public:
    explicit LinuxVigil(async::DiskPool& pool) : pool_(pool) {}

    asio::awaitable<std::unique_ptr<apply::Awake>> keep(std::string why) override;

private:
    async::DiskPool& pool_;
};

}  // namespace lanyard::platform
