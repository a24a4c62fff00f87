// Which answers to PrepareStop count, and what becomes of what came with them.
#include <gtest/gtest.h>

#include "node/drain/contract.h"
#include "tests/support/fake_time.h"

namespace lanyard::drain {
namespace {

using namespace std::chrono_literals;
using Word = Contract::Word;

v1::AppMessage ready_for(std::uint64_t number, std::string const& token = "") {
    v1::AppMessage message;
    message.mutable_ready()->set_number(number);
    if (!token.empty()) message.mutable_ready()->mutable_token()->set_bytes(token);
    return message;
}
v1::AppMessage not_yet_for(std::uint64_t number) {
    v1::AppMessage message;
    message.mutable_not_yet()->set_number(number);
    message.mutable_not_yet()->set_seconds(30);
    return message;
}
v1::AppMessage veto_for(std::uint64_t number) {
    v1::AppMessage message;
    message.mutable_veto()->set_number(number);
    message.mutable_veto()->set_reason("the month is being closed");
    return message;
}
HeldSocket socket_at(std::uint16_t port) { return {"", "127.0.0.1", port, std::make_shared<int const>(port), port}; }

class ContractAnswers : public testing::Test {
protected:
    Contract::Party comes(std::uint64_t pid) {
        auto const party = contract.come(app, {pid, "billing", pid}, [this, pid](auto const& said) {
            if (said.has_prepare_stop()) numbers[pid] = said.prepare_stop().number();
        });
        v1::AppMessage registration;
        registration.mutable_registration()->set_attends(true);
        EXPECT_EQ(hear(party, registration), "");
        return party;
    }
    std::string hear(Contract::Party party, v1::AppMessage const& message, HeldSockets sockets = {}) {
        return contract.hear(party, message, std::move(sockets)).refused();
    }
    void ask() { contract.ask(app, 60s, false, "2.0.0"); }

    release::AppId app = release::AppId::parse("billing").value();
    support::FakeTime time;
    int changes = 0;
    std::map<std::uint64_t, std::uint64_t> numbers;  // of the questions, by process
    Contract contract{time.steady_clock(), [this] { ++changes; }};
};

TEST_F(ContractAnswers, CountForTheirOwnQuestionOnly) {
    auto const party = comes(812);
    ask();
    auto const first = numbers.at(812);
    EXPECT_NE(first, 0u);
    contract.call_off(app);
    ask();
    auto const second = numbers.at(812);
    EXPECT_NE(second, first);
    for (auto const& late : {ready_for(first), not_yet_for(first), veto_for(first)}) {
        EXPECT_NE(hear(party, late).find("that stop was called off"), std::string::npos);
    }
    EXPECT_EQ(contract.consent(app).word, Word::waiting);
    EXPECT_EQ(hear(party, ready_for(second)), "");
    EXPECT_EQ(contract.consent(app).word, Word::yes);
}

TEST_F(ContractAnswers, WithoutANumberAreTakenForTheStopThatWasCalledOffWhenTheyAreOwedToIt) {
    auto const party = comes(812);
    ask();
    contract.call_off(app);
    ask();
    EXPECT_NE(hear(party, ready_for(0)).find("that stop was called off"), std::string::npos);
    EXPECT_EQ(hear(party, ready_for(0)), "") << "this one is for the question that is asked now";
    contract.call_off(app);
    ask();
    EXPECT_EQ(hear(party, ready_for(0)), "") << "it had answered, so that it owes nothing";
}

TEST_F(ContractAnswers, ComeTooLateOnceTheStopHasBegun) {
    auto const party = comes(812);
    ask();
    EXPECT_EQ(hear(party, ready_for(numbers.at(812), "page 12")), "");
    contract.decided(app);
    EXPECT_NE(hear(party, veto_for(numbers.at(812))).find("too late"), std::string::npos);
    EXPECT_NE(hear(party, ready_for(numbers.at(812), "page 13")).find("too late"), std::string::npos);
    EXPECT_EQ(contract.consent(app).token.value().bytes(), "page 12");
    comes(813);
    EXPECT_FALSE(numbers.contains(813)) << "nobody waits for its answer";
    contract.call_off(app);
    ask();
    EXPECT_EQ(hear(party, veto_for(numbers.at(812))), "") << "that stop has failed, and this is another";
}

TEST_F(ContractAnswers, LeaveWhatTheyBroughtWhenTheirProcessEndsBeforeTheStop) {
    auto const party = comes(812);
    ask();
    auto ready = ready_for(numbers.at(812), "page 12");
    ready.mutable_ready()->add_sockets("http");
    EXPECT_EQ(hear(party, ready, {socket_at(8080)}), "");
    contract.go(party);
    auto const consent = contract.consent(app);
    EXPECT_EQ(consent.word, Word::yes);
    EXPECT_EQ(consent.token.value().bytes(), "page 12");
    ASSERT_EQ(consent.sockets.size(), 1u);
    EXPECT_EQ(consent.sockets.front().name, "http");
    contract.call_off(app);
    ask();
    EXPECT_FALSE(contract.consent(app).token) << "it belonged to the stop that was called off";
    EXPECT_TRUE(contract.consent(app).sockets.empty());
}

TEST_F(ContractAnswers, OfASuccessorReplaceTheTokenOfTheOneThatEnded) {
    auto const first = comes(812);
    auto const beside = comes(813);
    ask();
    EXPECT_EQ(hear(first, ready_for(numbers.at(812), "page 12")), "");
    contract.go(first);
    EXPECT_NE(hear(beside, ready_for(numbers.at(813), "page 1")), "") << "it was there at the time: two tokens";
    auto const successor = comes(814);
    EXPECT_EQ(hear(successor, ready_for(numbers.at(814), "page 13")), "");
    EXPECT_EQ(hear(beside, ready_for(numbers.at(813))), "");
    EXPECT_EQ(contract.consent(app).token.value().bytes(), "page 13");
}

TEST_F(ContractAnswers, AreTakenBackWithWhatTheyBrought) {
    auto const party = comes(812);
    ask();
    EXPECT_EQ(hear(party, ready_for(numbers.at(812), "page 12")), "");
    EXPECT_EQ(hear(party, not_yet_for(numbers.at(812))), "");
    EXPECT_FALSE(contract.consent(app).token);
}

TEST_F(ContractAnswers, WakeOnlyWhenSomethingHasChanged) {
    auto const party = comes(812);
    ask();
    for (int i = 0; i < 100; ++i) hear(party, not_yet_for(numbers.at(812)));
    EXPECT_EQ(changes, 0);
    for (int i = 0; i < 100; ++i) hear(party, ready_for(numbers.at(812)));
    EXPECT_EQ(changes, 1);
    contract.forget(app);
    for (std::uint64_t pid = 900; pid < 1000; ++pid) contract.go(comes(pid));
    EXPECT_EQ(changes, 1) << "nobody waits for those that come and go without a word";
}

TEST_F(ContractAnswers, AreWaitedForNoLongerWhenTheirProcessHasGone) {
    auto const party = comes(812);
    ask();
    contract.go(party);
    EXPECT_EQ(changes, 1);
}

}  // namespace
}  // namespace lanyard::drain
