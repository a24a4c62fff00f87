#include "node/enrol/enrolment.h"

#include <gtest/gtest.h>

#include <deque>

#include "node/enrol/errc.h"
#include "proto/http/errc.h"
#include "tests/support/fake_time.h"
#include "tests/support/loop.h"
#include "tests/support/recorded_events.h"
#include "tests/support/scratch.h"
#include "tests/support/test_fleet.h"

namespace lanyard::enrol {
namespace {

using namespace std::chrono_literals;
using Answer = Result<v1::EnrollResponse>;

Status write_private(std::filesystem::path const& file, std::string const& bytes) {
    support::write_file(file, bytes);
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return {};
}

class ScriptedRegistrar final : public Registrar {
public:
    std::deque<std::function<Answer(v1::EnrollRequest const&)>> script;
    std::vector<v1::EnrollRequest> asked;

    asio::awaitable<Answer> ask(v1::SignedEnrollRequest message) override {
        v1::EnrollRequest request;
        EXPECT_TRUE(request.ParseFromString(message.request()));
        EXPECT_TRUE(identity::verify(request.public_key(), identity::Purpose::enrolment, message.request(),
                                     message.signature()));
        asked.push_back(request);
        if (script.empty()) throw std::logic_error("it asks more often than it should");
        auto const answer = script.front();
        script.pop_front();
        co_return answer(request);
    }
    void cancel() override {}
};

class EnrolmentTest : public testing::Test {
protected:
    Answer accepted(v1::EnrollRequest const& request) {
        v1::EnrollResponse response;
        response.set_state(v1::ENROLL_STATE_ACCEPTED);
        response.set_certificate(*fleet.ca.certify_node(request.node_id(), request.public_key(), time.wall_clock()()));
        return response;
    }
    static Answer pending(v1::EnrollRequest const&) {
        v1::EnrollResponse response;
        response.set_state(v1::ENROLL_STATE_PENDING);
        response.set_retry_seconds(15);
        return response;
    }
    static Answer unreachable(v1::EnrollRequest const&) { return fail(http::Errc::unreachable, "no route"); }
    static Answer refused(v1::EnrollRequest const&) { return fail(Errc::refused, "revoked"); }
    auto accept() {
        return [this](v1::EnrollRequest const& request) { return accepted(request); };
    }
    void run(asio::awaitable<void> task) {
        asio::co_spawn(io, std::move(task), [](std::exception_ptr thrown) {
            if (thrown) std::rethrow_exception(thrown);
        });
        io.restart();
        io.run();
    }

    support::Scratch scratch;
    support::FakeTime time;
    support::TestFleet fleet{time.begin};
    support::RecordedEvents events;
    asio::io_context io;
    ScriptedRegistrar registrar;
    Passport passport = *Passport::fresh(scratch.root(), write_private);
    int certificates = 0;
    Enrolment enrolment{passport, registrar, "pc-1", time, events, time.wall_clock(), [this] { ++certificates; }};
};

TEST_F(EnrolmentTest, AsksUntilItIsAcceptedAndKeepsTheCertificate) {
    registrar.script = {unreachable, pending, pending, accept()};
    std::vector<std::string> waited;
    run(enrolment.until_accepted([&](Error const* why) { waited.push_back(why->detail); }));
    EXPECT_FALSE(passport.needs_certificate(time.wall_clock()()));
    EXPECT_EQ(certificates, 1);
    EXPECT_EQ(waited.size(), 3u);
    EXPECT_EQ(time.slept, (std::vector<std::chrono::milliseconds>{2s, 15s, 15s}));
    EXPECT_EQ(events.count("enrol.pending"), 1) << "the same is not said twice";
    EXPECT_NE(events.text("enrol.pending").find("node accept " + passport.node_id()), std::string::npos);
    ASSERT_TRUE(passport.save_key());
    auto const again = Passport::load(scratch.root(), write_private);
    ASSERT_TRUE(again && *again);
    EXPECT_FALSE((*again)->needs_certificate(time.wall_clock()()));
}

TEST_F(EnrolmentTest, AsksEverMoreRarelyWhenItIsRefused) {
    for (int i = 0; i < 12; ++i) registrar.script.push_back(refused);
    registrar.script.push_back(accept());
    run(enrolment.until_accepted([](Error const*) {}));
    EXPECT_EQ(time.slept.front(), 2s);
    EXPECT_EQ(time.slept.back(), 512s);
    EXPECT_EQ(events.count("enrol.failed"), 1);
}

TEST_F(EnrolmentTest, AsksNobodyWhenItsCertificateHolds) {
    registrar.script = {accept()};
    ASSERT_TRUE(support::run(io, enrolment.ask()));
    run(enrolment.until_accepted([](Error const*) {}));
    EXPECT_EQ(registrar.asked.size(), 1u);
}

TEST_F(EnrolmentTest, RenewsInTheLastThirdOfTheLifeOfItsCertificate) {
    registrar.script = {accept(), unreachable, accept()};
    ASSERT_TRUE(support::run(io, enrolment.ask("secret")));
    auto const first = passport.certificate()->fingerprint;
    std::vector<std::chrono::hours> asked_after;
    time.on_sleep = [&] {
        if (registrar.script.empty()) enrolment.stop();
        if (registrar.asked.size() > asked_after.size() + 1) {
            asked_after.push_back(std::chrono::floor<std::chrono::hours>(time.passed));
        }
    };
    run(enrolment.keep_fresh());
    ASSERT_EQ(asked_after.size(), 2u);
    EXPECT_GT(asked_after[0], std::chrono::days(55));
    EXPECT_LT(asked_after[0], std::chrono::days(65));
    EXPECT_EQ(asked_after[1] - asked_after[0], 1h);
    EXPECT_NE(passport.certificate()->fingerprint, first);
    EXPECT_EQ(registrar.asked[1].token_secret(), "") << "the key is enough";
    EXPECT_EQ(events.count("enrol.renewed"), 1);
}

TEST_F(EnrolmentTest, ComesBackByItsKeyWhenItWasAwayForLongerThanItsCertificateHolds) {
    registrar.script = {accept(), accept()};
    ASSERT_TRUE(support::run(io, enrolment.ask("secret")));
    time.passed += std::chrono::days(400);
    EXPECT_TRUE(passport.needs_certificate(time.wall_clock()()));
    run(enrolment.until_accepted([](Error const*) {}));
    EXPECT_FALSE(passport.needs_certificate(time.wall_clock()()));
}

TEST_F(EnrolmentTest, TakesNoCertificateOfAnotherKey) {
    registrar.script = {[this](v1::EnrollRequest const& request) {
        v1::EnrollResponse response;
        response.set_state(v1::ENROLL_STATE_ACCEPTED);
        auto const other = *identity::Key::generate();
        response.set_certificate(*fleet.ca.certify_node(request.node_id(), other.public_key(), time.begin));
        return Answer(response);
    }};
    auto const asked = support::run(io, enrolment.ask());
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().code, Errc::malformed_answer);
    EXPECT_EQ(certificates, 0);
    EXPECT_FALSE(std::filesystem::exists(scratch / "certificate.pem"));
}

TEST_F(EnrolmentTest, RefusesAKeyFileThatOthersMayRead) {
    ASSERT_TRUE(passport.save_key());
    ASSERT_TRUE(*Passport::load(scratch.root(), write_private));
    std::filesystem::permissions(scratch / "key.pem", std::filesystem::perms::group_read,
                                 std::filesystem::perm_options::add);
    auto const exposed = Passport::load(scratch.root(), write_private);
    ASSERT_FALSE(exposed);
    EXPECT_EQ(exposed.error().code, Errc::unusable_key);
}

TEST_F(EnrolmentTest, AsksForACertificateAnewWhenTheFileIsDamaged) {
    registrar.script = {accept()};
    ASSERT_TRUE(support::run(io, enrolment.ask()));
    ASSERT_TRUE(passport.save_key());
    support::write_file(scratch / "certificate.pem", "noise");
    auto const again = Passport::load(scratch.root(), write_private);
    ASSERT_TRUE(again && *again);
    EXPECT_TRUE((*again)->needs_certificate(time.wall_clock()()));
}

}  // namespace
}  // namespace lanyard::enrol
