#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/check/checker.h"
#include "node/console/config.h"
#include "node/gate/gate.h"
#include "node/journal/records.h"
#include "node/update/app_loop.h"
#include "node/update/pipeline.h"
#include "proto/async/bell.h"
#include "proto/events/events.h"
#include "proto/schema/lanyard/v1/local.pb.h"

namespace lanyard::console {

// One application under care.
struct AppDesk {
    check::ManagedApp app;
    update::Pipeline* pipeline;
    update::AppLoop* loop;
};

// What the node last heard of its seeder.
struct Contact {
    std::int64_t last = 0;  // Unix seconds
    std::string failure;    // empty: it answered
    std::string alarm;      // what was refused as an attack, until everything is believed again
};

// An answer with the exit code of this error.
v1::LocalResponse refusal(Error const& error);

// The status that can be told from the journal alone, also while no node runs.
Result<v1::NodeStatus> status_on_disk(NodeConfig const& config, journal::Records& records);

// The attempt on this application that has not ended; nothing when there is none.
Result<std::optional<journal::Attempt>> left_under_way(journal::Records& records, release::AppId const& app);
// What has become of an attempt that was interrupted, and what goes on with it.
std::string in_words(journal::Attempt const& left);
// Puts the attempts that were interrupted into a status of a node that does not run.
Status show_interrupted(v1::NodeStatus& status, journal::Records& records);

// Answers people: status, check, update and rollback, and passes on what a check has found. One io_context thread.
class Desk {
public:
    using Say = std::function<asio::awaitable<bool>(v1::LocalResponse)>;

    Desk(asio::io_context& io, NodeConfig const& config, check::Checker& checker, journal::Records& records,
         gate::Gate& gate, events::Events& events);

    void care_for(AppDesk app) { apps_.push_back(app); }

    asio::awaitable<v1::LocalResponse> answer(v1::LocalRequest request, Say say);

    // The offers of a check (each told once) go to their loops; an application that nothing is on offer for hears so
    // too.
    void dispatch(check::CheckOutcome const& outcome);
    void heard(Error const* failure, std::int64_t now);
    // What the last checks found; what was refused at the last one has its finding of before, if there was one.
    std::vector<check::Finding> const& found() const { return found_; }
    std::vector<check::Refusal> const& refused() const { return refused_; }
    Contact const& contact() const { return contact_; }
    std::optional<v1::AttemptStatus> under_way(release::AppId const& app) const;
    // A walk has ended: whoever waits at the desk looks again.
    void walk_ended() { bell_.ring(); }

private:
    void tell_offer(check::Offer const& offer);
    void remember(check::CheckOutcome const& outcome);
    Result<v1::NodeStatus> status();
    asio::awaitable<v1::LocalResponse> check_now();
    asio::awaitable<v1::LocalResponse> update(v1::UpdateNow order, Say say);
    asio::awaitable<Result<check::CheckOutcome>> find_work(std::vector<AppDesk> apps);
    asio::awaitable<v1::LocalResponse> roll_back(v1::RollBack order, Say say);
    // Until none of these is busy; says the status about every second.
    asio::awaitable<void> wait_for(std::vector<AppDesk> apps, Say say);
    // Of the attempts that have ended since `before` was taken.
    v1::LocalResponse outcome_of(std::vector<AppDesk> const& apps, std::set<std::string> const& before);
    std::set<std::string> last_attempts(std::vector<AppDesk> const& apps);
    Result<std::vector<AppDesk>> named(std::string const& name) const;

    NodeConfig const& config_;
    check::Checker& checker_;
    journal::Records& records_;
    gate::Gate& gate_;
    async::Bell bell_;
    std::vector<AppDesk> apps_;
    Contact contact_;
    events::Events& events_;
    std::map<release::AppId, release::Digest> told_;
    std::vector<check::Finding> found_;
    std::vector<check::Refusal> refused_;
};

}  // namespace lanyard::console
