#include "node/drain/attended_app_control.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "node/drain/errc.h"

namespace lanyard::drain {
namespace {

using Word = Contract::Word;
using std::chrono::milliseconds;

// The alarm is rung when the application answers; this only bounds how long a ring that came too early goes unnoticed.
constexpr milliseconds kPause{1'000};

std::string title_of(AppRelease const& release) {
    return release.target.app.text() + " " + release.target.version.text();
}

bool is_at(ListeningSocket const& socket, std::uint16_t port) {
    return socket.port == port && socket.protocol == "tcp";
}

milliseconds pause_until(std::chrono::steady_clock::time_point limit, std::chrono::steady_clock::time_point now) {
    return std::clamp(std::chrono::ceil<milliseconds>(limit - now), milliseconds(1), kPause);
}

}  // namespace

asio::awaitable<Status> AttendedAppControl::prepare(AppRelease release, release::Target next, bool last_word) {
    auto const& app = release.target.app;
    record(release);
    bool const keeps = release.target.install.keep_ports && next.install.keep_ports;
    // Before it is asked: it may close its sockets as its answer.
    if (keeps) hold(copies_of(release));
    parts_.contract.ask(app, release.target.install.drain_deadline, last_word, next.version.text());
    auto consent = co_await wait_for_consent(release, last_word);
    bool const ready = consent.word == Word::yes;
    if (hurried_ || (!ready && !last_word)) {
        call_off(release);
        co_return fail(Errc::not_now, fmt::format("{} does not want to be stopped: {}", title_of(release),
                                                  hurried_ ? "the node is to end" : consent.why));
    }
    if (!ready) {
        parts_.events.warning("drain.forced",
                              fmt::format("{} is stopped all the same: {}", title_of(release), consent.why));
    }
    parts_.contract.decided(app);
    if (keeps && !consent.sockets.empty()) add_handed_out(release, std::move(consent.sockets));
    auto const kept = keep(release, std::move(consent.token));
    if (!kept) call_off(release);
    co_return kept;
}

asio::awaitable<Contract::Consent> AttendedAppControl::wait_for_consent(AppRelease const& release, bool last_word) {
    auto const& app = release.target.app;
    auto const limit = parts_.now() + release.target.install.drain_deadline;
    for (;;) {
        auto consent = parts_.contract.consent(app);
        // Where a No does not count, the time may still make a Yes of it.
        bool const over = consent.word == Word::yes || (consent.word == Word::no && !last_word);
        if (over || hurried_ || parts_.now() >= limit) co_return consent;
        auto const pause = pause_until(limit, parts_.now());
        co_await parts_.alarm.sleep(pause);
    }
}

// What cannot be seen now is not verified later; the application is updated all the same.
void AttendedAppControl::record(AppRelease const& release) {
    before_.clear();
    if (release.target.install.ports.empty()) return;
    auto sockets = parts_.ports.sockets(release.target.install.ports);
    if (sockets) {
        before_ = std::move(*sockets);
    } else {
        parts_.events.warning("custody.unknown", sockets.error().detail);
    }
}

HeldSockets AttendedAppControl::copies_of(AppRelease const& release) const {
    auto const& ports = release.target.install.ports;
    HeldSockets copies;
    for (auto const port : ports) {
        if (auto const why = why_not_held(port, copies.size())) {
            parts_.events.warning("custody.failed",
                                  fmt::format("port {} of {} is closed meanwhile: {}", port, title_of(release), *why));
            continue;
        }
        for (auto const& socket : before_) {
            if (!is_at(socket, port)) continue;
            auto copy = parts_.keeper.copy(socket);
            if (copy) {
                copy->name = fmt::format("port-{}", port);
                copies.push_back(std::move(*copy));
            } else {
                parts_.events.warning("custody.failed", fmt::format("port {} of {} is closed meanwhile: {}", port,
                                                                    title_of(release), copy.error().detail));
            }
        }
    }
    return copies;
}

// A port may be used by several programs, each at an address of its own. What is another user's is not handed to the
// application, and which is which cannot be told.
std::optional<std::string> AttendedAppControl::why_not_held(std::uint16_t port, std::size_t held) const {
    std::optional<std::uint32_t> user;
    for (auto const& socket : before_) {
        if (!is_at(socket, port)) continue;
        if (user.value_or(socket.uid) != socket.uid) {
            return fmt::format("users {} and {} listen there, and which of the sockets are its own is not known", *user,
                               socket.uid);
        }
        if (!parts_.is_own(socket.uid)) {
            return fmt::format(
                "user {} listens there, who is neither the node's user, the owner of the application's directory nor "
                "the 'user' of its [[app]] in node.toml",
                socket.uid);
        }
        user = socket.uid;
        if (++held > kMaxHandedSockets) return fmt::format("more than {} sockets are not held", kMaxHandedSockets);
    }
    return std::nullopt;
}

// What the application itself hands out comes back by the names it gave; what else was copied stays.
void AttendedAppControl::add_handed_out(AppRelease const& release, HeldSockets sockets) {
    for (auto& copy : held_) {
        bool const handed =
            std::any_of(sockets.begin(), sockets.end(), [&](auto const& socket) { return socket.inode == copy.inode; });
        if (handed) continue;
        if (sockets.size() < kMaxHandedSockets) {
            sockets.push_back(std::move(copy));
        } else {
            parts_.events.warning("custody.failed",
                                  fmt::format("port {} of {} is closed meanwhile: more than {} sockets are not held",
                                              copy.port, title_of(release), kMaxHandedSockets));
        }
    }
    hold(std::move(sockets));
}

void AttendedAppControl::hold(HeldSockets sockets) {
    held_ = std::move(sockets);
    Ports open;
    for (auto const& socket : held_) open.push_back(socket.port);
    if (!held_.empty()) {
        parts_.events.info("custody.held", fmt::format("{} {} kept open over the update", fmt::join(open, ", "),
                                                       open.size() == 1 ? "is" : "are"));
    }
    parts_.downtime.keeps_open(std::move(open));
    parts_.commands.hand_over(held_);
}

void AttendedAppControl::let_go() {
    held_.clear();
    parts_.downtime.keeps_open({});
    parts_.commands.hand_over({});
}

// The sockets first: an application that has closed its own opens them again when it hears of it.
void AttendedAppControl::call_off(AppRelease const& release) {
    let_go();
    parts_.contract.call_off(release.target.app);
}

Status AttendedAppControl::keep(AppRelease const& release, std::optional<v1::Token> token) {
    v1::Handover handover;
    handover.set_from_version(release.target.version.text());
    if (token) *handover.mutable_token() = std::move(*token);
    for (auto const& socket : before_) *handover.add_sockets() = to_proto(socket);
    auto const kept = parts_.store.keep(release.target.app, handover);
    if (kept) handover_ = std::move(handover);
    return kept;
}

v1::Handover const& AttendedAppControl::handover(AppRelease const& release) {
    if (handover_) return *handover_;
    auto kept = parts_.store.kept(release.target.app);
    if (!kept) parts_.events.warning("custody.unknown", kept.error().detail);
    handover_.emplace();
    if (kept && *kept) handover_ = std::move(**kept);
    for (auto const& socket : handover_->sockets()) before_.push_back(from_proto(socket));
    return *handover_;
}

void AttendedAppControl::settle(AppRelease const& release) {
    auto const& app = release.target.app;
    call_off(release);
    parts_.contract.forget(app);
    parts_.ports.trust_everybody();
    before_.clear();
    handover_.reset();
    auto const dropped = parts_.store.drop(app);
    if (!dropped) parts_.events.warning("custody.unknown", dropped.error().detail);
}

asio::awaitable<Status> AttendedAppControl::stop(AppRelease const& release) {
    // Whoever listens now is what is to be stopped.
    parts_.ports.trust_everybody();
    auto stopped = co_await parts_.commands.stop(release);
    if (stopped) was_stopped();
    co_return stopped;
}

asio::awaitable<Status> AttendedAppControl::wait_for_stop(AppRelease const& release) {
    auto stopped = co_await parts_.commands.wait_for_stop(release);
    if (stopped) was_stopped();
    co_return stopped;
}

void AttendedAppControl::was_stopped() { parts_.ports.stopped(before_); }

asio::awaitable<Status> AttendedAppControl::start(AppRelease const& release) {
    parts_.before_start(release);
    // What could not be stopped goes on, and what is started now was not asked.
    parts_.contract.call_off(release.target.app);
    hand_over(release);
    auto started = co_await parts_.commands.start(release);
    if (started && waits_for_takeover(release)) started = co_await wait_for_takeover(release);
    co_return started;
}

void AttendedAppControl::launch(AppRelease const& release) noexcept try {
    parts_.before_start(release);
    parts_.contract.call_off(release.target.app);
    hand_over(release);
    parts_.commands.launch(release);
} catch (...) {
    // Out of memory: there is nobody left to tell.
    parts_.commands.launch(release);
}

bool AttendedAppControl::waits_for_takeover(AppRelease const& release) {
    auto const& kept = handover(release);
    return kept.has_token() && kept.resumed_by() != release.target.version.text();
}

void AttendedAppControl::hand_over(AppRelease const& release) {
    if (!waits_for_takeover(release)) return;
    auto const& kept = handover(release);
    parts_.contract.hand_over(release.target.app, release.target.version.text(), kept.token(), kept.from_version());
}

asio::awaitable<Status> AttendedAppControl::wait_for_takeover(AppRelease const& release) {
    auto const allowed = release.target.install.start_deadline;
    auto const limit = parts_.now() + allowed;
    for (;;) {
        auto const takeover = parts_.contract.takeover(release.target.app);
        if (takeover.word == Word::yes) break;
        if (takeover.word == Word::no) {
            co_return fail(Errc::token_refused,
                           fmt::format("{} does not take over the work of {}: {}", title_of(release),
                                       handover(release).from_version(), takeover.why));
        }
        if (hurried_ || parts_.now() >= limit) {
            co_return fail(Errc::token_refused,
                           fmt::format("{} did not say within {} s whether it takes over the work of {}",
                                       title_of(release), allowed.count(), handover(release).from_version()));
        }
        auto const pause = pause_until(limit, parts_.now());
        co_await parts_.alarm.sleep(pause);
    }
    parts_.events.info("drain.resumed", fmt::format("{} goes on with the work of {}", title_of(release),
                                                    handover(release).from_version()));
    handover_->set_resumed_by(release.target.version.text());
    // When it cannot be written, the application is asked once more after a crash.
    auto const kept = parts_.store.keep(release.target.app, *handover_);
    if (!kept) parts_.events.warning("custody.unknown", kept.error().detail);
    co_return Status();
}

void AttendedAppControl::hurry() {
    hurried_ = true;
    parts_.commands.hurry();  // wakes whoever waits here, too
}

}  // namespace lanyard::drain
