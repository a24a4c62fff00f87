#include "tests/crash/life.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <sstream>

#include "node/apply/handlers.h"
#include "node/apply/toolbox.h"
#include "node/journal/keepsake.h"
#include "node/journal/sqlite_journal.h"
#include "node/platform/linux_durability.h"
#include "node/platform/linux_installer_runner.h"
#include "node/platform/linux_place.h"
#include "node/platform/linux_process_runner.h"
#include "node/platform/linux_state.h"
#include "node/recovery.h"
#include "node/stage/tree_stager.h"
#include "node/update/pipeline.h"
#include "proto/async/steady_alarm.h"
#include "tests/support/loop.h"
#include "tests/support/open_gate.h"

namespace lanyard::crash {
namespace {

namespace fs = std::filesystem;

// A walk that fails by a fault that passes is tried again, as AppLoop does.
constexpr int kTries = 3;

check::ManagedApp managed(Disk const& disk) {
    return {release::AppId::parse("demo").value(), release::Channel::parse("stable").value(), disk.home()};
}

class Complaints final : public events::Events {
public:
    std::string said;

    void tell(events::Event const& event) override {
        if (std::getenv("LANYARD_TELL")) std::cerr << event.name << ": " << event.text << '\n';
        if (event.level >= events::Level::warning) said += event.name + ": " + event.text + "\n";
    }
};

class FetchedAlready final : public fetch::Fetcher {
public:
    explicit FetchedAlready(Releases const& releases) : releases_(releases) {}
    asio::awaitable<Result<fetch::FetchedPackage>> fetch(check::Offer const& offer) override {
        fetch::FetchedPackage package;
        package.file = releases_.package_of(offer.target);
        co_return package;
    }
    std::optional<fetch::FetchProgress> progress(release::Digest const&) const override { return std::nullopt; }
    void abandon(release::Target const&) override {}

private:
    Releases const& releases_;
};

// The application and its probe: whatever is started must be whole.
class App final : public drain::AppControl, public probe::Prober {
public:
    App(Disk const& disk, Task const& task) : disk_(disk), task_(task) {}

    std::optional<std::string> torn;

    asio::awaitable<Status> prepare(drain::AppRelease, release::Target, bool) override { co_return Status(); }
    void settle(drain::AppRelease const&) override {}
    asio::awaitable<Status> stop(drain::AppRelease const&) override { co_return Status(); }
    asio::awaitable<Status> wait_for_stop(drain::AppRelease const&) override { co_return Status(); }
    asio::awaitable<Status> start(drain::AppRelease const& release) override {
        launch(release);
        co_return Status();
    }
    void hurry() override {}
    void launch(drain::AppRelease const&) noexcept override {
        if (!task_.watched) return;
        if (auto const now = look(disk_, task_); now.torn) torn = "started: " + *now.torn;
    }
    asio::awaitable<Status> probe(drain::AppRelease const& release) override {
        bool const sick = task_.sick && number_of(release.target.version.text()) == task_.to;
        Status healthy;
        if (sick) healthy = fail(std::make_error_code(std::errc::protocol_error), "it is sick");
        co_return healthy;
    }
    void give_up() override {}
    void call_off() override {}

private:
    Disk const& disk_;
    Task const& task_;
};

class NoPorts final : public drain::PortSensor {
public:
    Result<drain::Ports> listening(drain::Ports const&) override { return drain::Ports{}; }
    Result<std::vector<drain::ListeningSocket>> sockets(drain::Ports const&) override {
        return std::vector<drain::ListeningSocket>{};
    }
    std::uint64_t ticks() override { return 0; }
};

// As lanyard::Node has them, without what needs a network or an application.
struct Rooms {
    Rooms(Disk const& where, Releases const& releases, Task const& task, store::Database& database,
          events::Events& events, console::StateFiles const& state_files)
        : files(state_files),
          app(where, task),
          fetcher(releases),
          database_journal(database, std::chrono::system_clock::now),
          records(database, std::chrono::system_clock::now),
          journal(
              database_journal, records,
              [this](release::AppId const& name, std::string const& bytes) { return write_keepsake(name, bytes); },
              [&events](Error const& error) { events.warning("state.not_kept", error.detail); }),
          installers(runner, files.installer_lock(), false, "lanyard-confine"),
          installer([this](release::PackageType type) -> apply::Tool const& { return toolbox.of(type); },
                    {installers, alarm, std::chrono::steady_clock::now}, events),
          pipeline({fetcher, stager, gate, app, applier, app, journal}, downtime, events) {}
    ~Rooms() { pool.finish(); }
    Rooms(Rooms const&) = delete;
    Rooms& operator=(Rooms const&) = delete;

    // Node::write_keepsake.
    Status write_keepsake(release::AppId const& name, std::string const& bytes) const {
        auto const file = files.keepsake(name);
        if (auto const made = platform::prepare_directory(file.parent_path()); !made) return made;
        return platform::write_file(file, bytes);
    }

    asio::io_context io{1};
    async::SteadyAlarm alarm{io};
    console::StateFiles const& files;
    NoPorts ports;
    drain::Downtime downtime{ports, std::chrono::steady_clock::now};
    App app;
    FetchedAlready fetcher;
    async::DiskPool pool{1};
    stage::TreeStager stager{io, pool, platform::make_durable};
    support::OpenGate gate;
    journal::SqliteJournal database_journal;
    journal::Records records;
    journal::KeepsakeJournal journal;
    platform::LinuxProcessRunner runner{io};
    platform::LinuxPlace place;
    apply::BackgroundDirectories directories{place, pool};
    platform::LinuxInstallerRunner installers;
    apply::Toolbox toolbox{false, false};
    apply::Installer installer;
    apply::NativePackages native{directories, installer};
    apply::Handlers applier{directories, native};
    update::Pipeline pipeline;
};

// What is known of the installed releases is what was signed for them, to the byte.
std::optional<std::string> unsigned_in(journal::Installed const& installed, Releases const& releases) {
    for (auto const& known : {installed.current, installed.previous}) {
        if (!known) continue;
        auto const promised = releases.target(number_of(known->version.text())).to_proto();
        if (known->to_proto().SerializeAsString() != promised.SerializeAsString()) {
            return "what is known of " + known->version.text() + " was never signed";
        }
    }
    return std::nullopt;
}

// As Node::start_loops does, and AppLoop after it.
Lived walk(Rooms& rooms, Disk const& disk, Releases const& releases, Task const& task, Complaints& complaints) {
    Lived lived;
    auto const app = managed(disk);
    auto const goal = releases.target(task.to);
    auto const fine = [&](auto const& result) {
        if (!result) complaints.said += result.error().detail + "\n";
        return result.has_value();
    };
    auto const burn_there = [] {
        burn("pool");
        return true;
    };
    support::run(rooms.io, rooms.pool.run(burn_there));
    auto unfinished = rooms.journal.unfinished();
    if (!fine(unfinished)) return lived;
    rooms.stager.sweep(disk.home());
    auto const next = unfinished->empty() ? std::nullopt : std::optional(unfinished->front().offer.target);
    rooms.journal.keep(app.name, next);
    if (!unfinished->empty()) support::run(rooms.io, rooms.pipeline.resume(unfinished->front()));
    for (int i = 0; i < kTries; ++i) {
        auto const installed = rooms.records.installed(app.name);
        auto const refused = rooms.records.quarantined(app.name, goal.sha256);
        if (!fine(installed) || !fine(refused)) return lived;
        auto const now = installed->current ? number_of(installed->current->version.text()) : 0;
        auto const still = rooms.journal.unfinished();
        lived.finished = fine(still) && still->empty() && now == task.goal() && refused->has_value() == task.sick;
        if (lived.finished) {
            lived.torn = unsigned_in(*installed, releases);
            break;
        }
        check::Offer const offer{goal, installed->current, disk.home()};
        support::run(rooms.io, rooms.pipeline.walk(offer));
    }
    if (rooms.app.torn) lived.torn = rooms.app.torn;
    return lived;
}

}  // namespace

void burn(std::string const& thread) {
    auto const* const given = std::getenv("LANYARD_BURN");
    if (!given || !std::string(given).starts_with(thread + ":")) return;
    std::istringstream words(std::string(given).substr(thread.size() + 1));
    long number = 0;
    char colon = 0;
    long times = 0;
    words >> number >> colon >> times;
    for (long i = 0; i < times; ++i) ::syscall(number, -1, 0, 0, 0, 0, 0);
}

Look look(Disk const& disk, Task const& task) {
    auto const named = platform::LinuxPlace().current(disk.home());
    if (!named) return {0, named.error().detail};
    if (!*named) {
        if (task.from == 0) return {};
        return {0, "nothing is current any more"};
    }
    auto const number = number_of(**named);
    if (number == 0 || (number != task.from && number != task.to)) return {0, **named + " was never on offer"};
    auto const fault = Releases::fault(disk.home() / "versions" / **named, number);
    return {number, fault ? std::optional(**named + ": " + *fault) : std::nullopt};
}

Lived live(Disk const& disk, Releases const& releases, Task const& task) {
    Complaints complaints;
    console::StateFiles const files(disk.state());
    console::NodeConfig config;
    config.apps.push_back({.app = managed(disk), .window = {}});
    Lived lived;
    auto recovered = open_or_rebuild(files, config, complaints);
    if (!recovered) {
        lived.said = recovered.error().detail;
        return lived;
    }
    if (recovered->unknown.empty()) {
        Rooms rooms(disk, releases, task, recovered->database, complaints, files);
        lived = walk(rooms, disk, releases, task, complaints);
    }
    lived.said = complaints.said;
    return lived;
}

}  // namespace lanyard::crash
