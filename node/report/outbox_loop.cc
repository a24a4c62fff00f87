#include "node/report/outbox_loop.h"

#include <fmt/format.h>

namespace lanyard::report {
namespace {

// When the seeder cannot be reached; a ring ends the wait.
constexpr auto kRetry = std::chrono::seconds(60);

}  // namespace

asio::awaitable<void> OutboxLoop::run() {
    while (!stopping_) {
        auto const sent = co_await send_oldest();
        if (stopping_ || sent) continue;
        co_await bell_.wait(kRetry);
    }
}

// False when there is nothing to send, or when it did not work.
asio::awaitable<bool> OutboxLoop::send_oldest() {
    auto const oldest = outbox_.oldest();
    if (!oldest) {
        events_.error("report.unreadable", oldest.error().detail);
        co_return false;
    }
    if (!*oldest) co_return false;
    v1::Report report = **oldest;
    auto const answer = co_await recipient_.deliver(report);
    if (!answer) {
        events_.debug("report.waiting", answer.error().detail);
        co_return false;
    }
    if (*answer == Recipient::Answer::refused) {
        events_.warning("report.refused",
                        fmt::format("the seeder refuses the report of attempt {}; it is dropped", report.attempt_id()));
    } else {
        events_.info("report.sent", fmt::format("attempt {} ({} {}) reported", report.attempt_id(), report.app(),
                                                report.to_version()));
    }
    auto const done = outbox_.done(report.attempt_id());
    if (!done) events_.error("report.unreadable", done.error().detail);
    co_return done.has_value();
}

void OutboxLoop::stop() {
    stopping_ = true;
    bell_.ring();
}

}  // namespace lanyard::report
