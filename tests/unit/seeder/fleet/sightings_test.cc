#include "seeder/fleet/sightings.h"

#include <gtest/gtest.h>

#include "seeder/fleet/errc.h"
#include "seeder/fleet/inputs.h"

namespace lanyard::fleet::sightings_test {
namespace {

using namespace std::chrono_literals;

std::string id(unsigned number) {
    auto const digits = std::to_string(number);
    return std::string(32 - digits.size(), '0') + digits;
}

v1::CheckRequest check_of(unsigned node, std::string const& version = "1.0.0") {
    v1::CheckRequest request;
    request.set_node_id(id(node));
    request.set_node_name("pc-" + std::to_string(node));
    request.mutable_platform()->set_os("linux");
    request.mutable_platform()->set_arch("amd64");
    auto& app = *request.add_apps();
    app.set_app("editor");
    app.set_channel("stable");
    app.set_version(version);
    return request;
}

class SightingsTest : public testing::Test {
protected:
    void note(v1::CheckRequest const& request, std::string const& address = "10.0.0.1") {
        auto const noted = sightings.note_check(request, address, now);
        EXPECT_TRUE(noted) << noted.error().detail;
    }

    Sightings sightings;
    std::chrono::sys_seconds now{1'000'000s};
};

TEST_F(SightingsTest, HandsANewNodeOverAtOnceAndOnce) {
    note(check_of(1));
    auto const due = sightings.take_due(now);
    ASSERT_EQ(due.size(), 1u);
    EXPECT_TRUE(due[0].changed);
    EXPECT_EQ(due[0].node_id, id(1));
    EXPECT_EQ(due[0].name, "pc-1");
    EXPECT_EQ(due[0].address, "10.0.0.1");
    EXPECT_EQ(due[0].platform, "linux/amd64");
    EXPECT_EQ(due[0].last_seen, 1'000'000);
    ASSERT_EQ(due[0].apps.size(), 1u);
    EXPECT_EQ(due[0].apps[0].version(), "1.0.0");
    EXPECT_TRUE(sightings.take_due(now).empty());
}

TEST_F(SightingsTest, SavesUpWhoHasMerelyBeenSeen) {
    note(check_of(1));
    sightings.take_due(now);
    for (int second = 1; second < 10; ++second) {
        now += 1s;
        note(check_of(1));
        EXPECT_TRUE(sightings.take_due(now).empty()) << second;
    }
    now += 1s;
    auto const due = sightings.take_due(now);
    ASSERT_EQ(due.size(), 1u);
    EXPECT_FALSE(due[0].changed);
    EXPECT_EQ(due[0].last_seen, 1'000'009);
    now += 10s;
    EXPECT_TRUE(sightings.take_due(now).empty()) << "it has not been seen since";
}

TEST_F(SightingsTest, HandsAChangeOverAtOnce) {
    note(check_of(1));
    sightings.take_due(now);
    note(check_of(1, "1.1.0"));
    ASSERT_EQ(sightings.take_due(now).size(), 1u);
    note(check_of(1, "1.1.0"), "10.0.0.2");
    auto const due = sightings.take_due(now);
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].address, "10.0.0.2");
}

TEST_F(SightingsTest, TakesNoNoticeOfHowANodeAsks) {
    note(check_of(1));
    sightings.take_due(now);
    auto asked_otherwise = check_of(1);
    asked_otherwise.set_wait_seconds(55);
    asked_otherwise.set_last_revision(7);
    note(asked_otherwise);
    EXPECT_TRUE(sightings.take_due(now).empty());
}

TEST_F(SightingsTest, HandsEverythingOverAtTheEnd) {
    note(check_of(1));
    sightings.take_due(now);
    now += 1s;
    note(check_of(1));
    note(check_of(2));
    EXPECT_EQ(sightings.take_all().size(), 2u);
    EXPECT_TRUE(sightings.take_all().empty());
}

TEST_F(SightingsTest, TakesWhatCouldNotBeWrittenForNewsAgain) {
    note(check_of(1));
    sightings.forget(sightings.take_due(now));
    EXPECT_TRUE(sightings.take_due(now).empty());
    note(check_of(1));
    auto const due = sightings.take_due(now);
    ASSERT_EQ(due.size(), 1u);
    EXPECT_TRUE(due[0].changed);
}

TEST_F(SightingsTest, KeepsTheLatestNewsOfANodeWhoseEarlierOnesWereLost) {
    note(check_of(1));
    auto const lost = sightings.take_due(now);
    now += 1s;
    note(check_of(1, "1.1.0"));
    sightings.forget(lost);
    auto const due = sightings.take_due(now);
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].last_seen, 1'000'001);
    EXPECT_EQ(due[0].apps[0].version(), "1.1.0");
}

TEST_F(SightingsTest, TakesANodeThatTheDatabaseDoesNotKnowForNewsAgain) {
    note(check_of(1));
    sightings.take_due(now);
    sightings.forget(id(1));
    sightings.forget(id(2));
    note(check_of(1));
    auto const due = sightings.take_due(now);
    ASSERT_EQ(due.size(), 1u);
    EXPECT_TRUE(due[0].changed);
}

TEST_F(SightingsTest, GoesOnWhenTheClockIsSetBack) {
    note(check_of(1));
    sightings.take_due(now);
    now -= 48h;
    note(check_of(1));
    auto const due = sightings.take_due(now);
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].last_seen, now.time_since_epoch().count());
}

TEST_F(SightingsTest, FindsRoomWhenTheClockIsSetBack) {
    Sightings few(1);
    EXPECT_TRUE(few.note_check(check_of(1), "", now));
    few.take_due(now);
    EXPECT_FALSE(few.note_check(check_of(2), "", now));
    now -= 48h;
    EXPECT_TRUE(few.note_check(check_of(2), "", now));
}

TEST_F(SightingsTest, KeepsAccountOfSoManyNodesOnlyAndForgetsTheSilentOnesForNewOnes) {
    Sightings few(2);
    EXPECT_TRUE(few.note_check(check_of(1), "", now));
    EXPECT_TRUE(few.note_check(check_of(2), "", now));
    few.take_due(now);
    EXPECT_EQ(few.note_check(check_of(3), "", now).error().code, Errc::too_many_nodes);
    EXPECT_TRUE(few.note_check(check_of(2), "", now)) << "who is known stays known";
    now += 25h;
    EXPECT_TRUE(few.note_check(check_of(3), "", now));
}

TEST(InputsTest, IdsAreThirtyTwoLowerCaseHexDigits) {
    EXPECT_TRUE(is_id("0123456789abcdef0123456789abcdef"));
    EXPECT_FALSE(is_id(""));
    EXPECT_FALSE(is_id("0123456789ABCDEF0123456789abcdef"));
    EXPECT_FALSE(is_id("0123456789abcdef0123456789abcde"));
    EXPECT_FALSE(is_id("0123456789abcdef0123456789abcdef0"));
    EXPECT_FALSE(is_id("0123456789abcdef0123456789abcde/"));
}

template <class Spoil>
std::string refusal_of_check(Spoil spoil) {
    auto request = check_of(1);
    spoil(request);
    auto const checked = check_input(request);
    if (checked) return "accepted";
    EXPECT_EQ(checked.error().code, Errc::malformed);
    return checked.error().detail;
}

TEST(InputsTest, RefusesChecksThatNoNodeSends) {
    EXPECT_EQ(refusal_of_check([](auto&) {}), "accepted");
    EXPECT_EQ(refusal_of_check([](auto& r) { r.set_node_id("me"); }), "node_id must be 32 lower-case hex digits");
    EXPECT_EQ(refusal_of_check([](auto& r) { r.set_node_name(std::string(254, 'n')); }),
              "node_name is longer than 253 bytes; shorten it");
    EXPECT_EQ(refusal_of_check([](auto& r) { r.set_node_name("pc\n17"); }),
              "node_name holds a character that cannot be shown; remove it");
    EXPECT_NE(refusal_of_check([](auto& r) { r.set_node_name("pc\xc2\x9b[2J"); }), "accepted");
    EXPECT_NE(refusal_of_check([](auto& r) {
                  r.set_node_name(
                      "pc-\xe2\x80\xae"
                      "71");
              }),
              "accepted");
    EXPECT_EQ(refusal_of_check([](auto& r) { r.set_node_name("büro-\xc2\xa0ö"); }), "accepted");
    EXPECT_NE(refusal_of_check([](auto& r) { r.mutable_platform()->set_os(std::string(65, 'o')); }), "accepted");
    EXPECT_NE(refusal_of_check([](auto& r) { r.mutable_platform()->set_arch("\x1b"); }), "accepted");
    EXPECT_NE(refusal_of_check([](auto& r) { r.set_agent_version(std::string(65, '1')); }), "accepted");
    EXPECT_NE(refusal_of_check([](auto& r) { r.mutable_apps(0)->set_app(""); }), "accepted");
    EXPECT_NE(refusal_of_check([](auto& r) { r.mutable_apps(0)->set_channel(std::string(65, 'c')); }), "accepted");
    EXPECT_NE(refusal_of_check([](auto& r) { r.mutable_apps(0)->set_version(std::string(129, '1')); }), "accepted");
    EXPECT_EQ(refusal_of_check([](auto& r) {
                  for (int i = 0; i < 64; ++i) r.add_apps()->set_app("a");
              }),
              "there are more than 64 apps; send fewer");
}

template <class Spoil>
bool is_refused(Spoil spoil) {
    v1::Report report;
    report.set_node_id(id(1));
    report.set_attempt_id(id(2));
    report.set_app("editor");
    report.set_outcome(v1::OUTCOME_COMMITTED);
    report.set_sequence(1);
    report.add_phases()->set_phase("fetch");
    report.add_sources()->set_address("10.0.0.1");
    spoil(report);
    return !check_input(report);
}

TEST(InputsTest, RefusesReportsThatNoNodeSends) {
    EXPECT_FALSE(is_refused([](auto&) {}));
    EXPECT_TRUE(is_refused([](auto& r) { r.clear_node_id(); }));
    EXPECT_TRUE(is_refused([](auto& r) { r.clear_attempt_id(); }));
    EXPECT_TRUE(is_refused([](auto& r) { r.clear_app(); }));
    EXPECT_TRUE(is_refused([](auto& r) { r.clear_outcome(); }));
    EXPECT_TRUE(is_refused([](auto& r) { r.clear_sequence(); }));
    EXPECT_TRUE(is_refused([](auto& r) { r.set_sequence(std::uint64_t{1} << 63); }));
    EXPECT_TRUE(is_refused([](auto& r) { r.set_outcome(static_cast<v1::Outcome>(9)); }));
    EXPECT_TRUE(is_refused([](auto& r) { r.set_detail(std::string(2001, 'd')); }));
    EXPECT_TRUE(is_refused([](auto& r) { r.set_detail("a\x1b[31m"); }));
    EXPECT_TRUE(is_refused([](auto& r) { r.set_from_version(std::string(129, '1')); }));
    EXPECT_TRUE(is_refused([](auto& r) { r.mutable_phases(0)->set_phase(std::string(65, 'p')); }));
    EXPECT_TRUE(is_refused([](auto& r) { r.mutable_sources(0)->set_address("\n"); }));
    EXPECT_TRUE(is_refused([](auto& r) {
        for (int i = 0; i < 64; ++i) r.add_phases()->set_phase("p");
    }));
    EXPECT_TRUE(is_refused([](auto& r) {
        for (int i = 0; i < 1000; ++i) r.add_sources();
    }));
}

}  // namespace
}  // namespace lanyard::fleet::sightings_test
