#include "node/gate/wait.h"

#include <gtest/gtest.h>

#include "node/gate/decision.h"
#include "node/gate/errc.h"

namespace lanyard::gate::wait_test {
namespace {

using namespace std::chrono_literals;

TimePoint const kNow = parse_time("2026-06-15 12:00", Zone::utc()).value();

Wait waiting() { return noticed(Wait{}, {}, "two", "one", kNow); }

TEST(Noticed, CountsFromTheFirstTime) {
    auto const again = noticed(waiting(), {}, "two", "one", kNow + 50h);
    EXPECT_EQ(again.discovered, kNow);
}

TEST(Noticed, GoesOnCountingWhenANewerReleaseTakesThePlaceOfOneThatWaits) {
    auto wait = waiting();
    wait.postponements = 2;
    auto const newer = noticed(wait, {}, "three", "one", kNow + 5h);
    EXPECT_EQ(newer.discovered, kNow);
    EXPECT_EQ(newer.postponements, 2u);
    EXPECT_EQ(newer.package, "three");
}

TEST(Noticed, BeginsAnewOnceAnUpdateIsDone) {
    auto wait = waiting();
    wait.postponements = 2;
    auto const next = noticed(wait, {}, "three", "two", kNow + 5h);
    EXPECT_EQ(next.discovered, kNow + 5h);
    EXPECT_EQ(next.postponements, 0u);
}

TEST(Noticed, BeginsAnewWhenNothingWasOnOfferForADay) {
    EXPECT_EQ(noticed(waiting(), {}, "three", "one", kNow + 25h).discovered, kNow + 25h);
    EXPECT_EQ(noticed(waiting(), {}, "two", "one", kNow + 25h).discovered, kNow)
        << "the same one was only not asked about";
}

TEST(Noticed, KeepsAHold) {
    auto wait = waiting();
    wait.held_until = kNow + 100h;
    EXPECT_EQ(noticed(wait, {}, "three", "two", kNow + 5h).held_until, kNow + 100h);
}

TEST(Noticed, ChangesNothingWithinAnHour) { EXPECT_EQ(noticed(waiting(), {}, "two", "one", kNow + 59min), waiting()); }

TEST(Noticed, RemembersTheLastTimeThatTheNodeWasAway) {
    EXPECT_FALSE(noticed(waiting(), {}, "two", "one", kNow + 119min).back);
    auto const once = noticed(waiting(), {}, "two", "one", kNow + 50h);
    EXPECT_EQ(once.left, kNow);
    EXPECT_EQ(once.back, kNow + 50h);
    auto const awake = noticed(once, {}, "two", "one", kNow + 51h);
    EXPECT_EQ(awake.back, kNow + 50h);
    EXPECT_EQ(noticed(awake, {}, "two", "one", kNow + 60h).left, kNow + 51h);
    EXPECT_FALSE(noticed(once, {}, "three", "two", kNow + 60h).back) << "another matter";
}

TEST(Deadline, ThatPassedWhileTheNodeWasAwayComesTheGraceAfterItsReturnAndOnlyOnce) {
    Policy policy;
    policy.deadline = 10h;
    policy.grace = 90min;
    auto const due = [&](Wait const& wait) { return deadline_of(policy, Facts{.wait = wait}).value(); };
    auto const back = noticed(waiting(), {}, "two", "one", kNow + 50h);
    EXPECT_EQ(due(back), kNow + 50h + 90min);
    EXPECT_EQ(due(noticed(back, {}, "two", "one", kNow + 51h)), kNow + 50h + 90min);
    EXPECT_EQ(due(noticed(back, {}, "two", "one", kNow + 60h)), kNow + 10h) << "away again";
    auto const before = noticed(waiting(), {}, "two", "one", kNow + 9h);
    EXPECT_EQ(due(before), kNow + 10h);
}

TEST(Wait, MovesAlongWithAClockThatIsSetBack) {
    auto wait = noticed(waiting(), {}, "two", "one", kNow + 10h);
    wait.postponed_until = kNow + 12h;
    wait.held_until = kNow + 20h;
    auto const moved = caught_up(wait, kNow - 990h);
    EXPECT_EQ(moved.discovered, kNow - 1000h);
    EXPECT_EQ(moved.postponed_until, kNow - 988h);
    EXPECT_EQ(moved.held_until, kNow - 980h);
    EXPECT_EQ(caught_up(wait, kNow + 10h - 1min), wait) << "clocks are corrected by seconds all the time";
}

TEST(Wait, ComesBackWithAClockThatIsSetRight) {
    auto wait = noticed(waiting(), Urgency{.critical = true, .deadline = 48h}, "two", "one", kNow + 1h);
    wait.held_until = kNow + 200h;
    auto const at_start = noticed(wait, {}, "two", "one", kNow - 200'000h);
    EXPECT_EQ(at_start.held_until, kNow - 200'000h + 199h);
    auto const ran_on = noticed(at_start, {}, "two", "one", kNow - 199'998h);
    auto const right = noticed(ran_on, {}, "two", "one", kNow + 4h);
    EXPECT_EQ(right.discovered, kNow);
    EXPECT_EQ(right.critical_since, kNow + 1h);
    EXPECT_EQ(right.release_due, kNow + 49h);
    EXPECT_EQ(right.held_until, kNow + 200h);
    EXPECT_EQ(right.set_back, 0s);
    EXPECT_FALSE(right.back == kNow + 4h) << "an hour of silence is no absence";
    auto const slept = noticed(at_start, {}, "two", "one", kNow + 30h);
    EXPECT_EQ(slept.left, kNow + 1h);
    EXPECT_EQ(slept.back, kNow + 30h);
}

TEST(Wait, StaysWithAClockThatWasAheadAndIsRightNow) {
    auto wait = waiting();
    wait.held_until = kNow + 100h;
    auto const right = noticed(wait, {}, "two", "one", kNow - 10'000h);
    auto const later = noticed(right, {}, "two", "one", kNow - 10'000h + 60h);
    EXPECT_EQ(later.held_until, kNow - 9'900h);
}

TEST(Deadline, OfAReleaseCountsFromWhenThatWasHeardOf) {
    Policy const policy;
    auto const due = [&](Wait const& wait) { return deadline_of(policy, Facts{.wait = wait}); };
    EXPECT_FALSE(due(waiting()));
    Urgency const critical{.critical = true};
    auto const urgent = noticed(waiting(), critical, "three", "one", kNow + 20h);
    EXPECT_EQ(due(urgent), kNow + 44h);
    EXPECT_EQ(due(noticed(urgent, critical, "four", "one", kNow + 40h)), kNow + 44h) << "one a day is not put off";
    EXPECT_EQ(due(noticed(urgent, {}, "four", "one", kNow + 40h)), kNow + 44h) << "the fix is in the newer one too";
    Urgency const soon{.deadline = 2h};
    EXPECT_EQ(due(noticed(urgent, soon, "four", "one", kNow + 30h)), kNow + 32h);
    EXPECT_FALSE(due(noticed(urgent, {}, "four", "three", kNow + 40h))) << "another matter";
}

TEST(Postponed, IsRefusedWhenNothingWaits) {
    auto const refused = postponed(Wait{}, Policy{}, {}, 1h, kNow);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::nothing_waits);
}

TEST(Postponed, IsCountedAndLimited) {
    auto wait = waiting();
    for (int i = 0; i < 3; ++i) wait = postponed(wait, Policy{}, {}, 2h, kNow + i * 2h).value();
    EXPECT_EQ(wait.postponed_until, kNow + 6h);
    auto const refused = postponed(wait, Policy{}, {}, 2h, kNow + 6h);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
}

TEST(Postponed, IsRefusedForTooLong) {
    auto const refused = postponed(waiting(), Policy{}, {}, 24h + 1min, kNow);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::too_long);
}

TEST(Postponed, NeverReachesPastTheDeadline) {
    Policy policy;
    policy.deadline = 5h;
    EXPECT_EQ(postponed(waiting(), policy, {}, 10h, kNow + 1h).value().postponed_until, kNow + 5h);
    EXPECT_FALSE(postponed(waiting(), policy, {}, 1h, kNow + 5h));
    Urgency const urgent{.deadline = 2h};
    EXPECT_EQ(postponed(waiting(), policy, urgent, 10h, kNow).value().postponed_until, kNow + 2h);
}

TEST(Tonight, TakesThePlaceOfAPostponementAndTheOtherWayRound) {
    auto const later = postponed(waiting(), Policy{}, {}, 2h, kNow).value();
    auto const night = agreed_to_tonight(later, Policy{}, kNow).value();
    EXPECT_FALSE(night.postponed_until);
    EXPECT_EQ(night.agreed_from, kNow + 10h);
    EXPECT_FALSE(postponed(night, Policy{}, {}, 2h, kNow).value().agreed_from);
    EXPECT_FALSE(agreed_to_tonight(Wait{}, Policy{}, kNow));
}

TEST(Hold, LastsAMonthAtMostAndNeedsNothingThatWaits) {
    EXPECT_EQ(held(Wait{}, 24h, kNow).value().held_until, kNow + 24h);
    EXPECT_FALSE(held(Wait{}, kLongestHold + 1min, kNow));
    EXPECT_FALSE(released(held(Wait{}, 24h, kNow).value()).held_until);
}

}  // namespace
}  // namespace lanyard::gate::wait_test
