#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "manifests/store/metadata_store.h"
#include "node/apply/handlers.h"
#include "node/apply/toolbox.h"
#include "node/check/poll_loop.h"
#include "node/console/commands.h"
#include "node/console/desk.h"
#include "node/console/local_socket.h"
#include "node/console/policy_config.h"
#include "node/console/policy_desk.h"
#include "node/console/session_desk.h"
#include "node/drain/attended_app_control.h"
#include "node/enrol/enrolment.h"
#include "node/fetch/seeder_source.h"
#include "node/fetch/swarm_fetcher.h"
#include "node/gate/diary.h"
#include "node/gate/idle_gate.h"
#include "node/gate/sessions.h"
#include "node/gate/sqlite_memory.h"
#include "node/journal/journal_installations.h"
#include "node/journal/keepsake.h"
#include "node/journal/sqlite_handovers.h"
#include "node/journal/sqlite_journal.h"
#include "node/platform/app_socket.h"
#include "node/platform/linux_busy_lock.h"
#include "node/platform/linux_installer_runner.h"
#include "node/platform/linux_place.h"
#include "node/platform/linux_port_sensor.h"
#include "node/platform/linux_process_runner.h"
#include "node/platform/linux_senses.h"
#include "node/platform/linux_socket_keeper.h"
#include "node/platform/linux_spawn.h"
#include "node/platform/linux_vigil.h"
#include "node/platform/session_socket.h"
#include "node/probe/health_prober.h"
#include "node/probe/local_reach.h"
#include "node/report/to_seeder.h"
#include "node/stage/tree_stager.h"
#include "node/state.h"
#include "node/update/app_loop.h"
#include "node/update/pipeline.h"
#include "proto/async/disk_pool.h"
#include "proto/async/paced.h"
#include "proto/async/steady_alarm.h"

namespace lanyard {

// What the configuration means to the rooms, or what is wrong with it beyond its form.
struct Setup {
    gate::Rules rules;
    swarm::Settings swarm;
    http::Url seeder;
    std::vector<http::Url> mirrors;

    static Result<Setup> of(console::NodeConfig const& config);
};

// From where the seeder is asked; nothing: the system chooses.
std::optional<std::string> source_address(console::NodeConfig const& config, http::Url const& seeder);

// All rooms of a node, built bottom-up and handed to those above them. Wiring only. One io_context thread.
class Node {
public:
    Node(asio::io_context& io, events::Events& events, console::NodeConfig const& config,
         console::StateFiles const& files, store::Database& database, enrol::Passport& passport, Setup setup);
    // The rooms go before the disk pool that their tasks are on.
    ~Node() { disk_.finish(); }
    Node(Node const&) = delete;
    Node& operator=(Node const&) = delete;

    // Starts what runs of these applications, if it does not run: an attempt may have been under way that nobody knows
    // of any more.
    void revive(std::set<release::AppId> const& apps);
    Status listen() { return local_.listen(files_.socket()); }
    // The daemon's work; returns when stop() has been obeyed.
    asio::awaitable<Status> serve();
    // One command without a daemon; the answer of the desk.
    asio::awaitable<v1::LocalResponse> obey(v1::LocalRequest request, console::Desk::Say say);
    void stop();

private:
    // The rooms that each application has of its own.
    struct Care {
        Care(Node& node, console::AppConfig const& config);

        check::ManagedApp app;
        platform::AppSocket socket;
        drain::RightfulPorts ports;
        drain::Downtime downtime;
        drain::CommandAppControl commands;
        drain::AttendedAppControl control;
        probe::HealthProber prober;
        update::Pipeline pipeline;
        async::Bell bell;
        update::AppLoop loop;
    };

    static constexpr std::chrono::milliseconds kTalkPause{250};

    Status start_loops();
    Status write_keepsake(release::AppId const& app, std::string const& bytes);
    asio::awaitable<Status> regain_trust();
    asio::awaitable<v1::LocalResponse> answer(v1::LocalRequest request, console::Desk::Say say);
    void walk_ended();
    update::PastFailures past_failures(release::Target const& target);
    void use_certificate();
    asio::awaitable<Status> be_enrolled();
    asio::awaitable<void> look_again();
    asio::awaitable<void> tell_sessions();
    asio::awaitable<void> run_loop(Care& care, std::optional<journal::Attempt> unfinished);
    void loop_ended(release::AppId const& app, std::exception_ptr const& broken);
    asio::awaitable<void> drain_outbox();
    asio::awaitable<void> loops_ended();
    std::vector<release::Target> kept();
    Result<std::set<release::Digest>> wanted();
    asio::awaitable<void> sweep_home(Care& care);
    void dispatch(check::CheckOutcome const& outcome);
    std::vector<gate::Watched> with_quiet_hours();
    void sweep_packages();
    std::string said_by(std::filesystem::path const& home) const;
    std::optional<uid_t> speaker_of(console::AppConfig const& config);
    void stop_listening();
    void forget_handover(release::AppId const& app);

    asio::io_context& io_;
    events::Events& events_;
    console::NodeConfig const& config_;
    console::StateFiles const& files_;

    gate::Sessions sessions_;
    platform::LinuxBusyLock busy_lock_;
    platform::LinuxSenses senses_{disk_, busy_lock_};  // outlives what the pool still does for it
    async::DiskPool disk_;
    async::SteadyAlarm alarm_{io_};  // of the rooms: until each walk has found a safe end
    // Of those that wait for what an application says, so that it wakes nobody else.
    async::SteadyAlarm talk_alarm_{io_};
    async::SteadyAlarm talk_pause_{io_};
    async::Paced talk_{io_, talk_pause_, kTalkPause, [this] { talk_alarm_.wake(); }};
    async::SteadyAlarm poll_alarm_{io_};  // of the poll loop: ends with stop()
    store::MetadataStore metadata_;
    journal::SqliteJournal database_journal_;
    journal::Records records_;
    journal::KeepsakeJournal journal_;
    journal::JournalInstallations installations_{records_};

    enrol::Passport& passport_;
    async::SteadyAlarm enrol_alarm_{io_};
    enrol::SeederRegistrar registrar_;
    enrol::Enrolment enrolment_;
    check::SeederClient seeder_;
    check::Refresher refresher_{seeder_, metadata_};
    check::SeederChecker checker_;
    check::PollTimes times_;
    check::PollLoop poll_;

    swarm::Session session_;
    fetch::SeederSource source_;
    fetch::SwarmFetcher fetcher_;
    stage::TreeStager stager_;
    gate::SqliteMemory memory_;
    gate::Rules rules_;
    gate::IdleGate gate_;
    async::SteadyAlarm diary_alarm_{io_};
    gate::Diary diary_;
    platform::LinuxProcessRunner runner_{io_, platform::LinuxProcessRunner::kSearchPath, platform::raise_open_files()};
    platform::LinuxSocketKeeper keeper_;
    platform::LinuxPortSensor ports_{"/proc", &keeper_};
    journal::SqliteHandovers handovers_;
    drain::Contract contract_;
    platform::LinuxPlace place_;
    platform::LinuxVigil vigil_{disk_};
    apply::BackgroundDirectories directories_{place_, disk_};
    platform::LinuxInstallerRunner installer_runner_;
    apply::Toolbox toolbox_;
    apply::Installer installer_;
    apply::NativePackages native_{directories_, installer_};
    apply::Handlers applier_{directories_, native_};
    probe::LocalReach reach_{io_};

    async::Bell outbox_bell_{io_};
    report::JournalOutbox outbox_{records_};
    report::SeederRecipient recipient_;
    report::OutboxLoop outbox_loop_{outbox_, recipient_, outbox_bell_, events_};

    console::Desk desk_;
    console::PolicyDesk policy_desk_;
    console::LocalServer local_;
    async::Bell session_bell_{io_};
    console::SessionDesk session_desk_;
    platform::SessionSocket session_socket_;
    std::deque<Care> cares_;
    async::Bell all_stopped_{io_};
    std::size_t looping_ = 0;
    bool stopping_ = false;
};

}  // namespace lanyard
