#include "node/enrol/enrolment.h"

#include <fmt/format.h>

#include <algorithm>

#include "node/enrol/errc.h"

namespace lanyard::enrol {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kShortestPause = 2s;
constexpr std::chrono::seconds kLongestPause = 600s;
constexpr std::chrono::hours kLook{1};

}  // namespace

Enrolment::Enrolment(Passport& passport, Registrar& registrar, std::string node_name, async::Alarm& alarm,
                     events::Events& events, Clock clock, OnCertificate on_certificate)
    : passport_(passport),
      registrar_(registrar),
      node_name_(std::move(node_name)),
      alarm_(alarm),
      events_(events),
      clock_(std::move(clock)),
      on_certificate_(std::move(on_certificate)) {}

asio::awaitable<Status> Enrolment::ask(std::string token_secret) {
    auto request = request_of(passport_, node_name_, token_secret);
    if (!request) co_return pass_on(request);
    auto const answer = co_await registrar_.ask(std::move(*request));
    if (!answer) co_return pass_on(answer);
    if (answer->state() == v1::ENROLL_STATE_PENDING) {
        asked_for_ = std::clamp(std::chrono::seconds(answer->retry_seconds()), kShortestPause, kLongestPause);
        co_return fail(Errc::pending,
                       fmt::format("this node waits to be accepted; the seeder's operator does that with: "
                                   "lanyard-seeder node accept {}",
                                   passport_.node_id()));
    }
    if (answer->state() != v1::ENROLL_STATE_ACCEPTED) {
        co_return fail(Errc::malformed_answer,
                       "the seeder neither accepts this node nor lets it wait: is it a newer one?");
    }
    auto const taken = passport_.take_certificate(answer->certificate());
    if (taken) on_certificate_();
    co_return taken;
}

asio::awaitable<void> Enrolment::until_accepted(OnWaiting on_waiting) {
    std::string told;
    while (!stopping_ && passport_.needs_certificate(clock_())) {
        auto const asked = co_await ask();
        if (stopping_) break;
        if (asked) {
            events_.info("enrol.accepted", "the seeder has accepted this node as " + passport_.node_id());
            break;
        }
        auto const& why = asked.error();
        if (told != why.detail) {
            told = why.detail;
            events_.tell({events::Level::warning, why.code == Errc::pending ? "enrol.pending" : "enrol.failed", told});
        }
        on_waiting(&why);
        auto const pause = pause_after(why);
        co_await alarm_.sleep(pause);
    }
    failures_ = 0;
}

// Somebody may come and accept it, so what is pending is asked at an even pace; what fails, ever more rarely.
std::chrono::milliseconds Enrolment::pause_after(Error const& why) {
    if (why.code == Errc::pending) return asked_for_;
    failures_ = std::min(failures_ + 1, 9u);
    return std::min<std::chrono::seconds>(kShortestPause * (1 << (failures_ - 1)), kLongestPause);
}

asio::awaitable<void> Enrolment::keep_fresh() {
    while (!stopping_) {
        co_await alarm_.sleep(kLook);
        if (stopping_) break;
        if (!passport_.wants_certificate(clock_())) continue;
        auto const renewed = co_await ask();
        if (renewed) {
            events_.info("enrol.renewed", "this node has a new certificate");
        } else {
            events_.warning("enrol.failed", "the certificate could not be renewed: " + renewed.error().detail);
        }
    }
}

void Enrolment::stop() {
    stopping_ = true;
    alarm_.cancel();
    registrar_.cancel();
}

}  // namespace lanyard::enrol
