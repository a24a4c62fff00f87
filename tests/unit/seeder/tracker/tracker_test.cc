#include "seeder/tracker/tracker.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "seeder/tracker/errc.h"

namespace lanyard::tracker::tracker_test {
namespace {

using namespace std::chrono_literals;

std::string const kHash(20, 'h');
std::string const kOtherHash(20, 'o');

asio::ip::address ip(std::string const& text) { return asio::ip::make_address(text); }

class TrackerTest : public testing::Test {
protected:
    TrackerTest() { tracker.set_live({kHash}); }

    static Announce from(std::string const& address, std::uint16_t port, std::uint64_t left = 1) {
        Announce announce;
        announce.info_hash = kHash;
        announce.key = std::to_string(port);
        announce.address = ip(address);
        announce.port = port;
        announce.left = left;
        return announce;
    }
    Answer tell(Announce const& announce) {
        auto answer = tracker.announce(announce, now);
        EXPECT_TRUE(answer) << answer.error().detail;
        return std::move(answer).value_or(Answer());
    }
    static std::vector<int> ports(Answer const& answer) {
        std::vector<int> all;
        for (auto const& peer : answer.peers) all.push_back(peer.port);
        std::sort(all.begin(), all.end());
        return all;
    }

    static Settings small() {
        Settings settings;
        settings.most_peers = 5;
        settings.participants = 20;
        settings.participants_per_address = 8;
        settings.participants_per_network = 12;
        return settings;
    }

    Tracker tracker{small(), 1};
    Tracker::Time now{1000s};
};

TEST_F(TrackerTest, NamesTheOthersAndNeverTheAsker) {
    EXPECT_TRUE(tell(from("10.0.0.1", 1)).peers.empty());
    EXPECT_EQ(ports(tell(from("10.0.0.2", 2))), std::vector<int>{1});
    EXPECT_EQ(ports(tell(from("10.0.0.1", 1))), std::vector<int>{2});
    EXPECT_EQ(ports(tell(from("10.0.0.3", 1))), (std::vector<int>{1, 2})) << "the same port elsewhere is another";
}

TEST_F(TrackerTest, MixesLeechersAndSeedsForWhoDownloads) {
    tell(from("10.0.0.1", 1, 0));
    tell(from("10.0.0.2", 2, 9));
    auto const answer = tell(from("10.0.0.3", 3));
    EXPECT_EQ(ports(answer), (std::vector<int>{1, 2}));
    EXPECT_EQ(answer.complete, 1u);
    EXPECT_EQ(answer.incomplete, 2u);
}

TEST_F(TrackerTest, NamesNoSeedsToASeed) {
    tell(from("10.0.0.1", 1, 0));
    tell(from("10.0.0.2", 2, 9));
    EXPECT_EQ(ports(tell(from("10.0.0.3", 3, 0))), std::vector<int>{2});
}

TEST_F(TrackerTest, AsksDownloadersBackSoonAndSeedsLater) {
    EXPECT_EQ(tell(from("10.0.0.1", 1, 7)).interval, 5s);
    EXPECT_EQ(tell(from("10.0.0.1", 1, 0)).interval, 60s);
}

TEST_F(TrackerTest, ForgetsWhoHasMissedThreeAnnounces) {
    tell(from("10.0.0.1", 1, 7));
    tell(from("10.0.0.2", 2, 0));
    now += 14s;
    EXPECT_EQ(ports(tell(from("10.0.0.9", 9))), (std::vector<int>{1, 2}));
    now += 1s;
    EXPECT_EQ(ports(tell(from("10.0.0.9", 9))), std::vector<int>{2});
    now += 165s;
    EXPECT_EQ(ports(tell(from("10.0.0.8", 8))), std::vector<int>{});
}

TEST_F(TrackerTest, ForgetsWhoStops) {
    tell(from("10.0.0.1", 1));
    auto goodbye = from("10.0.0.1", 1);
    goodbye.stopped = true;
    auto const answer = tell(goodbye);
    EXPECT_TRUE(answer.peers.empty());
    EXPECT_EQ(answer.incomplete, 0u);
    EXPECT_TRUE(tell(from("10.0.0.2", 2)).peers.empty());
}

TEST_F(TrackerTest, DoesNotNameWhoDoesNotListen) {
    tell(from("10.0.0.1", 0));
    EXPECT_TRUE(tell(from("10.0.0.2", 2)).peers.empty());
    EXPECT_EQ(ports(tell(from("10.0.0.1", 0))), std::vector<int>{2}) << "though it is told of the others";
}

TEST_F(TrackerTest, FollowsANodeToANewPort) {
    auto node = from("10.0.0.1", 1);
    tell(node);
    node.port = 7;
    tell(node);
    EXPECT_EQ(ports(tell(from("10.0.0.2", 2))), std::vector<int>{7});
}

TEST_F(TrackerTest, LetsNobodySpeakInAnothersName) {
    tell(from("10.0.0.1", 1));
    auto forged = from("10.0.0.66", 66);
    forged.key = "1";
    forged.stopped = true;
    tell(forged);
    EXPECT_EQ(ports(tell(from("10.0.0.2", 2))), std::vector<int>{1});
}

TEST_F(TrackerTest, NamesAtMostAsManyAsAllowedAndWanted) {
    for (std::uint16_t port = 1; port <= 8; ++port) tell(from("10.0.0.1", port));
    EXPECT_EQ(tell(from("10.0.0.2", 9)).peers.size(), 5u);
    auto modest = from("10.0.0.2", 9);
    modest.most_peers = 2;
    EXPECT_EQ(tell(modest).peers.size(), 2u);
}

TEST_F(TrackerTest, ChoosesOthersEachTime) {
    for (std::uint16_t port = 1; port <= 8; ++port) tell(from("10.0.0.1", port));
    std::set<int> seen;
    for (int i = 0; i < 20; ++i) {
        for (int const port : ports(tell(from("10.0.0.2", 9)))) seen.insert(port);
    }
    EXPECT_EQ(seen.size(), 8u);
}

TEST_F(TrackerTest, ChoosesTheSameForTheSameSeed) {
    auto const answers = [this] {
        Tracker same(small(), 42);
        same.set_live({kHash});
        for (std::uint16_t port = 1; port <= 8; ++port) EXPECT_TRUE(same.announce(from("10.0.0.1", port), now));
        return same.announce(from("10.0.0.2", 9), now)->peers;
    };
    EXPECT_EQ(answers(), answers());
}

TEST_F(TrackerTest, LetsOneAddressFillOnlyItsShare) {
    for (std::uint16_t port = 1; port <= 100; ++port) tell(from("10.0.0.66", port));
    auto const answer = tell(from("10.0.0.1", 1000));
    EXPECT_EQ(answer.incomplete, 9u);
}

TEST_F(TrackerTest, LetsOneIpv6NetworkFillOnlyItsShareHoweverManyAddressesItHas) {
    for (std::uint16_t port = 1; port <= 100; ++port) tell(from("fd00::" + std::to_string(port), port));
    EXPECT_EQ(tell(from("10.0.0.1", 1000)).incomplete, 13u);
    for (std::uint16_t port = 1; port <= 12; ++port) {
        auto goodbye = from("fd00::" + std::to_string(port), port);
        goodbye.stopped = true;
        tell(goodbye);
    }
    tell(from("fd00::99", 99));
    EXPECT_EQ(tell(from("10.0.0.1", 1000)).incomplete, 2u) << "the places are free again";
}

TEST_F(TrackerTest, ForgetsWhoWasHeardOfLongestAgoWhenASwarmIsFull) {
    for (int i = 0; i < 20; ++i) {
        tell(from("10.0.1." + std::to_string(i), static_cast<std::uint16_t>(100 + i)));
        now += 10ms;
    }
    auto const answer = tell(from("10.0.2.1", 1));
    EXPECT_EQ(answer.incomplete, 20u);
    std::set<int> seen;
    for (int i = 0; i < 100; ++i) {
        for (int const port : ports(tell(from("10.0.2.1", 1)))) seen.insert(port);
    }
    EXPECT_EQ(seen.size(), 19u);
    EXPECT_FALSE(seen.contains(100));
}

TEST_F(TrackerTest, KnowsLivePackagesOnly) {
    auto announce = from("10.0.0.1", 1);
    announce.info_hash = kOtherHash;
    EXPECT_EQ(tracker.announce(announce, now).error().code, Errc::unknown_info_hash);
    tell(from("10.0.0.1", 1));
    tracker.set_live({kHash, kOtherHash});
    EXPECT_TRUE(tracker.announce(announce, now));
    EXPECT_EQ(ports(tell(from("10.0.0.2", 2))), std::vector<int>{1})
        << "a swarm that stays live keeps its participants";
    tracker.set_live({kOtherHash});
    EXPECT_EQ(tracker.announce(from("10.0.0.2", 2), now).error().code, Errc::unknown_info_hash);
}

TEST_F(TrackerTest, RefusesMalformedAnnounces) {
    auto announce = from("10.0.0.1", 1);
    announce.info_hash = std::string(19, 'h');
    EXPECT_EQ(tracker.announce(announce, now).error().code, Errc::malformed_announce);
    announce = from("10.0.0.1", 1);
    announce.key.clear();
    EXPECT_EQ(tracker.announce(announce, now).error().code, Errc::malformed_announce);
    announce.key = std::string(33, 'k');
    EXPECT_EQ(tracker.announce(announce, now).error().code, Errc::malformed_announce);
}

TEST_F(TrackerTest, KeepsItsCountsThroughAnyOrderOfComingAndGoing) {
    std::mt19937 random(7);
    std::map<std::uint16_t, bool> present;
    for (int step = 0; step < 2000; ++step) {
        auto const port = static_cast<std::uint16_t>(1 + random() % 15);
        auto announce = from("10.0.0." + std::to_string(port), port, random() % 2);
        announce.stopped = random() % 3 == 0;
        auto const answer = tell(announce);
        if (announce.stopped) {
            present.erase(port);
        } else {
            present[port] = announce.left == 0;
        }
        auto const complete = static_cast<std::size_t>(
            std::count_if(present.begin(), present.end(), [](auto const& one) { return one.second; }));
        ASSERT_EQ(answer.complete, complete) << step;
        ASSERT_EQ(answer.incomplete, present.size() - complete) << step;
        now += 5ms;  // nobody is forgotten within the test: 2000 steps are 10 s
    }
}

Participant at(std::string const& address, std::uint16_t port = 1, bool complete = false) {
    return {{ip(address), port}, complete};
}

bool would_name(std::string const& asker, std::string const& other) {
    std::mt19937 random(1);
    std::vector<Participant> const others = {at(other, 2)};
    return !choose_peers(at(asker), others, 10, random).empty();
}

TEST(ChoosePeersTest, NamesOnlyWhatTheAskerCanReach) {
    EXPECT_TRUE(would_name("10.0.0.1", "10.0.0.2"));
    EXPECT_TRUE(would_name("127.0.0.1", "10.0.0.2"));
    EXPECT_TRUE(would_name("127.0.0.1", "127.0.0.1"));
    EXPECT_TRUE(would_name("::1", "127.0.0.1"));
    EXPECT_FALSE(would_name("10.0.0.1", "127.0.0.1"));
    EXPECT_FALSE(would_name("10.0.0.1", "127.8.8.8"));
    EXPECT_FALSE(would_name("10.0.0.1", "::1"));
    EXPECT_FALSE(would_name("10.0.0.1", "169.254.0.1"));
    EXPECT_FALSE(would_name("fd00::1", "fe80::1"));
    EXPECT_TRUE(would_name("fe80::2", "fe80::1"));
    EXPECT_TRUE(would_name("10.0.0.1", "fd00::1"));
}

// How many of `honest` are among those chosen when somebody else has announced 200 endpoints, from `crowd` on.
std::size_t chosen_of(std::vector<std::string> const& honest, std::string const& crowd, bool many_addresses) {
    std::vector<Participant> others;
    for (std::uint16_t i = 1; i <= 200; ++i) {
        others.push_back(at(many_addresses ? crowd + std::to_string(i) : crowd, static_cast<std::uint16_t>(1000 + i)));
    }
    for (auto const& address : honest) others.push_back(at(address));
    std::mt19937 random(1);
    auto const chosen = choose_peers(at("10.0.0.1"), others, 5, random);
    EXPECT_EQ(chosen.size(), 5u);
    return static_cast<std::size_t>(
        std::count_if(chosen.begin(), chosen.end(), [](auto const& one) { return one.port == 1; }));
}

TEST(ChoosePeersTest, LetsNobodyTakeTheAnswerByAnnouncingMany) {
    std::vector<std::string> const honest = {"10.0.0.2", "10.0.0.3", "fd00:0:0:7::1", "fd00:0:0:8::1"};
    EXPECT_EQ(chosen_of(honest, "10.0.0.66", false), 4u);
    EXPECT_EQ(chosen_of(honest, "fd00::", true), 4u);
}

TEST(ChoosePeersTest, TakesSecondOnesOnlyAfterAllFirstOnesAndThirdOnesOnlyAfterThose) {
    std::vector<Participant> const others = {at("10.0.0.2", 1), at("10.0.0.2", 2), at("10.0.0.2", 3),
                                             at("10.0.0.2", 4), at("10.0.0.3", 5), at("10.0.0.3", 6)};
    std::mt19937 random(3);
    for (int turn = 0; turn < 20; ++turn) {
        auto const four = choose_peers(at("10.0.0.1"), others, 4, random);
        auto const of_second = [](auto const& one) { return one.port > 4; };
        EXPECT_EQ(std::count_if(four.begin(), four.end(), of_second), 2) << turn;
        EXPECT_EQ(choose_peers(at("10.0.0.1"), others, 9, random).size(), 6u);
    }
}

TEST(ChoosePeersTest, GivesNothingWhenNothingIsWanted) {
    std::mt19937 random(1);
    std::vector<Participant> const others = {at("10.0.0.2")};
    EXPECT_TRUE(choose_peers(at("10.0.0.1"), others, 0, random).empty());
    EXPECT_TRUE(choose_peers(at("10.0.0.1"), {}, 5, random).empty());
}

}  // namespace
}  // namespace lanyard::tracker::tracker_test
