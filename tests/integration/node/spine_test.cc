// One application that is really stopped, switched and started: the pipeline over its real rooms. Fetching and staging
// are the work of others, and are done by hand here.
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>

#include "node/apply/handlers.h"
#include "node/apply/toolbox.h"
#include "node/drain/command_app_control.h"
#include "node/gate/idle_gate.h"
#include "node/journal/records.h"
#include "node/journal/seal.h"
#include "node/journal/sqlite_journal.h"
#include "node/platform/linux_busy_lock.h"
#include "node/platform/linux_installer_runner.h"
#include "node/platform/linux_place.h"
#include "node/platform/linux_port_sensor.h"
#include "node/platform/linux_process_runner.h"
#include "node/platform/linux_senses.h"
#include "node/probe/health_prober.h"
#include "node/probe/local_reach.h"
#include "node/update/pipeline.h"
#include "proto/async/steady_alarm.h"
#include "tests/integration/node/processes.h"
#include "tests/support/fake_senses.h"
#include "tests/support/loop.h"
#include "tests/support/recorded_events.h"
#include "tests/support/sample_target.h"
#include "tests/support/scratch.h"

namespace lanyard::update {
namespace {

using namespace std::chrono_literals;
using support::read_file;
using support::write_file;

// Answers every GET with the version of its release; "sick" as its version: with status 500.
constexpr char const* kProgram = R"(
import http.server, sys
version = open("VERSION").read()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500 if version == "sick" else 200)
        self.end_headers()
        self.wfile.write(version.encode())
    def log_message(self, *_):
        pass
class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
)";
constexpr char const* kStop =
    "pid=$(cat $LANYARD_DIR/pid) || exit 0; kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.01; done; "
    "rm $LANYARD_DIR/pid";

class FetchedAlready final : public fetch::Fetcher {
public:
    asio::awaitable<Result<fetch::FetchedPackage>> fetch(check::Offer const&) override {
        fetch::FetchedPackage package;
        co_return package;
    }
    std::optional<fetch::FetchProgress> progress(release::Digest const&) const override { return std::nullopt; }
    void abandon(release::Target const&) override {}
};

class StagedByHand final : public stage::Stager {
public:
    std::string content = "healthy";

    asio::awaitable<Result<stage::StagedRelease>> stage(check::Offer const& offer,
                                                        fetch::FetchedPackage const&) override {
        stage::StagedRelease release;
        release.directory = offer.home / "staging" / offer.target.sha256.to_hex();
        write_file(release.directory / "app.py", kProgram);
        write_file(release.directory / "VERSION", content);
        co_return release;
    }
    void discard(check::Offer const& offer) override { std::filesystem::remove_all(offer.home / "staging"); }
};

std::uint16_t free_port() {
    asio::io_context io;
    asio::ip::tcp::acceptor const acceptor(io, {asio::ip::address_v4::loopback(), 0});
    return acceptor.local_endpoint().port();
}

class SpineTest : public testing::Test {
protected:
    ~SpineTest() override {
        if (std::filesystem::exists(home / "pid")) support::OtherProcess const left(support::read_pid(home / "pid"));
    }

    release::Target version(std::uint64_t number) const {
        auto message = support::sample_message("demo", std::to_string(number) + ".0.0", number);
        auto& install = *message.mutable_install();
        auto const port_text = std::to_string(port);
        install.set_start("/usr/bin/python3 -I app.py " + port_text + " & echo $! > $LANYARD_DIR/pid");
        install.set_stop(kStop);
        install.set_start_seconds(20);
        install.add_ports(port);
        install.mutable_health()->set_http_url("http://127.0.0.1:" + port_text + "/");
        install.mutable_health()->set_probation_seconds(1);
        return support::sample_target(message);
    }
    check::Offer first() const { return {version(1), std::nullopt, home}; }
    check::Offer second() const { return {version(2), version(1), home}; }

    Ended walk(check::Offer const& offer) {
        auto const ended = support::run(io, pipeline.walk(offer));
        for (auto const& event : events.told) {
            if (event.level == events::Level::error) ADD_FAILURE() << event.text;
        }
        return ended;
    }
    std::string current() const { return std::filesystem::read_symlink(home / "current").filename(); }
    bool answers() {
        probe::LocalReach client(io);
        return support::run(io, client.http("http://127.0.0.1:" + std::to_string(port) + "/", 5s)).has_value();
    }
    store::Database open_database() {
        std::array<std::string_view, 3> const migrations{journal::journal_schema(), journal::sequence_schema(),
                                                         journal::seal_schema()};
        auto db = store::Database::open(scratch / "node.db", migrations);
        if (!db) throw std::runtime_error(db.error().detail);
        return std::move(*db);
    }

    support::Scratch scratch;
    std::filesystem::path home = scratch / "demo";
    std::uint16_t port = free_port();
    asio::io_context io;
    support::RecordedEvents events;
    async::SteadyAlarm alarm{io};
    drain::SteadyClock steady = [] { return std::chrono::steady_clock::now(); };
    journal::Clock wall = [] { return std::chrono::system_clock::now(); };

    store::Database database = open_database();
    journal::SqliteJournal journal{database, wall};
    journal::Records records{database, wall};
    platform::LinuxProcessRunner runner{io};
    platform::LinuxPortSensor sensor;
    drain::Downtime downtime{sensor, steady};
    drain::CommandAppControl control{runner, downtime, alarm, steady};
    probe::LocalReach reach{io};
    probe::HealthProber prober{reach, runner, downtime, alarm, steady};
    async::DiskPool pool{1};
    platform::LinuxBusyLock busy;
    platform::LinuxSenses senses{pool, busy};
    support::FakeMemory memory;
    gate::IdleGate gate{
        {alarm, senses, memory, events},
        gate::Rules{},
        {[] { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }, steady}};
    platform::LinuxPlace place;
    async::DiskPool disk;
    apply::BackgroundDirectories directories{place, disk};
    platform::LinuxInstallerRunner installers{runner, scratch / "installers.lock", false, "lanyard-confine"};
    apply::Toolbox toolbox{false, false};
    apply::Installer installer{[this](release::PackageType type) -> apply::Tool const& { return toolbox.of(type); },
                               {installers, alarm, steady},
                               events};
    apply::NativePackages native{directories, installer};
    apply::Handlers applier{directories, native};
    FetchedAlready fetcher;
    StagedByHand stager;
    Pipeline pipeline{Rooms{fetcher, stager, gate, control, applier, prober, journal}, downtime, events};
};

TEST_F(SpineTest, InstallsAndUpdatesAServiceAndClosesItsPortForAMomentOnly) {
    ASSERT_EQ(walk(first()), Ended::committed);
    EXPECT_TRUE(answers());
    auto const before = support::read_pid(home / "pid");
    ASSERT_EQ(walk(second()), Ended::committed);
    EXPECT_TRUE(answers());
    EXPECT_EQ(current(), "2.0.0");
    EXPECT_NE(support::read_pid(home / "pid"), before);

    auto const history = records.history(10).value();
    ASSERT_EQ(history.size(), 2u);
    EXPECT_EQ(history[1].ports_closed_ms(), 0u);
    EXPECT_GT(history[0].ports_closed_ms(), 0u);
    EXPECT_LT(history[0].ports_closed_ms(), 20'000u);
    RecordProperty("ports_closed_ms", static_cast<int>(history[0].ports_closed_ms()));
    EXPECT_EQ(records.installed(second().target.app).value().previous->version.text(), "1.0.0");
}

TEST_F(SpineTest, BringsTheOldReleaseBackWhenTheNewOneAnswersWithAnError) {
    ASSERT_EQ(walk(first()), Ended::committed);
    stager.content = "sick";
    auto sick = second();
    sick.target.install.start_deadline = 2s;
    ASSERT_EQ(walk(sick), Ended::rolled_back);
    EXPECT_TRUE(answers());
    EXPECT_EQ(current(), "1.0.0");
    EXPECT_NE(records.history(1).value()[0].detail().find("answers with status 500"), std::string::npos);
    EXPECT_TRUE(records.quarantined(sick.target.app, sick.target.sha256).value());
    EXPECT_FALSE(std::filesystem::exists(home / "versions/2.0.0"));
}

TEST_F(SpineTest, LeavesTheServiceAsItWasWhenItsStopCommandFails) {
    ASSERT_EQ(walk(first()), Ended::committed);
    auto const before = support::read_pid(home / "pid");
    auto stubborn = second();
    stubborn.running->install.stop = "echo I will not stop >&2; exit 1";
    ASSERT_EQ(walk(stubborn), Ended::failed);
    EXPECT_EQ(support::read_pid(home / "pid"), before);
    EXPECT_TRUE(answers());
    EXPECT_NE(records.history(1).value()[0].detail().find("I will not stop"), std::string::npos);
}

// Killed after the old release was stopped: what a new process finds is the journal, the disk, and nothing that runs.
TEST_F(SpineTest, GoesOnWithWhatTheJournalAndTheDiskTell) {
    ASSERT_EQ(walk(first()), Ended::committed);
    auto attempt = journal.begin(second(), journal::Phase::fetch).value();
    ASSERT_TRUE(journal.enter(attempt, journal::Phase::drain));
    drain::AppRelease const running{version(1), home / "current"};
    ASSERT_TRUE(support::run(io, control.stop(running)));
    EXPECT_FALSE(answers());

    auto const unfinished = journal.unfinished().value();
    ASSERT_EQ(unfinished.size(), 1u);
    EXPECT_EQ(support::run(io, pipeline.resume(unfinished[0])), Ended::committed);
    EXPECT_TRUE(answers());
    EXPECT_EQ(current(), "2.0.0");
}

}  // namespace
}  // namespace lanyard::update
