#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <boost/asio/ip/tcp.hpp>
#include <fstream>

#include "node/drain/errc.h"
#include "node/platform/descriptor.h"
#include "node/platform/linux_busy_lock.h"
#include "node/platform/linux_port_sensor.h"
#include "proto/async/asio.h"
#include "tests/support/scratch.h"

namespace lanyard::platform::linux_sensors_test {
namespace {

using asio::ip::tcp;
using drain::Ports;

class LinuxPortSensorTest : public testing::Test {
protected:
    tcp::acceptor listen_on(char const* address) {
        return tcp::acceptor(io, tcp::endpoint(asio::ip::make_address(address), 0));
    }

    asio::io_context io;
    LinuxPortSensor sensor;
};

TEST_F(LinuxPortSensorTest, FindsTheListeningPortsAmongThoseAskedFor) {
    auto const one = listen_on("127.0.0.1");
    auto const other = listen_on("0.0.0.0");
    std::uint16_t free = 0;
    {
        auto closed = listen_on("127.0.0.1");
        free = closed.local_endpoint().port();
    }
    Ports const asked{other.local_endpoint().port(), free, one.local_endpoint().port()};
    EXPECT_EQ(sensor.listening(asked).value(), (Ports{asked[0], asked[2]}));
    EXPECT_EQ(sensor.listening({}).value(), Ports());
}

TEST_F(LinuxPortSensorTest, SeesIpv6) {
    tcp::acceptor acceptor(io);
    boost::system::error_code error;
    acceptor.open(tcp::v6(), error);
    if (!error) acceptor.bind(tcp::endpoint(asio::ip::make_address("::1"), 0), error);
    if (error) GTEST_SKIP() << "this machine has no IPv6";
    acceptor.listen();
    auto const port = acceptor.local_endpoint().port();
    EXPECT_EQ(sensor.listening({port}).value(), Ports{port});
}

TEST_F(LinuxPortSensorTest, DoesNotTakeAConnectionForAListener) {
    auto acceptor = listen_on("127.0.0.1");
    tcp::socket client(io);
    client.connect(acceptor.local_endpoint());
    auto const port = client.local_endpoint().port();
    EXPECT_EQ(sensor.listening({port}).value(), Ports());
}

TEST_F(LinuxPortSensorTest, ReadsOneTableWhenTheMachineHasNoIpv6AndSkipsWhatItCannotRead) {
    support::Scratch proc;
    support::write_file(proc / "net/tcp",
                        "  sl  local_address rem_address   st tx_queue rx_queue\n"
                        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 71\n"
                        "   1: 0100007F:1F91 00000000:0000 01 00000000:00000000 00:00000000 00000000 0 0 72\n"
                        "   2: 0100007F 00000000:0000 0A\n"
                        "   3: 0100007F:XYZ 00000000:0000 0A\n"
                        "   4:\n"
                        "\n");
    LinuxPortSensor without_ipv6(proc.root());
    EXPECT_EQ(without_ipv6.listening({8080, 8081}).value(), Ports{8080});
}

TEST_F(LinuxPortSensorTest, FailsWhenTheSystemSaysNothing) {
    support::Scratch empty;
    auto const open = LinuxPortSensor(empty.root()).listening({80});
    ASSERT_FALSE(open);
    EXPECT_EQ(open.error().code, drain::Errc::ports_unknown);
}

class LinuxBusyLockTest : public testing::Test {
protected:
    Descriptor hold(int kind) {
        Descriptor lock(::open((home / "busy.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        EXPECT_EQ(flock(lock.get(), kind), 0);
        return lock;
    }
    gate::Busy busy() { return sensor.busy(home.root()); }

    support::Scratch home;
    LinuxBusyLock sensor;
};

TEST_F(LinuxBusyLockTest, IsBusyWhileTheLockIsHeld) {
    {
        auto const lock = hold(LOCK_EX);
        EXPECT_EQ(busy(), gate::Busy::yes);
    }
    EXPECT_EQ(busy(), gate::Busy::no);
    auto const shared = hold(LOCK_SH);
    EXPECT_EQ(busy(), gate::Busy::yes);
}

TEST_F(LinuxBusyLockTest, LeavesTheLockFree) {
    { auto const made = hold(LOCK_EX); }
    EXPECT_EQ(busy(), gate::Busy::no);
    auto const again = hold(LOCK_EX | LOCK_NB);
    EXPECT_EQ(busy(), gate::Busy::yes);
}

TEST_F(LinuxBusyLockTest, IsIdleWithoutALock) {
    EXPECT_EQ(busy(), gate::Busy::no);
    EXPECT_EQ(sensor.busy(home / "not/yet/there"), gate::Busy::no);
}

TEST_F(LinuxBusyLockTest, IsUnknownWhenThereIsSomethingElse) {
    std::filesystem::create_directory(home / "busy.lock");
    EXPECT_EQ(busy(), gate::Busy::unknown);
    std::filesystem::remove(home / "busy.lock");
    ASSERT_EQ(mkfifo((home / "busy.lock").c_str(), 0600), 0);
    EXPECT_EQ(busy(), gate::Busy::unknown);
    std::filesystem::remove(home / "busy.lock");
    std::filesystem::create_symlink("elsewhere", home / "busy.lock");
    EXPECT_EQ(busy(), gate::Busy::unknown);
}

}  // namespace
}  // namespace lanyard::platform::linux_sensors_test
