#pragma once

#include <functional>
#include <list>
#include <memory>

#include "node/probe/reach.h"

namespace lanyard::probe {

// Reach over sockets. One io_context thread.
class LocalReach final : public Reach {
public:
    explicit LocalReach(asio::io_context& io) : io_(io) {}

    asio::awaitable<Status> tcp(std::uint16_t port, std::chrono::milliseconds limit) override;
    asio::awaitable<Status> http(std::string url, std::chrono::milliseconds limit) override;
    void cancel() override;

private:
    using UnderWay = std::list<std::function<void()>>;  // what ends each

    class Seat;

    asio::io_context& io_;
    // Shared with the coroutines, which may be taken apart after this object.
    std::shared_ptr<UnderWay> under_way_ = std::make_shared<UnderWay>();
};

}  // namespace lanyard::probe
