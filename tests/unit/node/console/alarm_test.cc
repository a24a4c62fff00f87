#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "manifests/trust/errc.h"
#include "node/console/desk.h"
#include "node/console/output.h"
#include "node/journal/seal.h"
#include "proto/http/errc.h"
#include "tests/support/loop.h"
#include "tests/support/open_gate.h"
#include "tests/support/recorded_events.h"
#include "tests/support/scratch.h"

namespace lanyard::console::alarm_test {
namespace {

// Nobody asks it anything here.
class NoChecker final : public check::Checker {
public:
    asio::awaitable<Result<check::CheckOutcome>> check(std::chrono::seconds) override {
        co_return fail(http::Errc::unreachable, "nobody there");
    }
    void look_again() override {}
    std::optional<std::chrono::seconds> retry_after() const override { return std::nullopt; }
    void cancel() override {}
};

class StatusAlarm : public testing::Test {
protected:
    v1::NodeStatus status() {
        v1::LocalRequest request;
        request.mutable_status();
        console::Desk::Say const say = [](v1::LocalResponse) -> asio::awaitable<bool> { co_return true; };
        return support::run(io, desk.answer(request, say)).status();
    }

    support::Scratch scratch;
    std::array<std::string_view, 3> migrations{journal::journal_schema(), journal::sequence_schema(),
                                               journal::seal_schema()};
    store::Database database = *store::Database::open(scratch / "node.db", migrations);
    journal::Records records{database, std::chrono::system_clock::now};
    asio::io_context io;
    NodeConfig config;
    NoChecker checker;
    support::OpenGate gate;
    support::RecordedEvents events;
    Desk desk{io, config, checker, records, gate, events};
    Error const freeze{trust::Errc::freeze, "timestamp: it expired (freeze)"};
    Error const away{http::Errc::unreachable, "no route to seeder.lan"};
};

TEST_F(StatusAlarm, IsRaisedByWhatLooksLikeAnAttack) {
    desk.heard(&freeze, 5);
    EXPECT_EQ(status().alarm(), freeze.detail);
    EXPECT_NE(to_text(status()).find("ALARM     " + freeze.detail), std::string::npos) << to_text(status());
}

TEST_F(StatusAlarm, IsNotRaisedByASeederThatIsAway) {
    desk.heard(&away, 5);
    EXPECT_EQ(status().alarm(), "");
    EXPECT_EQ(status().last_error(), away.detail);
}

TEST_F(StatusAlarm, StandsUntilEverythingIsBelievedAgain) {
    desk.heard(&freeze, 5);
    desk.heard(&away, 6);
    EXPECT_EQ(status().alarm(), freeze.detail);
    EXPECT_EQ(status().last_error(), away.detail);
    desk.heard(nullptr, 7);
    EXPECT_EQ(status().alarm(), "");
    EXPECT_EQ(status().last_contact(), 7);
}

}  // namespace
}  // namespace lanyard::console::alarm_test
