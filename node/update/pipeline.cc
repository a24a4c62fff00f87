#include "node/update/pipeline.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "node/apply/errc.h"
#include "node/drain/errc.h"
#include "node/journal/errc.h"
#include "node/update/walk_words.h"

namespace lanyard::update {
namespace {

using drain::AppRelease;
using journal::Phase;

constexpr unsigned kMostStarts = 3;
constexpr unsigned kMostDrains = 3;
// A stop command that the last run left behind may stop what is started now.
constexpr int kRestarts = 2;

void add_sources(v1::Report& draft, std::vector<v1::SourceBytes> const& sources) {
    for (auto const& source : sources) {
        auto& known = *draft.mutable_sources();
        auto same = std::find_if(known.begin(), known.end(), [&](v1::SourceBytes const& other) {
            return other.address() == source.address() && other.seeder() == source.seeder();
        });
        if (same == known.end()) {
            *known.Add() = source;
        } else {
            same->set_bytes(same->bytes() + source.bytes());
        }
    }
}

}  // namespace

// What status() and abandon() see of a walk while it goes on.
class Pipeline::Walking {
public:
    Walking(Pipeline& pipeline, Attempt const& attempt) : pipeline_(pipeline) {
        pipeline_.attempt_ = &attempt;
        pipeline_.nobody_disturbed_ = attempt.phase < Phase::probe;
        pipeline_.way_ = Way::nowhere;
        pipeline_.abandoned_.reset();
        pipeline_.recalled_.reset();
    }
    ~Walking() {
        pipeline_.attempt_ = nullptr;
        pipeline_.awake_.reset();
    }
    Walking(Walking const&) = delete;
    Walking& operator=(Walking const&) = delete;

private:
    Pipeline& pipeline_;
};

asio::awaitable<Ended> Pipeline::walk(check::Offer offer) {
    if (stopping_) co_return Ended::interrupted;
    auto attempt = begin(offer, Phase::fetch);
    if (!attempt) {
        auto refused = attempt.error();
        co_return co_await take_up(offer.target.app, std::move(refused));
    }
    Walking const walking(*this, *attempt);
    co_return co_await forward(*attempt);
}

asio::awaitable<Ended> Pipeline::walk_back(check::Offer offer) {
    if (stopping_) co_return Ended::interrupted;
    auto const on_new = is_current(offer);
    if (!on_new) {
        events_.error("attempt.failed", fmt::format("{}: what runs cannot be read, nothing is rolled back: {}",
                                                    name_of(offer.target), on_new.error().detail));
        co_return Ended::failed;
    }
    if (!*on_new) {
        events_.error("attempt.failed",
                      fmt::format("{} is not what runs: nothing is rolled back", name_of(offer.target)));
        co_return Ended::failed;
    }
    auto attempt = begin(offer, Phase::roll_back);
    if (!attempt) {
        auto refused = attempt.error();
        co_return co_await take_up(offer.target.app, std::move(refused));
    }
    Walking const walking(*this, *attempt);
    if (offer.running) {
        auto leaves = new_release(offer);
        // A person has decided: it may finish what it does, and hand it over.
        auto const prepared = co_await rooms_.app.prepare(std::move(leaves), *offer.running, true);
        if (stopping_) co_return interrupted(*attempt);
        if (!prepared) events_.warning("drain.forced", prepared.error().detail);
    }
    downtime_.begin();
    std::string why = "a person asked for the previous release";
    co_return co_await roll_back(*attempt, std::move(why));
}

// What was left under way for another package, and has disturbed nobody yet, makes room.
Result<journal::Attempt> Pipeline::begin(check::Offer const& offer, Phase first) {
    auto begun = rooms_.journal.begin(offer, first);
    if (begun || begun.error().code != journal::Errc::under_way) return begun;
    auto left = left_under_way(offer.target.app);
    if (!left || left->phase >= Phase::drain || left->offer.target.sha256 == offer.target.sha256) return begun;
    abandoned_ = first == Phase::roll_back ? std::string("a person asked for the previous release")
                                           : "superseded by " + offer.target.version.text();
    give_up(*left, *abandoned_);
    abandoned_.reset();
    return rooms_.journal.begin(offer, first);
}

std::optional<journal::Attempt> Pipeline::left_under_way(release::AppId const& app) {
    auto unfinished = rooms_.journal.unfinished();
    if (!unfinished) return std::nullopt;
    auto const left = std::find_if(unfinished->begin(), unfinished->end(),
                                   [&](Attempt const& one) { return one.offer.target.app == app; });
    if (left == unfinished->end()) return std::nullopt;
    return std::move(*left);
}

// An attempt that could not be written to its end is still under way.
asio::awaitable<Ended> Pipeline::take_up(release::AppId app, Error refused) {
    auto left = refused.code == journal::Errc::under_way ? left_under_way(app) : std::nullopt;
    if (left) co_return co_await resume(std::move(*left));
    events_.error("attempt.failed", fmt::format("no attempt for {}: {}", app.text(), refused.detail));
    co_return Ended::failed;
}

asio::awaitable<Ended> Pipeline::resume(Attempt attempt) {
    if (stopping_) co_return Ended::interrupted;
    Walking const walking(*this, attempt);
    auto const phase = attempt.phase;
    auto const& offer = attempt.offer;
    events_.info("attempt.resumed",
                 fmt::format("{}: it was interrupted in phase {}", name_of(offer.target), journal::text(phase)));
    if (phase == Phase::stage) rooms_.stage.discard(offer);
    if (phase < Phase::drain) co_return co_await forward(attempt);

    if (offer.running) downtime_.begin();
    if (phase == Phase::commit) co_return co_await commit(attempt);
    if (phase == Phase::apply) {
        auto const settled = co_await rooms_.apply.settle(offer);
        if (stopping_) co_return interrupted(attempt);
        if (!settled && offer.running) rooms_.app.launch(old_release(offer));
        if (!settled) co_return current_unknown(attempt, settled.error());
    }
    auto const on_new = is_current(offer);
    if (!on_new) {
        rooms_.app.launch(offer.running && phase < Phase::probe ? old_release(offer) : new_release(offer));
        co_return current_unknown(attempt, on_new.error());
    }
    if (phase == Phase::roll_back || (phase == Phase::probe && !*on_new)) {
        std::string why = attempt.draft.detail();
        if (why.empty()) why = "its trial failed, and the node died before the reason was written down";
        co_return co_await roll_back(attempt, std::move(why));
    }
    if (*on_new) co_return co_await try_again(attempt);
    co_return co_await start_over(attempt);
}

// The old release is current still; whether it runs is not known.
asio::awaitable<Ended> Pipeline::start_over(Attempt& attempt) {
    auto const& offer = attempt.offer;
    Status runs;
    for (int i = 0; offer.running && i < kRestarts; ++i) {
        auto old = old_release(offer);
        runs = co_await bring_up(std::move(old));
        if (runs) break;
    }
    if (!runs && stopping_) co_return interrupted(attempt);
    if (!runs) events_.warning("probe.failed", runs.error().detail);
    if (attempt.drains >= kMostDrains) {
        co_return give_up(attempt,
                          fmt::format("the node died {} times while it stopped the application; see whether the "
                                      "stop command ends the node",
                                      attempt.drains));
    }
    co_return co_await forward(attempt);
}

// The new release is current; whether it runs, and how well, is not known.
asio::awaitable<Ended> Pipeline::try_again(Attempt& attempt) {
    nobody_disturbed_ = false;
    way_ = Way::forth;
    if (attempt.starts >= kMostStarts) {
        auto why = fmt::format("it was started {} times, and each time the node died before it was known to be healthy",
                               attempt.starts);
        co_return co_await roll_back(attempt, std::move(why));
    }
    auto const begun = begin_trial(attempt);
    if (!begun) co_return unwritten(attempt, begun.error());
    co_return co_await try_out(attempt);
}

asio::awaitable<Ended> Pipeline::forward(Attempt& attempt) {
    auto const& offer = attempt.offer;
    if (must_leave()) co_return leave(attempt);
    auto entered = enter(attempt, Phase::fetch);
    if (!entered) co_return unwritten(attempt, entered.error());
    auto const package = co_await rooms_.fetch.fetch(offer);
    if (must_leave()) co_return leave(attempt);
    if (!package) co_return give_up(attempt, package.error().detail);
    add_sources(attempt.draft, package->sources);

    entered = enter(attempt, Phase::stage);
    if (!entered) co_return unwritten(attempt, entered.error());
    auto staged = co_await rooms_.stage.stage(offer, *package);
    if (must_leave()) co_return leave(attempt);
    if (!staged) co_return give_up(attempt, staged.error().detail);
    // What cannot be installed is known now, and not at night when the gate opens.
    auto fit = co_await rooms_.apply.rehearse(offer, *staged);
    if (must_leave()) co_return leave(attempt);
    if (!fit) co_return give_up(attempt, fit.error().detail);

    entered = enter(attempt, Phase::wait_idle);
    if (!entered) co_return unwritten(attempt, entered.error());
    auto const may = co_await wait_for_consent(attempt, *staged);
    if (must_leave()) co_return leave(attempt);
    if (!may && may.error().code == drain::Errc::not_now) co_return leave(attempt);
    if (!may) co_return give_up(attempt, may.error().detail);
    co_await stay_awake(offer.target);
    if (must_leave()) {
        rooms_.app.settle(old_release(offer));
        co_return leave(attempt);
    }
    co_return co_await interrupt(attempt, std::move(*staged));
}

// The gate's, and then the application's own. What the application says closes the gate for as long as it said, so that
// the policy decides what comes of it; drain::Errc::not_now when nobody waits any more.
asio::awaitable<Status> Pipeline::wait_for_consent(Attempt& attempt, stage::StagedRelease const& staged) {
    auto const& offer = attempt.offer;
    for (;;) {
        auto const passage = co_await rooms_.gate.pass(offer);
        if (must_leave() || !passage) co_return fail(drain::Errc::not_now, "nobody waits any more");
        // The machine may have changed since. Until here nobody has been disturbed.
        auto fit = co_await rooms_.apply.rehearse(offer, staged);
        if (must_leave()) co_return fail(drain::Errc::not_now, "nobody waits any more");
        if (!fit) co_return fit;
        attempt.draft.set_passed_at(passage->at.time_since_epoch().count());
        attempt.draft.set_passed_because(passage->because);
        if (!offer.running) co_return Status();
        auto old = old_release(offer);
        bool const last_word = passage->last_word;
        auto prepared = co_await rooms_.app.prepare(std::move(old), offer.target, last_word);
        if (must_leave()) {
            rooms_.app.settle(old_release(offer));
            co_return fail(drain::Errc::not_now, "nobody waits any more");
        }
        if (prepared || prepared.error().code != drain::Errc::not_now) co_return prepared;
        events_.info("drain.put_off", prepared.error().detail);
    }
}

// From here on somebody is disturbed: the walk goes to its end, and every way out leaves a release running.
asio::awaitable<Ended> Pipeline::interrupt(Attempt& attempt, stage::StagedRelease staged) {
    auto const& offer = attempt.offer;
    nobody_disturbed_ = false;
    way_ = Way::forth;
    std::optional<drain::DrainedApp> custody;
    if (offer.running) {
        auto const entered = enter(attempt, Phase::drain);
        if (!entered) co_return unwritten(attempt, entered.error());
        downtime_.begin();
        auto const old = old_release(offer);
        custody.emplace(rooms_.app, old);
        auto const stopped = co_await rooms_.app.stop(old);
        // What was stopped starts again as `custody` goes. Without ports the next start could not see that it runs.
        if (stopping_ && stopped && old.target.install.ports.empty()) (void)enter(attempt, Phase::wait_idle);
        if (stopping_ && stopped) co_return interrupted(attempt);
        if (stopping_) co_return interrupted(attempt, *custody, old);
        if (!stopped) {
            auto const gone = co_await rooms_.app.wait_for_stop(old);
            if (!gone && stopping_) co_return interrupted(attempt, *custody, old);
            custody->hand_back();
            std::string why = stopped.error().detail;
            if (!gone) why += "; it was not seen to end, and is left as it is";
            co_return co_await restart_old(attempt, std::move(why));
        }
    }

    if (recalled_) {
        if (custody) custody->hand_back();
        std::string why = *recalled_;
        co_return co_await roll_back(attempt, std::move(why));
    }
    if (auto why = somebody_elses_port(attempt)) co_return give_up(attempt, *why);
    auto const entered = enter(attempt, Phase::apply);
    if (!entered) {
        if (custody) custody->hand_back();
        std::string why = entered.error().detail;
        co_return co_await restart_old(attempt, std::move(why));
    }
    auto begun = co_await rooms_.apply.switch_to(offer, staged);
    if (custody) custody->hand_back();
    // What is being exchanged is not started; the next start of the node sees what has become of it.
    if (!begun && begun.error().code == apply::Errc::under_way) co_return interrupted(attempt);
    if (begun) begun = begin_trial(attempt);
    if (!begun) {
        auto why = begun.error();
        co_return co_await undo(attempt, std::move(why));
    }
    co_return co_await try_out(attempt);
}

// Before a first install nothing of the application runs. What listens already would keep it from being started, and
// pass its probe.
std::optional<std::string> Pipeline::somebody_elses_port(Attempt const& attempt) {
    auto const& offer = attempt.offer;
    auto const& policy = offer.target.install;
    auto const on_new = is_current(offer);
    if (offer.running || attempt.starts > 0 || policy.start.empty() || (on_new && *on_new)) return std::nullopt;
    // They are those of its host.
    if (offer.target.type == release::PackageType::plugin && policy.stop.empty()) return std::nullopt;
    auto const open = downtime_.listening(policy.ports);
    if (!open || open->empty()) return std::nullopt;
    bool const one = open->size() == 1;
    auto const holders = drain::holders_text(downtime_, *open);
    return fmt::format("{} {} {} used by another program{}{}: stop it, or change the release's ports",
                       one ? "port" : "ports", fmt::join(*open, ", "), one ? "is" : "are", holders.empty() ? "" : ": ",
                       holders);
}

asio::awaitable<Ended> Pipeline::try_out(Attempt& attempt) {
    auto release = new_release(attempt.offer);
    auto const healthy = co_await bring_up(std::move(release));
    if (healthy && !recalled_) co_return co_await commit(attempt);
    if (stopping_ && !recalled_) co_return interrupted(attempt);
    std::string why = recalled_ ? *recalled_ : healthy.error().detail;
    if (!recalled_) events_.warning("probe.failed", why);
    co_return co_await roll_back(attempt, std::move(why));
}

// Starts a release and sees whether it is healthy. It is started whatever becomes of this coroutine.
asio::awaitable<Status> Pipeline::bring_up(AppRelease release) {
    drain::DrainedApp custody(rooms_.app, release);
    auto const started = co_await rooms_.app.start(release);
    custody.hand_back();
    awake_.reset();
    if (!started) co_return started;
    if (way_ == Way::forth && recalled_) co_return Status();
    co_return co_await rooms_.probe.probe(release);
}

// The release that ran before. What was kept of its work and its ports may be what it cannot start with.
asio::awaitable<Status> Pipeline::bring_back(check::Offer const& offer) {
    auto old = old_release(offer);
    auto runs = co_await bring_up(std::move(old));
    if (runs || stopping_) co_return runs;
    bool const other_reason = !offer.running->install.keep_ports && runs.error().code != drain::Errc::token_refused;
    if (other_reason) co_return runs;
    rooms_.app.settle(old_release(offer));
    old = old_release(offer);
    co_return co_await bring_up(std::move(old));
}

// Before anybody is disturbed. Not over a probation, which may take a day.
asio::awaitable<void> Pipeline::stay_awake(release::Target const& target) {
    if (!rooms_.vigil || awake_) co_return;
    auto why = "replacing " + name_of(target);
    auto awake = co_await rooms_.vigil->keep(std::move(why));
    awake_ = std::move(awake);
}

void Pipeline::abandon(std::string why) {
    if (!attempt_ || !nobody_disturbed_) return;
    abandoned_ = std::move(why);
    rooms_.fetch.abandon(attempt_->offer.target);
    rooms_.gate.turn_away(attempt_->offer.target.app);
}

bool Pipeline::recall(std::string why) {
    if (!attempt_ || way_ == Way::nowhere) return false;
    if (way_ == Way::back) return true;
    recalled_ = std::move(why);
    rooms_.probe.call_off();
    return true;
}

void Pipeline::stop() {
    stopping_ = true;
    if (attempt_ && nobody_disturbed_) rooms_.fetch.abandon(attempt_->offer.target);
    rooms_.gate.stop();
    rooms_.app.hurry();
    rooms_.apply.hurry();
    rooms_.probe.give_up();
}

std::optional<v1::AttemptStatus> Pipeline::status() const {
    if (!attempt_) return std::nullopt;
    auto const& target = attempt_->offer.target;
    v1::AttemptStatus status;
    status.set_attempt_id(attempt_->id);
    status.set_to_version(target.version.text());
    status.set_phase(journal::text(attempt_->phase));
    *status.mutable_sources() = attempt_->draft.sources();
    if (auto const progress = rooms_.fetch.progress(target.sha256)) {
        status.set_bytes_done(progress->bytes_done);
        status.set_bytes_total(progress->bytes_total);
        status.set_bytes_per_second(progress->bytes_per_second);
        status.mutable_sources()->Assign(progress->sources.begin(), progress->sources.end());
        if (!progress->trouble.empty()) status.add_why(progress->trouble);
    }
    for (auto const& reason : rooms_.gate.why(target.app)) status.add_why(reason);
    return status;
}

}  // namespace lanyard::update
