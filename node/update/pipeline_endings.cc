// The ways in which a walk ends, and what is written down of it.
#include <fmt/format.h>

#include <initializer_list>

#include "node/apply/errc.h"
#include "node/drain/errc.h"
#include "node/update/pipeline.h"
#include "node/update/walk_words.h"

namespace lanyard::update {

using journal::Phase;

namespace {

std::string name_in(std::optional<release::Target> const& kept) { return kept ? kept->version.text() : std::string(); }

}  // namespace

asio::awaitable<Ended> Pipeline::commit(Attempt& attempt) {
    auto const& offer = attempt.offer;
    nobody_disturbed_ = false;
    way_ = Way::nowhere;
    auto const entered = enter(attempt, Phase::commit);
    if (!entered) co_return unwritten(attempt, entered.error());
    auto current = name_in(offer.target);
    auto kept = name_in(offer.running);
    co_await rooms_.apply.keep_only(offer.home, std::move(current), std::move(kept));
    co_return finish(attempt, v1::OUTCOME_COMMITTED, "");
}

asio::awaitable<Ended> Pipeline::roll_back(Attempt& attempt, std::string why) {
    auto const& offer = attempt.offer;
    nobody_disturbed_ = false;
    way_ = Way::back;
    attempt.draft.set_detail(why);
    // It is done whether or not it can be written: after a crash, `current` tells.
    auto const entered = enter(attempt, Phase::roll_back);
    if (!entered) events_.error("attempt.failed", entered.error().detail);
    auto const on_new = is_current(offer);
    if (!on_new) {
        // It may not have come up at all; but what declares no ports might be started twice.
        if (!offer.target.install.ports.empty()) rooms_.app.launch(new_release(offer));
        co_return current_unknown(attempt, on_new.error());
    }

    std::optional<drain::DrainedApp> custody;
    if (offer.running) custody.emplace(rooms_.app, new_release(offer));
    auto const release = new_release(offer);
    co_await stay_awake(offer.target);
    Status stopped;
    // After a crash it may have been left already: then its stop command would hit the old release.
    if (*on_new) stopped = co_await rooms_.app.stop(release);
    if (!stopped) {
        auto const gone = co_await rooms_.app.wait_for_stop(release);
        if (!gone && stopping_) {
            if (custody) co_return interrupted(attempt, *custody, release);
            co_return interrupted(attempt);
        }
        if (!gone && gone.error().code == drain::Errc::still_listening) {
            if (custody) custody->hand_back();
            why += "; it is not rolled back, for it could not be stopped and still runs: " + stopped.error().detail;
            co_return co_await stay(attempt, std::move(why));
        }
        why += "; it was not stopped in order: " + stopped.error().detail;
    }
    auto const back = co_await rooms_.apply.switch_back(offer);
    if (custody) custody->hand_back();
    if (!back && back.error().code == apply::Errc::under_way) co_return interrupted(attempt);
    if (!back) {
        why += "; it cannot be rolled back: " + back.error().detail;
        co_return co_await stay(attempt, std::move(why));
    }
    co_return co_await back_on_old(attempt, std::move(why));
}

// The old release is current again.
asio::awaitable<Ended> Pipeline::back_on_old(Attempt& attempt, std::string why) {
    auto const& offer = attempt.offer;
    way_ = Way::back;
    if (offer.running) {
        auto const runs = co_await bring_back(offer);
        if (!runs && stopping_) co_return interrupted(attempt);
        if (!runs) why += "; the old release does not run well: " + runs.error().detail;
    }
    auto const previous = rooms_.journal.previous(offer.target.app);
    if (previous) {
        auto current = name_in(offer.running);
        auto kept = name_in(*previous);
        co_await rooms_.apply.keep_only(offer.home, std::move(current), std::move(kept));
    }
    co_return finish(attempt, v1::OUTCOME_ROLLED_BACK, why);
}

// The old release is current, and was stopped, or may have been.
asio::awaitable<Ended> Pipeline::restart_old(Attempt& attempt, std::string why) {
    way_ = Way::back;
    if (attempt.offer.running) {
        auto const runs = co_await bring_back(attempt.offer);
        if (!runs && stopping_) co_return interrupted(attempt);
        if (!runs) why += "; the old release does not run well: " + runs.error().detail;
    }
    co_return give_up(attempt, why);
}

// The new release is current, or may be, and was not started. When it is itself at fault, that is a roll back: it is
// not tried again.
asio::awaitable<Ended> Pipeline::undo(Attempt& attempt, Error failure) {
    way_ = Way::back;
    bool const at_fault = failure.code == apply::Errc::refused_by_installer;
    auto why = std::move(failure.detail);
    attempt.draft.set_detail(why);
    auto const entered = at_fault ? enter(attempt, Phase::roll_back) : Status();
    if (!entered) events_.error("attempt.failed", entered.error().detail);
    auto const back = co_await rooms_.apply.switch_back(attempt.offer);
    if (!back && back.error().code == apply::Errc::under_way) co_return interrupted(attempt);
    auto const on_new = is_current(attempt.offer);
    if (back && at_fault) co_return co_await back_on_old(attempt, std::move(why));
    if (!back && at_fault) why += "; it cannot be rolled back: " + back.error().detail;
    if (back || (on_new && !*on_new)) co_return co_await restart_old(attempt, std::move(why));
    why += "; the switch cannot be undone: " + back.error().detail;
    co_return co_await stay(attempt, std::move(why));
}

// The new release is current and cannot be left; it was stopped, or does not stop, or was never started. Where another
// one ran before, better this one than none.
asio::awaitable<Ended> Pipeline::stay(Attempt& attempt, std::string why) {
    way_ = Way::back;
    if (attempt.offer.running) {
        auto release = new_release(attempt.offer);
        auto const runs = co_await bring_up(std::move(release));
        if (!runs && stopping_) co_return interrupted(attempt);
        if (!runs) why += "; it runs badly: " + runs.error().detail;
    }
    co_return give_up(attempt, why);
}

Ended Pipeline::leave(Attempt& attempt) {
    if (abandoned_) return give_up(attempt, *abandoned_);
    if (stopping_) return Ended::interrupted;
    return give_up(attempt, "it was turned away at the gate");
}

// The node was told to stop: what it was about to learn it learns at its next start.
Ended Pipeline::interrupted(Attempt& attempt) {
    if (attempt.phase != Phase::probe) return Ended::interrupted;
    auto const taken_back = rooms_.journal.discount_start(attempt);
    if (!taken_back) events_.warning("attempt.failed", taken_back.error().detail);
    return Ended::interrupted;
}

// Its stop command did not end in time. What still listens is left as it is, what has gone is started by the custody;
// without ports nobody can tell, and what runs must not be started twice.
Ended Pipeline::interrupted(Attempt& attempt, drain::DrainedApp& half_stopped, drain::AppRelease const& release) {
    if (release.target.install.ports.empty()) half_stopped.hand_back();
    return interrupted(attempt);
}

Ended Pipeline::give_up(Attempt& attempt, std::string const& why) { return finish(attempt, v1::OUTCOME_FAILED, why); }

// The attempt stays under way: walk() goes on with it.
Ended Pipeline::unwritten(Attempt const& attempt, Error const& error) {
    rooms_.gate.take_back(attempt.offer.target.app);
    events_.error("attempt.failed", fmt::format("{}: the journal cannot be written, it goes on later: {}",
                                                name_of(attempt.offer.target), error.detail));
    return Ended::failed;
}

// Neither "yes" nor "no" may be guessed: one tries out what is not there, the other condemns a release unheard.
Ended Pipeline::current_unknown(Attempt const& attempt, Error const& error) {
    rooms_.gate.take_back(attempt.offer.target.app);
    events_.error("attempt.failed", fmt::format("{}: which release is current cannot be read, it goes on later: {}",
                                                name_of(attempt.offer.target), error.detail));
    return Ended::failed;
}

Status Pipeline::enter(Attempt& attempt, Phase phase) {
    auto const entered = rooms_.journal.enter(attempt, phase);
    if (entered) events_.info(std::string("phase.") + journal::text(phase), name_of(attempt.offer.target));
    return entered;
}

Status Pipeline::begin_trial(Attempt& attempt) {
    auto const entered = enter(attempt, Phase::probe);
    return entered ? rooms_.journal.count_start(attempt) : entered;
}

Ended Pipeline::finish(Attempt& attempt, v1::Outcome outcome, std::string const& detail) {
    auto const& offer = attempt.offer;
    auto const closed = downtime_.end();
    rooms_.stage.discard(offer);
    rooms_.app.settle(new_release(offer));
    // What a person agreed to meanwhile is meant for the offer that takes this one's place.
    if (!abandoned_) rooms_.gate.take_back(offer.target.app);
    v1::Report report = attempt.draft;
    report.set_outcome(outcome);
    report.set_detail(detail);
    report.set_ports_closed_ms(static_cast<std::uint64_t>(closed.count()));
    auto const ended = rooms_.journal.end(attempt, std::move(report));
    if (!ended) return unwritten(attempt, ended.error());

    auto const name = name_of(offer.target);
    if (outcome == v1::OUTCOME_COMMITTED) {
        events_.info("attempt.committed", name + " is installed and healthy");
        return Ended::committed;
    }
    if (outcome == v1::OUTCOME_FAILED) {
        events_.warning("attempt.failed", name + ": " + detail);
        return Ended::failed;
    }
    events_.warning("attempt.rolled_back", name + ": " + detail);
    events_.warning("release.quarantined", name + " is not tried again");
    return Ended::rolled_back;
}

Result<bool> Pipeline::is_current(check::Offer const& offer) const {
    auto const current = rooms_.apply.current(offer.home);
    if (!current) return pass_on(current);
    return *current == offer.target.version.text();
}

}  // namespace lanyard::update
