#include "node/drain/contract.h"

#include <gtest/gtest.h>

#include "tests/support/fake_time.h"

namespace lanyard::drain {
namespace {

using namespace std::chrono_literals;
using Word = Contract::Word;
using Said = std::vector<v1::NodeMessage>;

v1::AppMessage registration(bool attends, std::string const& version = "1.0.0") {
    v1::AppMessage message;
    message.mutable_registration()->set_attends(attends);
    message.mutable_registration()->set_version(version);
    return message;
}
v1::AppMessage busy(std::string const& reason, std::uint32_t seconds = 0) {
    v1::AppMessage message;
    message.mutable_busy()->set_reason(reason);
    message.mutable_busy()->set_seconds(seconds);
    return message;
}
v1::AppMessage idle() {
    v1::AppMessage message;
    message.mutable_idle();
    return message;
}
v1::AppMessage ready(std::string const& token = "") {
    v1::AppMessage message;
    message.mutable_ready();
    if (!token.empty()) message.mutable_ready()->mutable_token()->set_bytes(token);
    return message;
}
v1::AppMessage not_yet(std::uint32_t seconds, std::string const& reason = "a long call") {
    v1::AppMessage message;
    message.mutable_not_yet()->set_seconds(seconds);
    message.mutable_not_yet()->set_reason(reason);
    return message;
}
v1::AppMessage veto(std::string const& reason, std::uint32_t seconds = 0) {
    v1::AppMessage message;
    message.mutable_veto()->set_reason(reason);
    message.mutable_veto()->set_seconds(seconds);
    return message;
}
v1::AppMessage resumed(bool accepted, std::string const& reason = "") {
    v1::AppMessage message;
    message.mutable_resumed()->set_accepted(accepted);
    message.mutable_resumed()->set_reason(reason);
    return message;
}
v1::Token token(std::string const& bytes) {
    v1::Token token;
    token.set_version(3);
    token.set_bytes(bytes);
    return token;
}

class ContractTest : public testing::Test {
protected:
    // A process of the application, registered.
    Contract::Party comes(std::string const& name, std::uint64_t pid, bool attends = true,
                          std::string const& version = "1.0.0") {
        auto const party = contract.come(app, {pid, name, pid}, [this, pid](auto const& m) { said[pid].push_back(m); });
        EXPECT_EQ(contract.hear(party, registration(attends, version)).refused(), "");
        return party;
    }
    std::string hear(Contract::Party party, v1::AppMessage const& message, HeldSockets sockets = {}) {
        return contract.hear(party, message, std::move(sockets)).refused();
    }

    release::AppId app = release::AppId::parse("billing").value();
    release::AppId other = release::AppId::parse("mail").value();
    support::FakeTime time;
    int changes = 0;
    std::map<std::uint64_t, Said> said;
    Contract contract{time.steady_clock(), [this] { ++changes; }};
};

TEST_F(ContractTest, IsBusyFromBusyToIdle) {
    EXPECT_EQ(contract.busy(app), "");
    auto const party = comes("billing", 812, false);
    EXPECT_EQ(hear(party, busy("prints invoices")), "");
    EXPECT_EQ(contract.busy(app), "billing (pid 812): prints invoices");
    EXPECT_EQ(contract.busy(other), "");
    EXPECT_EQ(hear(party, idle()), "");
    EXPECT_EQ(contract.busy(app), "");
    EXPECT_EQ(changes, 1) << "nobody waits for an application to be busy";
}

TEST_F(ContractTest, IsBusyForNoLongerThanWasSaid) {
    auto const party = comes("billing", 812);
    hear(party, busy("prints invoices", 600));
    EXPECT_EQ(contract.busy(app), "billing (pid 812): prints invoices, for 10 min at most");
    time.passed += 599s;
    EXPECT_EQ(contract.busy(app), "billing (pid 812): prints invoices, for 1 s at most");
    time.passed += 1s;
    EXPECT_EQ(contract.busy(app), "");
}

TEST_F(ContractTest, ForgetsWhatAProcessSaidWhenItGoes) {
    auto const one = comes("billing", 812);
    auto const two = comes("printer", 813);
    hear(one, busy("prints invoices"));
    hear(two, busy("warms up"));
    EXPECT_EQ(contract.busy(app), "billing (pid 812): prints invoices; printer (pid 813): warms up");
    contract.go(one);
    EXPECT_EQ(contract.busy(app), "printer (pid 813): warms up");
    EXPECT_NE(hear(one, busy("again")), "");
}

TEST_F(ContractTest, WantsARegistrationFirstAndOnce) {
    auto const party = contract.come(app, {1, "x", 1}, [](auto const&) {});
    EXPECT_NE(hear(party, busy("prints")), "");
    EXPECT_EQ(contract.busy(app), "");
    EXPECT_EQ(hear(party, registration(false)), "");
    EXPECT_NE(hear(party, registration(false)), "");
    EXPECT_NE(hear(party, v1::AppMessage()), "") << "a message of a later version";
}

TEST_F(ContractTest, LetsWhoSpeaksForAnotherProcessRegisterAgainButNotBeAsked) {
    auto const party = contract.come(app, {9, "script", 9}, {});
    EXPECT_NE(hear(party, registration(true)), "");
    EXPECT_EQ(hear(party, registration(false)), "");
    EXPECT_EQ(hear(party, registration(false)), "");
    hear(party, busy("copies"));
    EXPECT_EQ(contract.busy(app), "script (pid 9): copies");
    contract.ask(app, 60s, false, "2.0.0");
    EXPECT_EQ(contract.consent(app).word, Word::yes) << "nobody attends";
}

TEST_F(ContractTest, RefusesWhatIsTooLong) {
    auto const party = comes("billing", 812);
    EXPECT_NE(hear(party, busy(std::string(201, 'x'))), "");
    EXPECT_EQ(hear(party, busy(std::string(200, 'x'))), "");
    EXPECT_NE(hear(party, busy("x", 7 * 24 * 3600 + 1)), "");
    contract.ask(app, 60s, false, "2.0.0");
    EXPECT_NE(hear(party, ready(std::string(64 * 1024 + 1, 'x'))), "");
    EXPECT_NE(hear(party, not_yet(7 * 24 * 3600 + 1)), "");
    EXPECT_NE(hear(party, veto(std::string(201, 'x'))), "");
    EXPECT_EQ(contract.consent(app).word, Word::waiting) << "what is refused changes nothing";
    EXPECT_EQ(hear(party, ready(std::string(64 * 1024, 'x'))), "");
    auto const long_version = contract.come(app, {1, "x", 1}, [](auto const&) {});
    EXPECT_NE(hear(long_version, registration(false, std::string(129, '1'))), "");
}

TEST_F(ContractTest, ShowsNothingThatCouldDisturbATerminal) {
    auto const party = comes("billing", 812);
    hear(party, busy("a\x1b[31m\nred"));
    EXPECT_EQ(contract.busy(app), "billing (pid 812): a [31m red");
}

TEST_F(ContractTest, AsksEveryProcessThatAttendsAndWaitsForAllOfThem) {
    auto const one = comes("billing", 812);
    auto const two = comes("printer", 813);
    comes("viewer", 814, false);
    contract.ask(app, 60s, true, "2.0.0");
    ASSERT_EQ(said[812].size(), 1u);
    EXPECT_EQ(said[812].front().prepare_stop().seconds(), 60u);
    EXPECT_TRUE(said[812].front().prepare_stop().last_word());
    EXPECT_EQ(said[812].front().prepare_stop().to_version(), "2.0.0");
    EXPECT_TRUE(said[814].empty());
    EXPECT_EQ(contract.consent(app).word, Word::waiting);
    EXPECT_EQ(contract.consent(app).why, "billing (pid 812) has not answered; printer (pid 813) has not answered");
    EXPECT_EQ(hear(one, ready("page 12")), "");
    EXPECT_EQ(contract.consent(app).word, Word::waiting);
    EXPECT_EQ(hear(two, ready()), "");
    auto const consent = contract.consent(app);
    EXPECT_EQ(consent.word, Word::yes);
    EXPECT_EQ(consent.token.value().bytes(), "page 12");
    EXPECT_EQ(contract.consent(other).word, Word::yes) << "nobody speaks for it";
}

TEST_F(ContractTest, AsksAProcessThatComesLaterForTheTimeThatIsLeft) {
    contract.ask(app, 60s, false, "2.0.0");
    time.passed += 20s;
    comes("billing", 812);
    EXPECT_EQ(said[812].front().prepare_stop().seconds(), 40u);
    EXPECT_EQ(contract.consent(app).word, Word::waiting);
}

TEST_F(ContractTest, DoesNotWaitForAProcessThatHasEnded) {
    auto const party = comes("billing", 812);
    contract.ask(app, 60s, false, "2.0.0");
    contract.go(party);
    EXPECT_EQ(contract.consent(app).word, Word::yes);
}

TEST_F(ContractTest, TakesOneTokenOfAllProcesses) {
    auto const one = comes("billing", 812);
    auto const two = comes("printer", 813);
    contract.ask(app, 60s, false, "2.0.0");
    EXPECT_EQ(hear(one, ready("a")), "");
    EXPECT_NE(hear(two, ready("b")), "");
    EXPECT_EQ(hear(one, ready("c")), "") << "its own it may change";
    EXPECT_EQ(hear(two, ready()), "");
    EXPECT_EQ(contract.consent(app).token.value().bytes(), "c");
}

TEST_F(ContractTest, TakesASocketForEachNameAndNamesThemAsSystemdWould) {
    auto const party = comes("billing", 812);
    contract.ask(app, 60s, false, "2.0.0");
    auto message = ready();
    message.mutable_ready()->add_sockets("http");
    EXPECT_NE(hear(party, message), "") << "no descriptor came";
    HeldSocket const socket{"", "127.0.0.1", 8080, std::make_shared<int const>(7)};
    EXPECT_EQ(hear(party, message, {socket}), "");
    EXPECT_EQ(contract.consent(app).sockets.at(0).name, "http");
    message.mutable_ready()->set_sockets(0, "a:b");
    EXPECT_EQ(hear(party, message, {socket}), "");
    EXPECT_EQ(contract.consent(app).sockets.at(0).name, "unknown");
    EXPECT_NE(hear(party, message, {socket, socket}), "");
}

TEST_F(ContractTest, HoldsNoMoreSocketsThanOneApplicationMayHandOver) {
    auto const one = comes("billing", 812);
    auto const two = comes("printer", 813);
    contract.ask(app, 60s, false, "2.0.0");
    HeldSocket const socket{"", "127.0.0.1", 8080, std::make_shared<int const>(7)};
    auto const with = [&](std::size_t count) {
        auto message = ready();
        for (std::size_t i = 0; i < count; ++i) message.mutable_ready()->add_sockets("http");
        return message;
    };
    EXPECT_EQ(hear(one, with(40), HeldSockets(40, socket)), "");
    EXPECT_NE(hear(two, with(25), HeldSockets(25, socket)), "");
    EXPECT_EQ(hear(two, with(24), HeldSockets(24, socket)), "");
    EXPECT_EQ(hear(one, with(30), HeldSockets(30, socket)), "") << "its own it may change";
    EXPECT_EQ(contract.consent(app).sockets.size(), 54u);
}

TEST_F(ContractTest, ShowsTheFirstFewOfManyProcesses) {
    for (std::uint64_t pid = 1; pid <= 60; ++pid) hear(comes("worker", pid), busy("counts"));
    EXPECT_EQ(contract.busy(app),
              "worker (pid 1): counts; worker (pid 2): counts; worker (pid 3): counts; worker (pid 4): counts; and 56 "
              "more");
    contract.ask(app, 60s, false, "2.0.0");
    EXPECT_TRUE(contract.consent(app).why.ends_with("worker (pid 4) has not answered; and 56 more"));
}

TEST_F(ContractTest, WakesNobodyForAnIdleThatChangesNothing) {
    auto const party = comes("billing", 812);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(hear(party, idle()), "");
    EXPECT_EQ(changes, 0);
}

TEST_F(ContractTest, MakesAVetoBusyForAsLongAsItSays) {
    auto const one = comes("billing", 812);
    comes("printer", 813);
    contract.ask(app, 60s, false, "2.0.0");
    EXPECT_EQ(hear(one, veto("the month is being closed", 1200)), "");
    EXPECT_EQ(contract.consent(app).word, Word::no) << "however many have not answered";
    contract.call_off(app);
    EXPECT_TRUE(said[812].back().has_called_off());
    EXPECT_TRUE(said[813].back().has_called_off());
    EXPECT_EQ(contract.busy(app),
              "billing (pid 812): the month is being closed, for 20 min at most; printer (pid 813): it did not become "
              "ready in time, for 60 s at most");
    EXPECT_NE(hear(one, ready()), "") << "it was called off";
    EXPECT_EQ(contract.consent(app).word, Word::yes) << "nothing is asked";
}

TEST_F(ContractTest, MakesAVetoWithoutATimeBusyForAQuarterOfAnHour) {
    auto const party = comes("billing", 812);
    contract.ask(app, 60s, false, "2.0.0");
    hear(party, veto("no"));
    contract.call_off(app);
    time.passed += 15min - 1s;
    EXPECT_NE(contract.busy(app), "");
    time.passed += 1s;
    EXPECT_EQ(contract.busy(app), "");
}

TEST_F(ContractTest, LetsNotYetBecomeReady) {
    auto const party = comes("billing", 812);
    contract.ask(app, 60s, false, "2.0.0");
    EXPECT_EQ(hear(party, not_yet(30)), "");
    EXPECT_EQ(contract.consent(app).word, Word::waiting);
    EXPECT_EQ(contract.consent(app).why, "billing (pid 812): a long call, for 30 s at most");
    EXPECT_EQ(hear(party, ready("done")), "");
    EXPECT_EQ(contract.consent(app).word, Word::yes);
    contract.call_off(app);
    EXPECT_EQ(contract.busy(app), "") << "it was ready";
}

TEST_F(ContractTest, AsksNobodyInACircleWhoSaysInNoTime) {
    auto const party = comes("billing", 812);
    contract.ask(app, 60s, false, "2.0.0");
    hear(party, not_yet(0));
    contract.call_off(app);
    EXPECT_EQ(contract.busy(app), "billing (pid 812): a long call, for 5 s at most");
}

TEST_F(ContractTest, KeepsALongerLeaseThanANotYet) {
    auto const party = comes("billing", 812);
    hear(party, busy("prints invoices", 3600));
    contract.ask(app, 60s, true, "2.0.0");
    hear(party, not_yet(30));
    contract.call_off(app);
    EXPECT_EQ(contract.busy(app), "billing (pid 812): prints invoices, for 60 min at most");
}

TEST_F(ContractTest, RefusesAnswersToWhatNobodyAsked) {
    auto const party = comes("billing", 812);
    EXPECT_NE(hear(party, ready()), "");
    EXPECT_NE(hear(party, not_yet(1)), "");
    EXPECT_NE(hear(party, veto("no")), "");
    EXPECT_NE(hear(party, resumed(true)), "");
    auto const silent = comes("viewer", 814, false);
    contract.ask(app, 60s, false, "2.0.0");
    EXPECT_NE(hear(silent, ready()), "") << "it does not attend";
}

TEST_F(ContractTest, HandsTheTokenToTheFirstProcessOfTheNewReleaseThatAttends) {
    comes("billing", 812, true, "1.0.0");
    contract.hand_over(app, "2.0.0", token("page 12"), "1.0.0");
    EXPECT_TRUE(said[812].empty()) << "the old release still runs";
    comes("viewer", 900, false, "2.0.0");
    auto const party = comes("billing", 901, true, "2.0.0");
    comes("billing", 902, true, "2.0.0");
    ASSERT_EQ(said[901].size(), 1u);
    EXPECT_EQ(said[901].front().resume().token().bytes(), "page 12");
    EXPECT_EQ(said[901].front().resume().token().version(), 3u);
    EXPECT_EQ(said[901].front().resume().from_version(), "1.0.0");
    EXPECT_TRUE(said[902].empty());
    EXPECT_EQ(contract.takeover(app).word, Word::waiting);
    EXPECT_EQ(hear(party, resumed(true)), "");
    EXPECT_EQ(contract.takeover(app).word, Word::yes);
}

TEST_F(ContractTest, HandsTheTokenToTheLatestOfThoseThatDoNotSayWhichReleaseTheyAre) {
    comes("billing", 812, true, "");  // of the old release, on its way out
    comes("billing", 901, true, "");
    contract.hand_over(app, "2.0.0", token("page 12"), "1.0.0");
    EXPECT_TRUE(said[812].empty());
    EXPECT_EQ(said[901].size(), 1u);
}

TEST_F(ContractTest, TellsWhyATokenIsRefused) {
    auto const party = comes("billing", 901, true, "");  // does not say which release it is
    contract.hand_over(app, "2.0.0", token("page 12"), "1.0.0");
    EXPECT_NE(hear(party, resumed(false, std::string(201, 'x'))), "");
    EXPECT_EQ(hear(party, resumed(false, "pages are no more")), "");
    EXPECT_EQ(contract.takeover(app).word, Word::no);
    EXPECT_EQ(contract.takeover(app).why, "pages are no more");
}

TEST_F(ContractTest, HandsTheTokenToTheNextProcessWhenTheFirstEndsWithoutAWord) {
    contract.hand_over(app, "2.0.0", token("page 12"), "1.0.0");
    auto const first = comes("billing", 901, true, "2.0.0");
    auto const second = comes("billing", 902, true, "2.0.0");
    EXPECT_NE(hear(second, resumed(true)), "");
    contract.go(first);
    EXPECT_EQ(said[902].size(), 1u);
    EXPECT_EQ(hear(second, resumed(true)), "");
    contract.go(second);
    EXPECT_EQ(contract.takeover(app).word, Word::yes) << "it has taken over, whatever becomes of it";
}

TEST_F(ContractTest, ForgetsWhatItAskedAndWhatItHadToHandOver) {
    auto const party = comes("billing", 812);
    contract.ask(app, 60s, false, "2.0.0");
    hear(party, ready("page 12"));
    contract.hand_over(app, "2.0.0", token("page 12"), "1.0.0");
    contract.forget(app);
    EXPECT_FALSE(contract.consent(app).token);
    EXPECT_EQ(contract.takeover(app).word, Word::waiting);
    comes("billing", 901, true, "2.0.0");
    EXPECT_TRUE(said[901].empty());
}

}  // namespace
}  // namespace lanyard::drain
