#include "node/platform/machine_sensors.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <boost/asio/ip/tcp.hpp>
#include <fstream>

#include "node/platform/linux_busy_lock.h"
#include "node/platform/linux_senses.h"
#include "node/platform/logind.h"
#include "tests/support/loop.h"
#include "tests/support/scratch.h"

namespace lanyard::platform::machine_sensors_test {
namespace {

using asio::ip::tcp;

std::filesystem::path const kProc = "/proc";

void write(std::filesystem::path const& file, std::string const& text) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
}

class Connections : public testing::TestWithParam<char const*> {};

TEST_P(Connections, AreCountedWhileTheyAreOpen) {
    asio::io_context io;
    tcp::acceptor acceptor(io, {asio::ip::make_address(GetParam()), 0});
    auto const port = acceptor.local_endpoint().port();
    EXPECT_EQ(connections_to({port}, kProc), 0u) << "who only listens is not connected";
    tcp::socket client(io);
    client.connect(acceptor.local_endpoint());
    EXPECT_EQ(connections_to({port}, kProc), 1u);
    auto const other = static_cast<std::uint16_t>(port == 1 ? 2 : port - 1);
    EXPECT_EQ(connections_to({other}, kProc), 0u);
}

INSTANTIATE_TEST_SUITE_P(, Connections, testing::Values("127.0.0.1", "::1"));

TEST(ConnectionsTo, AreUnknownWithoutPortsAndWithoutProc) {
    support::Scratch empty;
    EXPECT_FALSE(connections_to({}, kProc));
    EXPECT_FALSE(connections_to({80}, empty.root()));
}

TEST(ConnectionsTo, AreUnknownWhenOneOfTheTablesCannotBeRead) {
    support::Scratch proc;
    write(proc / "net/tcp",
          "  sl  local_address\n   0: 0100007F:0050 0100007F:1F90 01 00000000:00000000 00:00000000 00000000 0 0 7 1\n");
    EXPECT_EQ(connections_to({80}, proc.root()), 1u) << "a machine without IPv6";
    std::filesystem::create_directory(proc / "net/tcp6");
    EXPECT_FALSE(connections_to({80}, proc.root()));
}

TEST(RunningOf, FindsAProcessByItsName) {
    char before[16] = {};
    prctl(PR_GET_NAME, before);
    prctl(PR_SET_NAME, "a-long-job-of-the-night");
    auto const running = running_of({"a-long-job-of-the-night", "rsync-that-nobody-runs"}, kProc);
    prctl(PR_SET_NAME, before);
    EXPECT_EQ(running, std::vector<std::string>{"a-long-job-of-the-night"}) << "the kernel keeps 15 bytes";
}

TEST(RunningOf, IsUnknownWithoutProcesses) {
    support::Scratch empty;
    EXPECT_FALSE(running_of({"rsync"}, empty.root()));
    EXPECT_FALSE(running_of({"rsync"}, empty / "gone"));
}

TEST(RunningOf, IsUnknownWhenTheProcessesOfOthersAreHidden) {
    support::Scratch proc;
    write(proc / "4711/comm", "lanyard-node\n");
    EXPECT_FALSE(running_of({"rsync"}, proc.root())) << "mounted with hidepid=2";
    write(proc / "1/comm", "systemd\n");
    EXPECT_EQ(running_of({"rsync"}, proc.root()), std::vector<std::string>());
}

TEST(Pressure, IsReadAsTheKernelWritesIt) {
    support::Scratch proc;
    write(proc / "pressure/cpu", "some avg10=1.00 avg60=13.19 avg300=5.80 total=43903477\nfull avg10=0 avg60=99.00\n");
    write(proc / "pressure/io", "some avg10=1.00 avg60=7.00 avg300=5.80 total=43903477\n");
    auto const load = pressure(proc.root());
    ASSERT_TRUE(load);
    EXPECT_EQ(load->cpu, 14u) << "rounded up: more than 13 is over a limit of 13";
    EXPECT_EQ(load->disk, 7u);
}

TEST(Pressure, IsUnknownWhenItIsWrittenInAnotherWay) {
    support::Scratch proc;
    EXPECT_FALSE(pressure(proc.root()));
    for (auto const* text : {"", "some", "some avg10=1.00", "some avg60=", "some avg60=x", "full avg60=1.00"}) {
        write(proc / "pressure/cpu", text);
        write(proc / "pressure/io", "some avg60=0.00");
        EXPECT_FALSE(pressure(proc.root())) << text;
    }
}

TEST(Pressure, IsThereOnThisMachine) {
    if (!std::filesystem::exists("/proc/pressure/cpu")) GTEST_SKIP() << "this kernel has no pressure stall information";
    EXPECT_TRUE(pressure(kProc));
}

char const* const kHead =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier\n";

TEST(BytesCarried, AreThoseOfInterfacesWithADeviceForTheOthersCarryThemASecondTime) {
    support::Scratch proc;
    write(proc / "net/dev", std::string(kHead) + "    lo: 9000 1 0 0 0 0 0 0 9000 1 0 0 0 0 0 0\n" +
                                "  eth0: 1000 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0\n" +
                                " tun0:   500 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0\n");
    EXPECT_EQ(bytes_carried(proc.root(), proc / "class"), 1800u) << "none has a device: a container";
    std::filesystem::create_directories(proc / "class/eth0/device");
    EXPECT_EQ(bytes_carried(proc.root(), proc / "class"), 1200u);
}

TEST(BytesCarried, AreUnknownWhenTheyAreWrittenInAnotherWay) {
    support::Scratch proc;
    EXPECT_FALSE(bytes_carried(proc.root(), proc.root()));
    for (auto const* text :
         {"", "a line", "eth0", "eth0: 1 2 3\n", "eth0: x 1 0 0 0 0 0 0 9 1\n", ": 1 1 1 1 1 1 1 1 1\n"}) {
        write(proc / "net/dev", (*text == '\0' ? "one line\n" : kHead) + std::string(text));
        EXPECT_FALSE(bytes_carried(proc.root(), proc.root())) << text;
    }
    EXPECT_TRUE(bytes_carried(kProc, "/sys/class/net"));
}

class NetworkMeterTest : public testing::Test {
protected:
    static NetworkMeter::Count at(int second, std::uint64_t carried, std::uint64_t own = 0) {
        return {NetworkMeter::Time(std::chrono::seconds(second)), carried, own};
    }
    NetworkMeter meter;
};

TEST_F(NetworkMeterTest, NeedsTwoCountsThatAreNeitherTooNearNorTooFar) {
    EXPECT_FALSE(meter.rate(at(0, 0)));
    EXPECT_FALSE(meter.rate(at(0, 500))) << "less than a second after the only one";
    EXPECT_EQ(meter.rate(at(5, 5'000)), 1'000u);
    EXPECT_EQ(meter.rate(at(5, 9'999)), 1'000u) << "who asks at the same moment hears the same";
    EXPECT_EQ(meter.rate(at(65, 605'000)), 10'000u);
    EXPECT_FALSE(meter.rate(at(165, 700'000))) << "too long ago";
    EXPECT_FALSE(meter.rate(at(166, 100))) << "an interface has gone, with its counts";
    EXPECT_EQ(meter.rate(at(167, 200)), 100u);
}

TEST_F(NetworkMeterTest, LeavesOutWhatTheNodeItselfExchanges) {
    meter.rate(at(0, 0, 0));
    EXPECT_EQ(meter.rate(at(1, 1'050'000, 1'000'000)), 0u) << "with its headers";
    EXPECT_EQ(meter.rate(at(2, 1'050'000 + 2'100'000, 2'000'000)), 1'000'000u);
}

class BatteryTest : public testing::Test {
protected:
    void supply(std::string const& name, std::string const& type, std::string const& capacity,
                std::string const& status) {
        write(sys / name / "type", type + "\n");
        if (!capacity.empty()) write(sys / name / "capacity", capacity + "\n");
        if (!status.empty()) write(sys / name / "status", status + "\n");
    }
    support::Scratch sys;
};

TEST_F(BatteryTest, IsFullOnAMachineWithoutOne) {
    supply("AC", "Mains", "", "");
    EXPECT_FALSE(battery_of(sys.root())->discharging);
    EXPECT_FALSE(battery_of(sys / "no such class")->discharging);
}

TEST_F(BatteryTest, IsTheEmptiestOfSeveral) {
    supply("BAT0", "Battery", "80", "Discharging");
    supply("BAT1", "Battery", "12", "Not charging");
    auto const battery = battery_of(sys.root());
    EXPECT_TRUE(battery->discharging);
    EXPECT_EQ(battery->percent, 12u);
}

TEST_F(BatteryTest, IsNotThatOfAMouse) {
    supply("hid", "Battery", "3", "Discharging");
    write(sys / "hid/scope", "Device\n");
    EXPECT_FALSE(battery_of(sys.root())->discharging);
}

TEST_F(BatteryTest, IsNotTheEmptyPlaceOfOne) {
    supply("BAT1", "Battery", "0", "Unknown");
    write(sys / "BAT1/present", "0\n");
    EXPECT_FALSE(battery_of(sys.root())->discharging);
}

TEST_F(BatteryTest, IsUnknownWhenItDoesNotSay) {
    supply("BAT0", "Battery", "", "Discharging");
    EXPECT_FALSE(battery_of(sys.root()));
    supply("BAT0", "Battery", "50", "Unknown");
    EXPECT_FALSE(battery_of(sys.root()));
}

// Its answers are tested with a stand-in for logind: tests/functional/gate_decisions.py.
TEST(Logind, IsUnknownWithoutABus) {
    setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus", 1);
    auto const presence = presence_by_logind();
    auto const inhibitors = inhibitors_by_logind();
    unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
    ASSERT_FALSE(presence);
    EXPECT_NE(presence.error().find("does not answer"), std::string::npos);
    EXPECT_FALSE(inhibitors);
}

TEST(LinuxSenses, ReadsWhatWasAskedForAndNothingElse) {
    support::Scratch proc;
    support::Scratch home;
    asio::io_context io;
    async::DiskPool pool(1);
    LinuxBusyLock lock;
    LinuxSenses senses(pool, lock, proc.root(), proc / "sys");
    gate::Wanted wanted{.home = home.root(), .load = true, .battery = true};
    auto const readings = support::run(io, senses.read(wanted));
    EXPECT_EQ(readings.busy, gate::Busy::no);
    EXPECT_FALSE(readings.load);
    EXPECT_TRUE(readings.battery);
    EXPECT_EQ(readings.connections.error(), "it was not read");
}

}  // namespace
}  // namespace lanyard::platform::machine_sensors_test
