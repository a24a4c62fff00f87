#include "node/console/session_desk.h"

#include <gtest/gtest.h>

namespace lanyard::console::session_desk_test {
namespace {

v1::AppWhy waiting() {
    v1::AppWhy why;
    why.set_app("demo");
    why.set_version("1.0.0");
    why.set_to_version("2.0.0");
    why.set_state("waiting");
    why.set_deadline(5'000);
    return why;
}

void add(v1::AppWhy& why, std::string const& name, std::string const& standing, std::int64_t opens = 0) {
    auto& check = *why.add_checks();
    check.set_name(name);
    check.set_standing(standing);
    check.set_opens(opens);
}

TEST(ToDecide, TellsWhatWaitsUntilWhenAndForWhen) {
    auto why = waiting();
    add(why, "hold", "fine");
    add(why, "tonight", "not_asked");
    add(why, "window", "closed", 4'000);
    add(why, "busy", "closed", 1'000);
    auto const update = to_decide(why);
    EXPECT_EQ(update.app(), "demo");
    EXPECT_EQ(update.from_version(), "1.0.0");
    EXPECT_EQ(update.to_version(), "2.0.0");
    EXPECT_EQ(update.deadline(), 5'000);
    EXPECT_EQ(update.planned(), 4'000);
    add(why, "slot", "closed", 4'500);
    EXPECT_EQ(to_decide(why).planned(), 4'500) << "the quiet hour lies in the window";
}

struct Decided {
    char const* check;
    char const* standing;
};

class ToDecideNot : public testing::TestWithParam<Decided> {};

TEST_P(ToDecideNot, WhatWasDecidedAlready) {
    auto why = waiting();
    add(why, GetParam().check, GetParam().standing);
    EXPECT_EQ(to_decide(why).app(), "");
}

INSTANTIATE_TEST_SUITE_P(, ToDecideNot,
                         testing::Values(Decided{"hold", "closed"}, Decided{"postponed", "closed"},
                                         Decided{"tonight", "closed"}, Decided{"tonight", "fine"}));

TEST(ToDecide, TellsNothingOfWhatDoesNotWait) {
    for (auto const* state : {"up_to_date", "held_back", "fetching", "installing", "allowed", "unknown"}) {
        auto why = waiting();
        why.set_state(state);
        EXPECT_EQ(to_decide(why).app(), "") << state;
    }
}

TEST(OrderOf, IsTheOrderOfTheCommandLine) {
    v1::SessionChoice choice;
    choice.set_app("demo");
    choice.set_kind(v1::SessionChoice::INSTALL_NOW);
    EXPECT_TRUE(order_of(choice).update().now());
    EXPECT_EQ(order_of(choice).update().app(), "demo");
    choice.set_kind(v1::SessionChoice::TONIGHT);
    EXPECT_TRUE(order_of(choice).postpone().tonight());
    EXPECT_EQ(order_of(choice).postpone().app(), "demo");
    choice.set_kind(v1::SessionChoice::IN_ONE_HOUR);
    EXPECT_EQ(order_of(choice).postpone().minutes(), 60u);
    EXPECT_FALSE(order_of(choice).postpone().tonight());
    for (int const other : {0, 2, 77}) {
        choice.set_kind(static_cast<v1::SessionChoice::Kind>(other));
        EXPECT_EQ(order_of(choice).request_case(), v1::LocalRequest::REQUEST_NOT_SET) << other;
    }
}

}  // namespace
}  // namespace lanyard::console::session_desk_test
