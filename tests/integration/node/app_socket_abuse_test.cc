// What a hostile user does at app.sock, and what the node does all the same.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <boost/asio/ip/tcp.hpp>
#include <deque>

#include "tests/integration/node/app_socket_fixture.h"

namespace lanyard::platform {
namespace {

using asio::ip::tcp;

constexpr uid_t kOwner = 65534;
constexpr uid_t kUser = 65533;
constexpr uid_t kStranger = 65532;

std::string registration(bool attends) {
    v1::AppMessage message;
    message.mutable_registration()->set_attends(attends);
    return frame_of(message);
}

// A TCP connection whose last close sleeps: it lingers, and nobody takes what it has sent.
class Lingering {
public:
    explicit Lingering(asio::io_context& io)
        : acceptor_(io, {asio::ip::address_v4::loopback(), 0}), sender_(io), receiver_(io) {
        acceptor_.set_option(asio::socket_base::receive_buffer_size(4096));
        sender_.connect(acceptor_.local_endpoint());
        acceptor_.accept(receiver_);
        sender_.non_blocking(true);
        std::string const much(64 * 1024, 'x');
        boost::system::error_code full;
        while (!full) sender_.write_some(asio::buffer(much), full);
        linger const long_time{1, 600};
        EXPECT_EQ(setsockopt(sender_.native_handle(), SOL_SOCKET, SO_LINGER, &long_time, sizeof long_time), 0);
    }
    int number() { return sender_.native_handle(); }
    // From now on its last copy is somebody else's.
    void give_away() { ::close(sender_.release()); }

private:
    tcp::acceptor acceptor_;
    tcp::socket sender_;
    tcp::socket receiver_;
};

class AppSocketAbuse : public AppSocketTest {
protected:
    // The way to the socket is open to everybody, and the directory is this user's.
    void give_home_to(uid_t owner) {
        for (auto place = home.root(); place != "/tmp" && place.has_relative_path(); place = place.parent_path()) {
            if (chmod(place.c_str(), 0755) != 0) break;
        }
        ASSERT_EQ(chown(home.root().c_str(), owner, static_cast<gid_t>(-1)), 0);
    }
    // Why this user cannot connect; 0: it can.
    int connects_as(uid_t user) {
        pid_t const child = fork();
        if (child == 0) {
            if (setgid(user) != 0 || setuid(user) != 0) _exit(255);
            contract::Client client;
            _exit(client.connect(home.root()) ? 0 : errno);
        }
        int status = 0;
        waitpid(child, &status, 0);
        return WEXITSTATUS(status);
    }
    bool another_is_heard() {
        bool heard = false;
        while_node_runs([&] {
            Client client;
            heard = client.connect(home.root()) && client.enroll(false);
        });
        return heard;
    }
};

TEST_F(AppSocketAbuse, GoesOnWhileWhatNobodyReadLingers) {
    Lingering tcp(io);
    {
        Rude const rude(home / "app.sock");
        rude.write(std::string("\x00\x02\x00\x01", 4));  // ends the connection
        rude.write("more", {tcp.number()});
    }
    tcp.give_away();
    EXPECT_TRUE(another_is_heard());
}

TEST_F(AppSocketAbuse, GoesOnWhileWhatItRefusedLingers) {
    Lingering tcp(io);
    {
        Rude const rude(home / "app.sock");
        while_node_runs([&] {
            rude.write(registration(false));
            rude.read_some(1);
            v1::AppMessage busy;
            busy.mutable_busy()->set_reason("prints");
            rude.write(frame_of(busy), {tcp.number()});
        });
        tcp.give_away();
        std::string answer;
        while_node_runs([&] { answer = rude.read_some(1); });
        EXPECT_NE(answer.find("descriptors come with Ready only"), std::string::npos) << answer;
    }
    EXPECT_TRUE(another_is_heard());
}

TEST_F(AppSocketAbuse, IsTheOwnersOnlyWhereRootServesHim) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
    socket.stop();
    give_home_to(kOwner);
    AppSocket again({io, spoken, keeper, events}, app, home.root(), std::nullopt);
    again.listen();
    struct stat is {};
    ASSERT_EQ(stat((home / "app.sock").c_str(), &is), 0);
    EXPECT_EQ(is.st_mode & 0777, 0600u);
    EXPECT_EQ(is.st_uid, kOwner);
    EXPECT_EQ(connects_as(kOwner), 0);
    EXPECT_EQ(connects_as(kStranger), EACCES);
    EXPECT_TRUE(again.is_own(kOwner));
    EXPECT_FALSE(again.is_own(kStranger));
}

TEST_F(AppSocketAbuse, AsksTheKernelWhoCameWhoeverCouldOpenTheSocket) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
    socket.stop();
    give_home_to(kOwner);
    AppSocket again({io, spoken, keeper, events}, app, home.root(), std::nullopt);
    again.listen();
    give_home_to(0);
    pid_t const child = fork();
    if (child == 0) {
        if (setgid(kOwner) != 0 || setuid(kOwner) != 0) _exit(255);
        Client client;
        if (!client.connect(home.root())) _exit(254);
        _exit(client.enroll(false) ? 0 : client.refusal().find("may not speak for billing") != std::string::npos);
    }
    int status = -1;
    run_until([&] { return status != -1 || waitpid(child, &status, WNOHANG) == child; });
    EXPECT_EQ(WEXITSTATUS(status), 1);
    EXPECT_EQ(events.count("contract.refused"), 1);
}

TEST_F(AppSocketAbuse, IsTheOwnersAndTheUsersAndNobodyElses) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
    socket.stop();
    give_home_to(kOwner);
    AppSocket again({io, spoken, keeper, events}, app, home.root(), kUser);
    again.listen();
    EXPECT_EQ(events.count("contract.failed"), 0);
    EXPECT_EQ(connects_as(kOwner), 0);
    EXPECT_EQ(connects_as(kUser), 0);
    struct stat is {};
    ASSERT_EQ(stat((home / "app.sock").c_str(), &is), 0);
    if ((is.st_mode & 0007) != 0) GTEST_SKIP() << "this file system has no access lists";
    EXPECT_EQ(connects_as(kStranger), EACCES);
}

TEST_F(AppSocketAbuse, TellsTheOneForWhomThereIsNoPlaceAndTakesThoseThatNobodyRegisteredIn) {
    std::deque<Rude> crowd;
    for (int i = 0; i < 64; ++i) crowd.emplace_back(home / "app.sock");
    Client late;
    while_node_runs([&] {
        EXPECT_FALSE(late.connect(home.root()) && late.enroll(false));
        EXPECT_NE(late.refusal().find("64 connections speak for billing already"), std::string::npos) << late.refusal();
    });
    ahead = 11s;
    EXPECT_TRUE(another_is_heard());
    EXPECT_EQ(crowd.front().read_all(), "") << "it was closed";
}

TEST_F(AppSocketAbuse, KeepsPlacesForRoot) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
    socket.stop();
    give_home_to(kOwner);
    AppSocket again({io, spoken, keeper, events}, app, home.root(), std::nullopt);
    again.listen();
    std::array<int, 2> ready{};
    ASSERT_EQ(pipe(ready.data()), 0);
    pid_t const child = fork();
    if (child == 0) {
        if (setgid(kOwner) != 0 || setuid(kOwner) != 0) _exit(1);
        std::deque<Rude> crowd;
        for (int i = 0; i < 70; ++i) crowd.emplace_back(home / "app.sock");
        (void)!::write(ready[1], "x", 1);
        pause();
        _exit(0);
    }
    support::OtherProcess const other(child);
    char done = 0;
    ASSERT_EQ(::read(ready[0], &done, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
    EXPECT_TRUE(another_is_heard());
}

TEST_F(AppSocketAbuse, KeepsNoDescriptorsOfWhoeverIsNotRegistered) {
    tcp::acceptor listening(io, {asio::ip::address_v4::loopback(), 0});
    Rude const rude(home / "app.sock");
    std::string answers;
    spoken.ask(app, 60s, false, "2.0.0");
    while_node_runs([&] {
        auto const frame = registration(true);
        rude.write(frame.substr(0, 5), {listening.native_handle()});
        rude.write(frame.substr(5));
        v1::AppMessage ready;
        ready.mutable_ready()->add_sockets("http");
        answers = rude.read_some(2);  // it is asked, and it is noted
        rude.write(frame_of(ready));
        answers = rude.read_some(1);
    });
    EXPECT_NE(answers.find("1 names came with 0 listening sockets"), std::string::npos) << answers;
    EXPECT_TRUE(keeper.inodes().empty());
}

TEST_F(AppSocketAbuse, CountsTheDescriptorsOfMessagesThatWaitForTheirTurn) {
    auto const begun = clock();
    AppTalk::Parts const parts{io, spoken, keeper, events, [begun] { return begun; }};  // the round never ends
    socket.stop();
    AppSocket again(parts, app, home.root(), std::nullopt);
    again.listen();
    tcp::acceptor listening(io, {asio::ip::address_v4::loopback(), 0});
    std::vector<int> const many(LANYARD_MOST_SOCKETS, listening.native_handle());
    v1::AppMessage ready;
    for (int i = 0; i < LANYARD_MOST_SOCKETS; ++i) ready.mutable_ready()->add_sockets("http");
    Rude const first(home / "app.sock");
    Rude const second(home / "app.sock");
    while_node_runs([&] {
        first.write(registration(true));
        second.write(registration(true));
        EXPECT_FALSE(first.read_some(1).empty());
        EXPECT_FALSE(second.read_some(1).empty());
        first.write(std::string(198 * 4, '\0'));  // as many as are heard at once
        first.read_some(198);
    });
    spoken.ask(app, 60s, false, "2.0.0");
    std::string told;
    while_node_runs([&] {
        first.read_some(1);
        second.read_some(1);
        first.write(frame_of(ready), many);
        second.write(frame_of(ready), many);
        told = first.read_some(1) + second.read_some(1);
    });
    EXPECT_NE(told.find("64 names came with 0 listening sockets"), std::string::npos) << told;
    EXPECT_EQ(spoken.consent(app).sockets.size(), 64u);
}

TEST_F(AppSocketAbuse, MakesRoomAmongThoseSpokenForOfWhomNothingIsSaid) {
    std::deque<support::OtherProcess> processes;
    std::vector<pid_t> pids;
    for (int i = 0; i < 66; ++i) {
        pid_t const child = fork();
        if (child == 0) {
            pause();
            _exit(0);
        }
        pids.push_back(child);
        processes.emplace_back(child);
    }
    auto const speak = [&](pid_t pid, bool busy) {
        Client client;
        return client.connect(home.root()) && client.enroll(false, "", static_cast<std::uint64_t>(pid)) &&
               (!busy || client.busy("copies"));
    };
    while_node_runs([&] {
        for (int i = 0; i < 64; ++i) EXPECT_TRUE(speak(pids[static_cast<std::size_t>(i)], i != 7));
        EXPECT_TRUE(speak(pids[64], true)) << "it takes the place of the one that is not busy";
        EXPECT_FALSE(speak(pids[65], true)) << "all are busy";
    });
    EXPECT_TRUE(spoken.busy(app).ends_with("and 60 more")) << spoken.busy(app);
}

}  // namespace
}  // namespace lanyard::platform
