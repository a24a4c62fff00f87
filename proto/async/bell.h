#pragma once

#include <chrono>
#include <list>
#include <memory>

#include "proto/async/asio.h"

namespace lanyard::async {

// Wakes every coroutine that waits on it. All calls from the io_context thread. A Bell may go before the coroutines
// that wait on it: they then wait until their limit.
class Bell {
public:
    explicit Bell(asio::io_context& io) : io_(io) {}

    // True when rung, false when `limit` is over first. A ring that nobody waits for is not kept.
    asio::awaitable<bool> wait(std::chrono::milliseconds limit) {
        asio::steady_timer timer(io_);
        bool const rung = co_await wait(limit, timer);
        co_return rung;
    }

    // The same with a timer of the caller's, who may cancel it to end this wait alone, as if rung.
    asio::awaitable<bool> wait(std::chrono::milliseconds limit, asio::steady_timer& timer) {
        timer.expires_after(limit);
        Seat const seat(waiting_, timer);
        boost::system::error_code rung;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, rung));
        co_return rung == asio::error::operation_aborted;
    }

    std::size_t waiting() const { return waiting_->size(); }

    void ring() {
        for (auto* timer : *waiting_) timer->cancel();
    }

private:
    using Waiting = std::list<asio::steady_timer*>;

    class Seat {
    public:
        Seat(std::shared_ptr<Waiting> waiting, asio::steady_timer& timer)
            : waiting_(std::move(waiting)), place_(waiting_->insert(waiting_->end(), &timer)) {}
        ~Seat() { waiting_->erase(place_); }
        Seat(Seat const&) = delete;
        Seat& operator=(Seat const&) = delete;

    private:
        std::shared_ptr<Waiting> waiting_;
        Waiting::iterator place_;
    };

    asio::io_context& io_;
    std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
};

}  // namespace lanyard::async
