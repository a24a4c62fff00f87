#pragma once

#include <memory>
#include <optional>
#include <string>

#include "node/apply/applier.h"
#include "node/apply/vigil.h"
#include "node/drain/app_control.h"
#include "node/drain/downtime.h"
#include "node/fetch/fetcher.h"
#include "node/gate/gate.h"
#include "node/journal/journal.h"
#include "node/probe/prober.h"
#include "node/stage/stager.h"
#include "node/update/app_loop.h"
#include "proto/events/events.h"
#include "proto/schema/lanyard/v1/status.pb.h"

namespace lanyard::update {

// The rooms of one application's walks. fetch, stage, gate, apply and journal may be shared by many applications.
struct Rooms {
    fetch::Fetcher& fetch;
    stage::Stager& stage;
    gate::Gate& gate;
    drain::AppControl& app;
    apply::Applier& apply;
    probe::Prober& probe;
    journal::Journal& journal;
    apply::Vigil* vigil = nullptr;  // nothing: the machine may sleep
};

// Walks one application's offers through the rooms, in order: fetch, stage, wait_idle, drain, apply, probe, commit; or
// roll_back. Each phase is journalled before it begins, and told as `phase.<name>`. What is done after a crash in each
// phase: docs/architecture.md, "What happens after a crash".
//
// `failed` also means that the journal could not be written, or `current` not be read: then the attempt is still under
// way, and the next walk() goes on with it. One walk at a time; one io_context thread; all rooms outlive the walk.
class Pipeline final : public Walker {
public:
    // `downtime` is the port sensor that `rooms.app` and `rooms.probe` were given.
    Pipeline(Rooms const& rooms, drain::Downtime& downtime, events::Events& events)
        : rooms_(rooms), downtime_(downtime), events_(events) {}

    asio::awaitable<Ended> walk(check::Offer offer) override;
    asio::awaitable<Ended> resume(journal::Attempt attempt) override;
    asio::awaitable<Ended> walk_back(check::Offer offer) override;
    void abandon(std::string why) override;
    bool recall(std::string why) override;
    // The walk ends as interrupted within a few seconds, and goes on at the next start. Whatever phase it is in, a
    // release of the application runs then, is being started, or is still being stopped by a command that takes too
    // long.
    void stop() override;

    // Of the walk under way; nothing when there is none.
    std::optional<v1::AttemptStatus> status() const;

private:
    using Attempt = journal::Attempt;
    class Walking;

    // The phases; each goes on with the next one.
    asio::awaitable<Ended> forward(Attempt& attempt);
    asio::awaitable<Status> wait_for_consent(Attempt& attempt, stage::StagedRelease const& staged);
    asio::awaitable<Ended> interrupt(Attempt& attempt, stage::StagedRelease staged);
    asio::awaitable<Ended> try_out(Attempt& attempt);
    asio::awaitable<Ended> commit(Attempt& attempt);
    asio::awaitable<Ended> roll_back(Attempt& attempt, std::string why);

    Result<Attempt> begin(check::Offer const& offer, journal::Phase first);
    std::optional<Attempt> left_under_way(release::AppId const& app);

    // Ways back on to the path after a crash.
    asio::awaitable<Ended> take_up(release::AppId app, Error refused);
    asio::awaitable<Ended> start_over(Attempt& attempt);
    asio::awaitable<Ended> try_again(Attempt& attempt);

    // Ends before the new release was tried out.
    asio::awaitable<Ended> restart_old(Attempt& attempt, std::string why);
    asio::awaitable<Ended> undo(Attempt& attempt, Error failure);
    asio::awaitable<Ended> back_on_old(Attempt& attempt, std::string why);
    asio::awaitable<Ended> stay(Attempt& attempt, std::string why);
    Ended leave(Attempt& attempt);
    Ended interrupted(Attempt& attempt);
    Ended interrupted(Attempt& attempt, drain::DrainedApp& half_stopped, drain::AppRelease const& release);
    Ended give_up(Attempt& attempt, std::string const& why);
    Ended unwritten(Attempt const& attempt, Error const& error);
    Ended current_unknown(Attempt const& attempt, Error const& error);

    asio::awaitable<void> stay_awake(release::Target const& target);
    asio::awaitable<Status> bring_up(drain::AppRelease release);
    asio::awaitable<Status> bring_back(check::Offer const& offer);
    Status enter(Attempt& attempt, journal::Phase phase);
    Status begin_trial(Attempt& attempt);
    Ended finish(Attempt& attempt, v1::Outcome outcome, std::string const& detail);
    std::optional<std::string> somebody_elses_port(Attempt const& attempt);
    // Whether the new release is current; an error when that cannot be read at this moment.
    Result<bool> is_current(check::Offer const& offer) const;
    bool must_leave() const { return stopping_ || abandoned_; }

    Rooms rooms_;
    drain::Downtime& downtime_;
    events::Events& events_;
    Attempt const* attempt_ = nullptr;
    std::unique_ptr<apply::Awake> awake_;  // until a release was started
    bool nobody_disturbed_ = false;        // the walk may still be left without a trace
    // Where the application is led, once somebody is disturbed.
    enum class Way { nowhere, forth, back };
    Way way_ = Way::nowhere;
    std::optional<std::string> abandoned_;
    std::optional<std::string> recalled_;
    bool stopping_ = false;
};

}  // namespace lanyard::update
