#pragma once

#include "node/probe/reach.h"

namespace lanyard::probe {

// Reach over sockets. One io_context thread.
class LocalReach final : public Reach {
public:
    explicit LocalReach(asio::io_context& io) : io_(io) {}

    asio::awaitable<Status> tcp(std::uint16_t port, std::chrono::milliseconds limit) override;
    asio::awaitable<Status> http(std::string url, std::chrono::milliseconds limit) override;

private:
    asio::io_context& io_;
};

}  // namespace lanyard::probe
