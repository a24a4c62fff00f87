#include "node/gate/diary.h"

namespace lanyard::gate {
namespace {

constexpr std::chrono::milliseconds kEvery = std::chrono::minutes(5);

}  // namespace

asio::awaitable<void> Diary::run() {
    while (!stopped_) {
        co_await look();
        if (stopped_) break;
        co_await alarm_.sleep(kEvery);
    }
}

void Diary::stop() {
    stopped_ = true;
    alarm_.cancel();
}

// What cannot be read counts as busy here too. A look that cannot be written down is lost: the next one comes soon.
asio::awaitable<void> Diary::look() {
    auto const subjects = subjects_();
    for (auto const& subject : subjects) {
        auto wanted = wanted_of(subject.policy, Urgency{}, subject.home, subject.ports);
        Facts facts;
        facts.readings = co_await senses_.read(std::move(wanted));
        auto const now = now_();
        auto const hour = hour_of_week(now, subject.policy.zone);
        auto const noted = memory_.add_look(subject.app, hour, decide(subject.policy, facts, now).quiet());
        if (!noted || stopped_) break;
    }
}

}  // namespace lanyard::gate
