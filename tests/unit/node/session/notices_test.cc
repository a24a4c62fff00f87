#include "node/session/notices.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>

namespace lanyard::session::notices_test {
namespace {

// Shows what it is told, unless nobody is there.
class FakeNotifier final : public Notifier {
public:
    bool there = true;
    std::uint32_t last = 0;
    std::map<std::uint32_t, Notice> screen;
    unsigned shows = 0;

    std::uint32_t show(Notice const& notice, std::uint32_t replaces) override {
        if (!there) return 0;
        ++shows;
        auto const number = replaces != 0 ? replaces : ++last;
        screen[number] = notice;
        return number;
    }
    void close(std::uint32_t number) override { screen.erase(number); }
};

v1::SessionUpdates waiting(std::vector<std::string> const& apps, std::string const& version = "2.0.0") {
    v1::SessionUpdates updates;
    for (auto const& app : apps) {
        auto& update = *updates.add_updates();
        update.set_app(app);
        update.set_from_version("1.0.0");
        update.set_to_version(version);
    }
    return updates;
}

class NoticesTest : public testing::Test {
protected:
    FakeNotifier notifier;
    Notices notices{notifier};
};

TEST_F(NoticesTest, AreOneAnApplicationAndSayNothingTwice) {
    notices.set(waiting({"mail", "office"}));
    notices.set(waiting({"mail", "office"}));
    EXPECT_EQ(notifier.screen.size(), 2u);
    EXPECT_EQ(notifier.shows, 2u);
}

TEST_F(NoticesTest, TakeThePlaceOfTheOneBefore) {
    notices.set(waiting({"mail"}));
    notices.set(waiting({"mail"}, "3.0.0"));
    ASSERT_EQ(notifier.screen.size(), 1u);
    EXPECT_NE(notifier.screen.at(1).body.find("Version 3.0.0"), std::string::npos);
}

TEST_F(NoticesTest, GoWhenNothingWaits) {
    notices.set(waiting({"mail", "office"}));
    notices.set(waiting({"office"}));
    EXPECT_EQ(notifier.screen.size(), 1u);
    notices.clear();
    EXPECT_TRUE(notifier.screen.empty());
}

TEST_F(NoticesTest, ThatWereClosedComeBackWithNewsOnly) {
    notices.set(waiting({"mail"}));
    notices.closed(1);
    notices.set(waiting({"mail"}));
    notices.show_again();
    EXPECT_EQ(notifier.shows, 1u);
    notices.set(waiting({"mail"}, "3.0.0"));
    EXPECT_EQ(notifier.shows, 2u);
}

TEST_F(NoticesTest, AreShownOnceThereIsSomebodyToShowThem) {
    notifier.there = false;
    notices.set(waiting({"mail"}));
    notifier.there = true;
    notices.show_again();
    notices.show_again();
    EXPECT_EQ(notifier.screen.size(), 1u) << "the same one in its own place";
}

TEST_F(NoticesTest, TurnEachActionIntoItsChoiceOnce) {
    for (auto const& [action, kind] :
         {std::pair{"now", v1::SessionChoice::INSTALL_NOW}, std::pair{"idle", v1::SessionChoice::WHEN_IDLE},
          std::pair{"tonight", v1::SessionChoice::TONIGHT}, std::pair{"hour", v1::SessionChoice::IN_ONE_HOUR}}) {
        notices.set(waiting({"mail"}));
        auto const choice = notices.chosen(notifier.last, action);
        ASSERT_TRUE(choice) << action;
        EXPECT_EQ(choice->app(), "mail");
        EXPECT_EQ(choice->kind(), kind);
        EXPECT_TRUE(notifier.screen.empty());
        EXPECT_FALSE(notices.chosen(notifier.last, action)) << "it is gone";
        notices.clear();
    }
}

TEST_F(NoticesTest, LeaveThoseOfOthersAlone) {
    notices.set(waiting({"mail"}));
    EXPECT_FALSE(notices.chosen(0, "now"));
    EXPECT_FALSE(notices.chosen(77, "now"));
    EXPECT_FALSE(notices.chosen(1, "default"));
    EXPECT_EQ(notifier.screen.size(), 1u);
}

TEST_F(NoticesTest, AreBounded) {
    std::vector<std::string> many;
    for (int i = 0; i < 1000; ++i) many.push_back("app" + std::to_string(i));
    notices.set(waiting(many));
    EXPECT_EQ(notifier.screen.size(), 64u);
}

TEST(Notice, SaysWhenItComesAndShowsNoMarkupOfOthers) {
    v1::SessionUpdate update;
    update.set_app("mail");
    update.set_to_version("<b>2</b> & \x1b[31m");
    EXPECT_NE(notice_of(update).body.find("Version &lt;b&gt;2&lt;/b&gt; &amp; ?[31m takes the place of none. It comes "
                                          "when nobody is disturbed."),
              std::string::npos)
        << notice_of(update).body;
    EXPECT_EQ(notice_of(update).body.find("Deadline"), std::string::npos);
    update.set_planned(1'795'000'000);
    update.set_deadline(1'795'100'000);
    EXPECT_NE(notice_of(update).body.find("It is planned for "), std::string::npos);
    EXPECT_NE(notice_of(update).body.find(" Deadline: "), std::string::npos);
    EXPECT_EQ(notice_of(update).actions.size(), 4u);
}

TEST(Notice, BearsAnyTime) {
    v1::SessionUpdate update;
    for (auto const time : {std::int64_t{1}, std::numeric_limits<std::int64_t>::max()}) {
        update.set_deadline(time);
        EXPECT_FALSE(notice_of(update).body.empty());
    }
}

}  // namespace
}  // namespace lanyard::session::notices_test
