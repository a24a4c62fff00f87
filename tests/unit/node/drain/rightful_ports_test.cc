#include "node/drain/rightful_ports.h"

#include <gtest/gtest.h>

#include "tests/support/fake_processes.h"

namespace lanyard::drain {
namespace {

class RightfulPortsTest : public testing::Test {
protected:
    static ListeningSocket socket(std::uint16_t port, Process holder, std::uint32_t uid = 1000) {
        return {"tcp", "127.0.0.1", port, uid, port, {std::move(holder)}};
    }
    // Somebody listens on 8080.
    Ports seen(ListeningSocket const& now) {
        sensor.open = {now.port};
        sensor.known = {now};
        return ports.listening({8080, 9090}).value();
    }

    support::FakePorts sensor;
    RightfulPorts ports{sensor};
    Process old{812, "billing", 500};
    Process stranger{700, "nginx", 400};
    Process fresh{901, "billing", 1'001};
};

TEST_F(RightfulPortsTest, TrustsEverybodyWhoWasThereBeforeAnythingIsKnown) {
    EXPECT_EQ(seen(socket(8080, stranger)), Ports{8080});
    ports.stopped({});
    ports.trust_everybody();
    EXPECT_EQ(seen(socket(8080, stranger)), Ports{8080});
}

TEST_F(RightfulPortsTest, SeesWhatWasStartedAfterTheStop) {
    ports.stopped({socket(8080, old)});
    EXPECT_EQ(seen(socket(8080, fresh)), Ports{8080});
}

TEST_F(RightfulPortsTest, DoesNotSeeAProgramThatHasRunForLonger) {
    ports.stopped({socket(8080, old)});
    EXPECT_EQ(seen(socket(8080, stranger)), Ports());
}

TEST_F(RightfulPortsTest, SeesWhoHeldThePortBefore) {
    ports.stopped({socket(8080, old)});
    EXPECT_EQ(seen(socket(8080, old)), Ports{8080}) << "a supervisor that opens it again itself";
    Process const same_number{812, "nginx", 600};
    EXPECT_EQ(seen(socket(8080, same_number)), Ports());
}

TEST_F(RightfulPortsTest, DoesNotSeeASocketOfAnotherUser) {
    ports.stopped({socket(8080, old, 1000)});
    EXPECT_EQ(seen(socket(8080, fresh, 1001)), Ports());
    EXPECT_EQ(seen(socket(8080, fresh, 1000)), Ports{8080});
}

TEST_F(RightfulPortsTest, LooksAtEverySocketThatThePortHadBefore) {
    ports.stopped({socket(8080, stranger, 33), socket(8080, old, 1000)});  // each at an address of its own
    EXPECT_EQ(seen(socket(8080, fresh, 1000)), Ports{8080});
    EXPECT_EQ(seen(socket(8080, old, 1000)), Ports{8080});
    EXPECT_EQ(seen(socket(8080, fresh, 1001)), Ports());
}

TEST_F(RightfulPortsTest, GoesByTheUserWhereTheProcessesCannotBeSeen) {
    ports.stopped({socket(8080, old, 1000)});
    auto unseen = socket(8080, fresh, 1000);
    unseen.holders.clear();
    EXPECT_EQ(seen(unseen), Ports{8080});
}

TEST_F(RightfulPortsTest, KnowsNothingOfAPortThatWasNotRecorded) {
    ports.stopped({socket(9090, old, 1000)});
    EXPECT_EQ(seen(socket(8080, fresh, 1001)), Ports{8080});
    EXPECT_EQ(seen(socket(8080, stranger, 1001)), Ports());
}

TEST_F(RightfulPortsTest, SaysThatItCannotTell) {
    ports.stopped({});
    sensor.open = {8080};
    sensor.readable = false;
    EXPECT_FALSE(ports.listening({8080}));
}

TEST_F(RightfulPortsTest, ComesBackFromProtobuf) {
    auto const before = socket(8080, old, 33);
    auto const after = from_proto(to_proto(before));
    EXPECT_EQ(after.protocol, "tcp");
    EXPECT_EQ(after.address, "127.0.0.1");
    EXPECT_EQ(after.port, 8080);
    EXPECT_EQ(after.uid, 33u);
    ASSERT_EQ(after.holders.size(), 1u);
    EXPECT_TRUE(after.holders.front().is(old));
    EXPECT_EQ(after.holders.front().name, "billing");
}

TEST(HoldersText, NamesWhoIsAtAPortOnce) {
    support::FakePorts sensor;
    sensor.known = {{"tcp", "0.0.0.0", 80, 0, 1, {{33, "nginx", 1}, {34, "nginx", 1}}},
                    {"tcp", "::", 80, 0, 2, {{33, "nginx", 1}}},
                    {"udp", "::", 80, 0, 3, {{35, "quic", 1}}}};
    EXPECT_EQ(holders_text(sensor, {80}), "port 80 is held by nginx (pid 33), port 80 is held by nginx (pid 34)");
    EXPECT_EQ(holders_text(sensor, {81}), "");
    EXPECT_EQ(holders_text(sensor, {}), "");
    sensor.readable = false;
    EXPECT_EQ(holders_text(sensor, {80}), "");
}

TEST(SocketName, IsOneThatListenFdnamesCanHold) {
    EXPECT_EQ(socket_name("http"), "http");
    for (auto const* bad : {"", "a:b", "a b", "a\n"}) EXPECT_EQ(socket_name(bad), "unknown") << bad;
    EXPECT_EQ(socket_name(std::string(255, 'x')).size(), 255u);
    EXPECT_EQ(socket_name(std::string(256, 'x')), "unknown");
}

}  // namespace
}  // namespace lanyard::drain
