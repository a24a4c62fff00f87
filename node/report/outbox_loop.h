#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "proto/async/bell.h"
#include "proto/events/events.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/report.pb.h"

namespace lanyard::report {

// Reports that wait on disk (the journal).
class Outbox {
public:
    virtual ~Outbox() = default;
    virtual Result<std::optional<v1::Report>> oldest() = 0;
    virtual Status done(std::string const& attempt_id) = 0;
};

// Where they go (the seeder). Delivering one twice does no harm.
class Recipient {
public:
    enum class Answer { taken, refused };  // refused: for good, the same report will never be taken

    virtual ~Recipient() = default;
    virtual asio::awaitable<Result<Answer>> deliver(v1::Report report) = 0;
};

// Sends what is in the outbox, oldest first. A report leaves it when it has been taken, or refused for good (it would
// block the others for ever). One io_context thread.
class OutboxLoop {
public:
    // `bell` is rung when a report was put in, or when the seeder can be reached again.
    OutboxLoop(Outbox& outbox, Recipient& recipient, async::Bell& bell, events::Events& events)
        : outbox_(outbox), recipient_(recipient), bell_(bell), events_(events) {}

    asio::awaitable<void> run();
    void stop();

private:
    asio::awaitable<bool> send_oldest();

    Outbox& outbox_;
    Recipient& recipient_;
    async::Bell& bell_;
    events::Events& events_;
    bool stopping_ = false;
};

}  // namespace lanyard::report
