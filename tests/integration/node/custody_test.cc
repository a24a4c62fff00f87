// Listening sockets of real processes: who holds them, copies of them, and commands that inherit them.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>

#include "node/drain/errc.h"
#include "node/platform/linux_port_sensor.h"
#include "node/platform/linux_process_runner.h"
#include "node/platform/linux_processes.h"
#include "node/platform/linux_socket_keeper.h"
#include "node/platform/tcp_table.h"
#include "tests/integration/node/processes.h"
#include "tests/support/loop.h"
#include "tests/support/scratch.h"

namespace lanyard::platform {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using drain::Ports;

class CustodyTest : public testing::Test {
protected:
    // A process that listens, and its port.
    struct Listener {
        pid_t pid;
        std::uint16_t port;
    };
    Listener start_listener() {
        tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
        Listener const made{fork(), acceptor.local_endpoint().port()};
        if (made.pid == 0) {
            pause();
            _exit(0);
        }
        return made;  // only the child has it open from now on
    }
    static drain::ListeningSocket at(std::vector<drain::ListeningSocket> const& sockets, std::uint16_t port) {
        for (auto const& socket : sockets) {
            if (socket.port == port && socket.protocol == "tcp") return socket;
        }
        ADD_FAILURE() << "nobody at port " << port;
        return {};
    }
    bool answers(std::uint16_t port) {
        tcp::socket visitor(io);
        boost::system::error_code failed;
        visitor.connect({asio::ip::address_v4::loopback(), port}, failed);
        return !failed;
    }
    // A copy, or nothing where the system does not let this user have one.
    std::optional<drain::HeldSocket> copy_of(std::uint16_t port) {
        auto copy = keeper.copy(at(sensor.sockets({port}).value(), port));
        if (!copy) return std::nullopt;
        return std::move(*copy);
    }

    asio::io_context io;
    LinuxSocketKeeper keeper;
    LinuxPortSensor sensor{"/proc", &keeper};
};

TEST_F(CustodyTest, SeesWhoHoldsAPort) {
    auto const listener = start_listener();
    support::OtherProcess const process(listener.pid);
    auto const socket = at(sensor.sockets({listener.port}).value(), listener.port);
    EXPECT_EQ(socket.address, "127.0.0.1");
    EXPECT_EQ(socket.uid, geteuid());
    ASSERT_EQ(socket.holders.size(), 1u);
    EXPECT_EQ(socket.holders.front().pid, static_cast<std::uint64_t>(listener.pid));
    EXPECT_FALSE(socket.holders.front().name.empty());
    EXPECT_LE(socket.holders.front().started, ticks_now());
    EXPECT_GT(socket.holders.front().started, 0u);
    EXPECT_TRUE(sensor.sockets({}).value().empty());
}

TEST_F(CustodyTest, SeesTheOtherSocketsOfThatProcess) {
    tcp::acceptor other(io, {asio::ip::address_v4::loopback(), 0});
    int const udp = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr address{.sa_family = AF_INET, .sa_data = {}};
    ASSERT_EQ(::bind(udp, &address, sizeof(sockaddr_in)), 0);
    auto const listener = start_listener();
    support::OtherProcess const process(listener.pid);
    ::close(udp);
    auto const sockets = sensor.sockets({listener.port}).value();
    EXPECT_EQ(at(sockets, other.local_endpoint().port()).holders.front().pid, static_cast<std::uint64_t>(listener.pid));
    EXPECT_TRUE(std::any_of(sockets.begin(), sockets.end(), [](auto const& one) { return one.protocol == "udp"; }));
}

TEST_F(CustodyTest, HoldsAPortOpenWhoseProcessHasEnded) {
    auto const listener = start_listener();
    std::optional<drain::HeldSocket> copy;
    {
        support::OtherProcess const process(listener.pid);
        copy = copy_of(listener.port);
        if (!copy) GTEST_SKIP() << "this user may not take descriptors of other processes here";
        EXPECT_EQ(copy->port, listener.port);
        EXPECT_EQ(copy->address, "127.0.0.1");
        EXPECT_EQ(sensor.listening({listener.port}).value(), Ports{listener.port}) << "the process has it, too";
    }
    ASSERT_EQ(waitpid(listener.pid, nullptr, 0), listener.pid);
    EXPECT_TRUE(answers(listener.port)) << "whoever comes now waits";
    EXPECT_EQ(sensor.listening({listener.port}).value(), Ports()) << "nobody listens, the port is only kept open";
    copy.reset();
    EXPECT_FALSE(answers(listener.port));
    EXPECT_TRUE(keeper.inodes().empty());
}

TEST_F(CustodyTest, TakesNothingOfAProcessThatHasEnded) {
    auto const listener = start_listener();
    drain::ListeningSocket socket;
    {
        support::OtherProcess const process(listener.pid);
        socket = at(sensor.sockets({listener.port}).value(), listener.port);
    }
    ASSERT_EQ(waitpid(listener.pid, nullptr, 0), listener.pid);
    auto const copy = keeper.copy(socket);
    ASSERT_FALSE(copy);
    EXPECT_EQ(copy.error().code, drain::Errc::cannot_hold);
    socket.holders = {{static_cast<std::uint64_t>(getpid()), "somebody else", 1}};
    EXPECT_FALSE(keeper.copy(socket)) << "another process has its number now";
    socket.holders.clear();
    EXPECT_FALSE(keeper.copy(socket));
}

TEST_F(CustodyTest, HoldsASocketOnceThatIsHandedOverTwice) {
    tcp::acceptor listening(io, {asio::ip::address_v4::loopback(), 0});
    auto first = keeper.adopt(Descriptor(dup(listening.native_handle())));
    ASSERT_TRUE(first);
    {
        auto const second = keeper.adopt(Descriptor(dup(listening.native_handle())));
        ASSERT_TRUE(second);
        EXPECT_EQ(second->descriptor, first->descriptor);
        EXPECT_EQ(second->inode, first->inode);
    }
    EXPECT_EQ(keeper.inodes(), std::set<std::uint64_t>{first->inode}) << "the first still holds it";
    first->descriptor.reset();
    EXPECT_TRUE(keeper.inodes().empty());
}

TEST_F(CustodyTest, HandsSocketsToACommandAsSystemdDoes) {
    auto const listener = start_listener();
    support::OtherProcess const process(listener.pid);
    auto copy = copy_of(listener.port);
    if (!copy) GTEST_SKIP() << "this user may not take descriptors of other processes here";
    copy->name = "http";
    support::Scratch place;
    drain::Command command{
        "echo \"$LISTEN_FDS $LISTEN_FDNAMES\"; [ \"$LISTEN_PID\" = $$ ] && echo mine; "
        "readlink /proc/self/fd/3 /proc/self/fd/4 /proc/self/fd/5",
        place.root(),
        {},
        {*copy, *copy}};
    LinuxProcessRunner runner(io);
    auto const ending = support::run(io, runner.run(command, 20s));
    ASSERT_TRUE(ending);
    auto const inode = std::to_string(*keeper.inodes().begin());
    auto const socket = "socket:[" + inode + "]\n";
    EXPECT_EQ(ending->output, "2 http:http\nmine\n" + socket + socket);
    command.sockets.clear();
    auto const without = support::run(io, runner.run(command, 20s));
    EXPECT_EQ(without->output.substr(0, 2), " \n");
}

// A /proc as it would be where systemd holds the socket of a socket unit.
class SocketUnitTest : public testing::Test {
protected:
    SocketUnitTest() {
        std::string const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";
        support::write_file(proc / "net/tcp", head +
                                                  "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 "
                                                  "00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0\n");
        process(1, "systemd", true);
    }
    void process(int pid, std::string const& name, bool has_socket) {
        auto const place = proc / std::to_string(pid);
        support::write_file(place / "stat", std::to_string(pid) + " (" + name +
                                                ") S 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 77 1 1\n");
        std::filesystem::create_directories(place / "fd");
        if (has_socket) std::filesystem::create_symlink("socket:[4711]", place / "fd" / "5");
    }

    support::Scratch proc;
    LinuxPortSensor sensor{proc.root()};
};

TEST_F(SocketUnitTest, IsNotListeningWhileOnlySystemdHoldsItsSocket) {
    EXPECT_EQ(sensor.listening({8080}).value(), Ports());
    process(812, "billing", true);
    EXPECT_EQ(sensor.listening({8080}).value(), Ports{8080});
    auto const sockets = sensor.sockets({8080}).value();
    ASSERT_EQ(sockets.size(), 1u);
    EXPECT_EQ(sockets.front().uid, 1000u);
    EXPECT_EQ(sockets.front().holders.size(), 2u);
    EXPECT_EQ(sockets.front().holders.back().started, 77u);
}

TEST_F(SocketUnitTest, IsListeningWhenTheFirstProcessIsTheApplicationItself) {
    process(1, "billing", false);
    EXPECT_EQ(sensor.listening({8080}).value(), Ports{8080});
}

TEST(ProcessOf, ReadsANameThatHoldsAnything) {
    support::Scratch proc;
    support::write_file(proc / "7/stat", "7 (a) R (b) S 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 1234 1 1\n");
    auto const process = process_of(7, proc.root());
    ASSERT_TRUE(process);
    EXPECT_EQ(process->name, "a) R (b");
    EXPECT_EQ(process->started, 1234u);
    for (auto const* damaged : {"", "7", "7 (", "7 )(", "7 (a)", "7 (a) S 1 1 1 0 -1",
                                "7 (a) S 1 1 1 0 -1 4 1 0 0 0 1 1 0 "
                                "0 20 0 1 0 soon 1 1"}) {
        support::write_file(proc / "7/stat", damaged);
        EXPECT_FALSE(process_of(7, proc.root())) << damaged;
    }
    EXPECT_FALSE(process_of(8, proc.root()));
}

TEST(AddressText, IsThatOfThisMachinesByteOrder) {
    EXPECT_EQ(address_text("0100007F"), "127.0.0.1");
    EXPECT_EQ(address_text("00000000"), "0.0.0.0");
    EXPECT_EQ(address_text("00000000000000000000000001000000"), "::1");
    for (auto const* bad : {"", "0100007", "0100007F00", "0100007G"}) EXPECT_EQ(address_text(bad), "?") << bad;
}

}  // namespace
}  // namespace lanyard::platform
