#include "node/node.h"

#include <algorithm>
#include <random>

#include "node/console/errc.h"
#include "node/platform/linux_abilities.h"
#include "node/platform/linux_durability.h"
#include "node/platform/linux_state.h"

namespace lanyard {
namespace {

using console::NodeConfig;
using console::StateFiles;

// Of the first root, when the database was lost.
constexpr std::chrono::milliseconds kFirstRetry{1'000};
constexpr std::chrono::milliseconds kLastRetry{60'000};
constexpr std::chrono::milliseconds kSessionsEvery{5'000};

double random_share() {
    static std::mt19937_64 generator{std::random_device{}()};
    return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

swarm::Settings swarm_settings(NodeConfig const& config) {
    swarm::Settings settings;
    settings.listen_address = config.swarm_listen;
    settings.listen_port = config.swarm_port;
    settings.networks = config.networks;
    settings.upload_limit = static_cast<std::int64_t>(config.upload_kib_per_second) * 1024;
    settings.download_limit = static_cast<std::int64_t>(config.download_kib_per_second) * 1024;
    settings.many_peers_per_address = config.many_peers_per_address;
    return settings;
}

v1::LocalResponse refusal(Error const& error) {
    v1::LocalResponse response;
    response.set_exit_code(static_cast<std::uint32_t>(kind_of(error.code)));
    response.set_message(error.detail);
    return response;
}

asio::awaitable<bool> nobody_listens() { co_return true; }

std::vector<check::ManagedApp> managed(NodeConfig const& config) {
    std::vector<check::ManagedApp> apps;
    for (auto const& entry : config.apps) apps.push_back(entry.app);
    return apps;
}

}  // namespace

// The tracker hands out the address a node asks from. On a loopback network (tests, a demo without root) that must be
// the one it listens on; elsewhere the system knows best.
std::optional<std::string> source_address(NodeConfig const& config, http::Url const& seeder) {
    if (!config.swarm_listen.starts_with("127.") || !seeder.host.starts_with("127.")) return std::nullopt;
    return config.swarm_listen;
}

Result<Setup> Setup::of(NodeConfig const& config) {
    auto rules = console::rules_of(config);
    if (!rules) return pass_on(rules);
    auto const url = http::Url::parse(config.seeder_url);
    if (!url) return pass_on(url);
    auto const swarm = swarm_settings(config);
    if (auto const fine = swarm::check_settings(swarm); !fine) return pass_on(fine);
    std::vector<http::Url> mirrors;
    for (auto const& text : config.mirrors) {
        auto const mirror = http::Url::parse(text);
        if (!mirror) return pass_on(mirror, "'mirrors' in [seeder]");
        if (mirror->scheme != http::Url::Scheme::http) {
            return fail(console::Errc::malformed_config,
                        "'mirrors' in [seeder]: " + text + " must begin with http://, since a mirror needs no trust");
        }
        mirrors.push_back(*mirror);
    }
    return Setup{std::move(*rules), swarm, *url, std::move(mirrors)};
}

Node::Care::Care(Node& node, console::AppConfig const& config)
    : app(config.app),
      socket({node.io_, node.contract_, node.keeper_, node.events_}, app.name, app.home, node.speaker_of(config)),
      ports(node.ports_),
      downtime(ports, std::chrono::steady_clock::now),
      commands(node.runner_, downtime, node.talk_alarm_, std::chrono::steady_clock::now),
      control({commands, node.contract_, node.keeper_, node.handovers_, ports, downtime, node.talk_alarm_, node.events_,
               std::chrono::steady_clock::now, [this](drain::AppRelease const&) { socket.listen(); },
               [this](std::uint32_t uid) { return socket.is_own(uid); }}),
      prober(node.reach_, node.runner_, downtime, node.alarm_, std::chrono::steady_clock::now),
      pipeline({node.fetcher_, node.stager_, node.gate_, control, node.applier_, prober, node.journal_, &node.vigil_},
               downtime, node.events_),
      bell(node.io_),
      loop(
          pipeline, bell, std::chrono::steady_clock::now, update::RetryTimes{},
          [&node](update::Ended) { node.walk_ended(); },
          [&node](release::Target const& target) { return node.past_failures(target); }) {}

Node::Node(asio::io_context& io, events::Events& events, NodeConfig const& config, StateFiles const& files,
           store::Database& database, enrol::Passport& passport, Setup setup)
    : io_(io),
      events_(events),
      config_(config),
      files_(files),
      metadata_(database),
      database_journal_(database, std::chrono::system_clock::now),
      records_(database, std::chrono::system_clock::now),
      journal_(
          database_journal_, records_,
          [this](release::AppId const& app, std::string const& bytes) { return write_keepsake(app, bytes); },
          [this](Error const& error) { events_.warning("state.not_kept", error.detail); }),
      passport_(passport),
      registrar_(io, setup.seeder, config.ca_digest.to_raw(), source_address(config, setup.seeder)),
      enrolment_(passport, registrar_, config.name, enrol_alarm_, events, utc_now, [this] { use_certificate(); }),
      seeder_(io, setup.seeder, source_address(config, setup.seeder), setup.mirrors),
      checker_(io, seeder_, refresher_, installations_,
               check::Identity{config.id, config.name, {release::Platform::here(), platform::cannot_install()}},
               managed(config), utc_now),
      times_{.interval = config.poll},
      poll_(checker_, poll_alarm_, events, check::Backoff(times_, random_share), times_),
      session_(io, events, setup.swarm),
      source_(io, seeder_, config.id),
      fetcher_({io, session_, source_, alarm_, disk_, events, platform::allocated_bytes, std::chrono::steady_clock::now,
                platform::sync},
               files.packages()),
      stager_(io, disk_, platform::make_durable),
      memory_(database),
      rules_(std::move(setup.rules)),
      gate_({talk_alarm_, senses_, memory_, events}, rules_, {utc_now, std::chrono::steady_clock::now}),
      diary_(diary_alarm_, senses_, memory_, utc_now, [this] { return with_quiet_hours(); }),
      handovers_(database),
      contract_(std::chrono::steady_clock::now, [this] { talk_.ring(); }),
      installer_runner_(runner_, files.installer_lock(), platform::has_systemd(), platform::confine_program()),
      toolbox_(platform::has_apt(), platform::rpm_is_guest()),
      installer_([this](release::PackageType type) -> apply::Tool const& { return toolbox_.of(type); },
                 {installer_runner_, alarm_, std::chrono::steady_clock::now}, events),
      recipient_(seeder_, passport.key(), config.id, config.name),
      desk_(io, config, checker_, records_, gate_, events),
      policy_desk_(
          {config, desk_, checker_, records_, gate_, memory_, rules_, utc_now, [this] { talk_alarm_.wake(); }}),
      local_(io, events,
             [this](v1::LocalRequest request, console::Desk::Say say) {
                 return answer(std::move(request), std::move(say));
             }),
      session_desk_(config, desk_,
                    [this](v1::LocalRequest request) {
                        return answer(std::move(request), [](v1::LocalResponse) { return nobody_listens(); });
                    }),
      session_socket_({io, disk_, sessions_, events,
                       [this](v1::SessionChoice choice) { return session_desk_.choose(std::move(choice)); },
                       [this] { session_bell_.ring(); }}) {
    for (auto const& entry : config.apps) {
        auto& care = cares_.emplace_back(*this, entry);
        desk_.care_for({care.app, &care.pipeline, &care.loop});
    }
    senses_.listen_to(sessions_);
    senses_.leave_out([this] { return session_.exchanged(); });
    senses_.listen_to([this](std::filesystem::path const& home) { return said_by(home); });
    use_certificate();
}

void Node::use_certificate() {
    auto const tls = passport_.tls(config_.ca_digest.to_raw());
    if (tls) {
        seeder_.use_tls(*tls);
    } else {
        events_.error("node.failed", tls.error().detail);
    }
}

Status Node::start_loops() {
    auto const unfinished = journal_.unfinished();
    if (!unfinished) return pass_on(unfinished);
    auto seeding = fetcher_.seed_kept(kept());
    asio::co_spawn(io_, std::move(seeding), asio::detached);
    for (auto& care : cares_) {
        stager_.sweep(care.app.home);
        std::optional<journal::Attempt> mine;
        for (auto const& attempt : *unfinished) {
            if (attempt.offer.target.app == care.app.name) mine = attempt;
        }
        care.socket.listen();
        if (!mine) forget_handover(care.app.name);
        journal_.keep(care.app.name, mine ? std::optional(mine->offer.target) : std::nullopt);
        ++looping_;
        auto loop = run_loop(care, std::move(mine));
        asio::co_spawn(io_, std::move(loop),
                       [this, app = care.app.name](std::exception_ptr const& broken) { loop_ended(app, broken); });
    }
    auto reporting = outbox_loop_.run();
    asio::co_spawn(io_, std::move(reporting), asio::detached);
    auto writing = diary_.run();
    asio::co_spawn(io_, std::move(writing), asio::detached);
    return {};
}

asio::awaitable<void> Node::run_loop(Care& care, std::optional<journal::Attempt> unfinished) {
    // The end of an attempt cleans up by itself.
    if (!unfinished) co_await sweep_home(care);
    co_await care.loop.run(std::move(unfinished));
}

asio::awaitable<void> Node::loops_ended() {
    while (looping_ > 0) {
        co_await all_stopped_.wait(std::chrono::minutes(1));
    }
    alarm_.cancel();
    talk_alarm_.cancel();
    talk_pause_.cancel();
}

asio::awaitable<Status> Node::serve() {
    if (auto const started = start_loops(); !started) {
        events_.error("node.failed", started.error().detail);
        co_return started;
    }
    if (!config_.session_socket.empty()) {
        session_socket_.listen(config_.session_socket);
        auto telling = tell_sessions();
        asio::co_spawn(io_, std::move(telling), asio::detached);
    }
    events_.info("node.ready",
                 "keeps " + std::to_string(cares_.size()) + " applications up to date from " + config_.seeder_url);
    for (auto pause = kFirstRetry; !stopping_; pause = std::min(2 * pause, kLastRetry)) {
        auto const trusting = co_await regain_trust();
        if (trusting) break;
        events_.warning("check.failed", trusting.error().detail);
        desk_.heard(&trusting.error(), 0);
        co_await poll_alarm_.sleep(pause);
    }
    auto const on_outcome = [this](check::CheckOutcome const& outcome) { dispatch(outcome); };
    auto const on_contact = [this](Error const* failure) {
        desk_.heard(failure, utc_now().time_since_epoch().count());
        if (!failure) outbox_bell_.ring();
    };
    co_await enrolment_.until_accepted(on_contact);
    auto renewing = enrolment_.keep_fresh();
    asio::co_spawn(io_, std::move(renewing), asio::detached);
    co_await poll_.run(on_outcome, on_contact);
    co_await loops_ended();
    events_.info("node.stopped", "whatever was under way goes on at the next start");
    co_return Status();
}

// A command asks once: the person who gave it can come again.
asio::awaitable<Status> Node::be_enrolled() {
    if (!passport_.needs_certificate(utc_now())) co_return Status();
    co_return co_await enrolment_.ask();
}

asio::awaitable<v1::LocalResponse> Node::answer(v1::LocalRequest request, console::Desk::Say say) {
    if (console::PolicyDesk::answers(request)) return policy_desk_.answer(std::move(request));
    return desk_.answer(std::move(request), std::move(say));
}

asio::awaitable<v1::LocalResponse> Node::obey(v1::LocalRequest request, console::Desk::Say say) {
    if (!request.has_roll_back()) {
        auto const enrolled = co_await be_enrolled();
        if (!enrolled) {
            stop();
            co_return refusal(enrolled.error());
        }
    }
    // A check installs nothing: nobody walks what it finds.
    if (!request.has_check() && !console::PolicyDesk::answers(request)) {
        if (auto const started = start_loops(); !started) {
            co_return refusal(started.error());
        }
    }
    // Without it the answer will say what is wrong.
    auto const trusting = co_await regain_trust();
    if (!trusting) events_.warning("check.failed", trusting.error().detail);
    auto const answered = co_await answer(std::move(request), std::move(say));
    co_await drain_outbox();
    stop();
    co_await loops_ended();
    co_return answered;
}

// A command gives its report a moment to leave; else it goes with the next start.
asio::awaitable<void> Node::drain_outbox() {
    for (int i = 0; i < 50; ++i) {
        auto const waiting = records_.outbox_count();
        if (stopping_ || !waiting || *waiting == 0) break;
        outbox_bell_.ring();
        co_await alarm_.sleep(std::chrono::milliseconds(100));
    }
}

// What waits for the person at the machine, to whoever shows it to them.
asio::awaitable<void> Node::tell_sessions() {
    while (!stopping_) {
        if (session_socket_.anybody()) {
            auto const waiting = co_await session_desk_.waiting();
            if (!stopping_) session_socket_.tell(waiting);
        }
        if (!stopping_) co_await session_bell_.wait(kSessionsEvery);
    }
}

// While a walk looks for its end, its application may still have something to say.
void Node::stop_listening() {
    if (looping_ > 0) return;
    for (auto& care : cares_) care.socket.stop();
}

void Node::stop() {
    if (stopping_) return;
    stopping_ = true;
    diary_.stop();
    local_.stop();
    session_socket_.stop();
    session_bell_.ring();
    enrolment_.stop();
    poll_.stop();
    gate_.stop();
    fetcher_.stop();
    stager_.stop();
    session_.rest();
    for (auto& care : cares_) care.loop.stop();
    stop_listening();
    outbox_loop_.stop();
    all_stopped_.ring();
}

}  // namespace lanyard
