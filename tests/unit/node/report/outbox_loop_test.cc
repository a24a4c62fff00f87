#include "node/report/outbox_loop.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/recorded_events.h"

namespace lanyard::report {
namespace {

class MemoryOutbox final : public Outbox {
public:
    void put(std::string const& id) {
        v1::Report report;
        report.set_attempt_id(id);
        waiting.push_back(report);
    }
    Result<std::optional<v1::Report>> oldest() override {
        if (waiting.empty()) return std::optional<v1::Report>();
        return std::optional<v1::Report>(waiting.front());
    }
    Status done(std::string const& id) override {
        EXPECT_EQ(waiting.front().attempt_id(), id);
        waiting.pop_front();
        return {};
    }

    std::deque<v1::Report> waiting;
};

class ScriptedRecipient final : public Recipient {
public:
    asio::awaitable<Result<Answer>> deliver(v1::Report report) override {
        delivered.push_back(report.attempt_id());
        co_return answer(report.attempt_id());
    }

    std::vector<std::string> delivered;
    std::function<Result<Answer>(std::string const&)> answer = [](auto const&) { return Answer::taken; };
};

class OutboxLoopTest : public testing::Test {
protected:
    // Runs until nothing is left to do but wait.
    void settle() {
        io.restart();
        while (io.poll() > 0) {
        }
    }
    void start() {
        auto running = loop.run();
        asio::co_spawn(io, std::move(running), asio::detached);
        settle();
    }
    ~OutboxLoopTest() override {
        loop.stop();
        settle();
    }

    asio::io_context io;
    MemoryOutbox outbox;
    ScriptedRecipient recipient;
    async::Bell bell{io};
    support::RecordedEvents events;
    OutboxLoop loop{outbox, recipient, bell, events};
};

using Ids = std::vector<std::string>;

TEST_F(OutboxLoopTest, SendsTheOldestFirst) {
    outbox.put("a");
    outbox.put("b");
    start();
    EXPECT_EQ(recipient.delivered, (Ids{"a", "b"}));
    EXPECT_TRUE(outbox.waiting.empty());
}

TEST_F(OutboxLoopTest, SendsWhatIsPutInLater) {
    start();
    outbox.put("a");
    bell.ring();
    settle();
    EXPECT_EQ(recipient.delivered, Ids{"a"});
}

TEST_F(OutboxLoopTest, KeepsAReportUntilItIsTaken) {
    recipient.answer = [](auto const&) { return fail(std::make_error_code(std::errc::timed_out), "away"); };
    outbox.put("a");
    start();
    EXPECT_EQ(outbox.waiting.size(), 1u);
    recipient.answer = [](auto const&) { return Recipient::Answer::taken; };
    bell.ring();
    settle();
    EXPECT_EQ(recipient.delivered, (Ids{"a", "a"}));
    EXPECT_TRUE(outbox.waiting.empty());
}

TEST_F(OutboxLoopTest, DropsWhatIsRefusedForGood) {
    recipient.answer = [](auto const& id) {
        return id == "bad" ? Recipient::Answer::refused : Recipient::Answer::taken;
    };
    outbox.put("bad");
    outbox.put("good");
    start();
    EXPECT_TRUE(outbox.waiting.empty());
    EXPECT_EQ(events.names(), (Ids{"report.refused", "report.sent"}));
}

}  // namespace
}  // namespace lanyard::report
