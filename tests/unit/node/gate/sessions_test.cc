#include "node/gate/sessions.h"

#include <gtest/gtest.h>

namespace lanyard::gate::sessions_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kAnna = 1000, kBert = 1001;
Login const kAnnasDesktop{.user = kAnna, .desktop = true, .active = true};
Login const kBertsDesktop{.user = kBert, .desktop = true};
Login const kAnnasTerminal{.user = kAnna};

class SessionsTest : public testing::Test {
protected:
    using Logins = Sensed<std::vector<Login>>;
    static Sessions::Time at(std::chrono::seconds time) { return Sessions::Time(time); }
    Sensed<std::vector<std::string>> presenters(std::chrono::seconds now) {
        Sensed<std::vector<std::string>> found = std::vector<std::string>{"backup: it runs"};
        sessions.add_presenters(found, at(now));
        return found;
    }

    Sessions sessions;
};

TEST_F(SessionsTest, MatterOnlyOnceAHelperHasSpoken) {
    EXPECT_FALSE(sessions.any());
    auto const helper = sessions.come(kAnna, at(0s));
    EXPECT_TRUE(sessions.any());
    sessions.go(helper);
    EXPECT_FALSE(sessions.any()) << "it never measured anything";
}

TEST_F(SessionsTest, BelieveAHelperInWhatItSaysOfItsOwnDesktopAndOfNothingElse) {
    sessions.hear(sessions.come(kAnna, at(0s)), {.idle = 20min}, at(0s));
    EXPECT_EQ(sessions.presence(Logins({kAnnasDesktop}), at(1s))->idle, 20min);
    EXPECT_EQ(sessions.presence(Logins({kAnnasDesktop, kBertsDesktop}), at(1s))->idle, 0s);
    EXPECT_EQ(sessions.presence(Logins({kAnnasDesktop, kAnnasTerminal}), at(1s))->idle, 0s);
    auto idle_terminal = kAnnasTerminal;
    idle_terminal.idle = 5min;
    EXPECT_EQ(sessions.presence(Logins({kAnnasDesktop, idle_terminal}), at(1s))->idle, 5min);
    EXPECT_EQ(sessions.presence(Logins(std::vector<Login>()), at(1s))->idle, 20min);
}

TEST_F(SessionsTest, TakeTheBusiestOfSeveralDesktops) {
    sessions.hear(sessions.come(kAnna, at(0s)), {.idle = 20min}, at(0s));
    sessions.hear(sessions.come(kBert, at(0s)), {.idle = 3min}, at(0s));
    EXPECT_EQ(sessions.presence(Logins({kAnnasDesktop, kBertsDesktop}), at(1s))->idle, 3min);
}

TEST_F(SessionsTest, LeaveADesktopThatDoesNotTellToTheSystem) {
    sessions.hear(sessions.come(kAnna, at(0s)), {}, at(0s));
    EXPECT_EQ(sessions.presence(Logins({kAnnasDesktop}), at(1s))->idle, 0s);
    EXPECT_TRUE(sessions.presence(Logins(std::vector<Login>()), at(1s))->nobody);
}

TEST_F(SessionsTest, AreUnknownWhileAHelperIsSilent) {
    auto const helper = sessions.come(kAnna, at(0s));
    sessions.hear(helper, {.idle = 20min}, at(10s));
    EXPECT_TRUE(sessions.presence(Logins({kAnnasDesktop}), at(10s + Sessions::kSilence)));
    auto const silent = sessions.presence(Logins({kAnnasDesktop}), at(11s + Sessions::kSilence));
    ASSERT_FALSE(silent);
    EXPECT_NE(silent.error().find("user 1000 has said nothing for 31 s"), std::string::npos) << silent.error();
    EXPECT_FALSE(presenters(11s + Sessions::kSilence));
    sessions.hear(helper, {.idle = 20min}, at(50s));
    EXPECT_TRUE(sessions.presence(Logins({kAnnasDesktop}), at(51s)));
}

TEST_F(SessionsTest, AreUnknownWhenAHelperIsGoneWhileItsDesktopGoesOn) {
    auto const helper = sessions.come(kAnna, at(0s));
    sessions.hear(helper, {.idle = 20min}, at(0s));
    sessions.go(helper);
    EXPECT_TRUE(sessions.any());
    EXPECT_FALSE(sessions.presence(Logins({kAnnasDesktop}), at(1s)));
    EXPECT_TRUE(sessions.presence(Logins({kBertsDesktop}), at(2s))) << "she has logged out";
    EXPECT_FALSE(sessions.any()) << "and what was before is over";
}

TEST_F(SessionsTest, AreKnownAgainWhenAHelperIsBack) {
    auto const helper = sessions.come(kAnna, at(0s));
    sessions.hear(helper, {.idle = 20min}, at(0s));
    sessions.go(helper);
    sessions.hear(sessions.come(kAnna, at(5s)), {.idle = 21min}, at(5s));
    EXPECT_EQ(sessions.presence(Logins({kAnnasDesktop}), at(6s))->idle, 21min);
}

TEST_F(SessionsTest, AreUnknownWhenTheSystemDoesNotTellWhoElseIsThere) {
    sessions.hear(sessions.come(kAnna, at(0s)), {.idle = 20min}, at(0s));
    EXPECT_FALSE(sessions.presence(unknown("no answer"), at(1s)));
}

TEST_F(SessionsTest, ShowWhatMustNotBeCoveredBesideWhatTheSystemKnows) {
    sessions.hear(sessions.come(kAnna, at(0s)), {.presents = "mpv: full screen"}, at(0s));
    EXPECT_EQ(presenters(1s), (std::vector<std::string>{"backup: it runs", "mpv: full screen"}));
    Sensed<std::vector<std::string>> blind = unknown("no answer");
    sessions.add_presenters(blind, at(1s));
    EXPECT_FALSE(blind);
}

}  // namespace
}  // namespace lanyard::gate::sessions_test
