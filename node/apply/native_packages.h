#pragma once

#include <functional>

#include "node/apply/background_directories.h"
#include "node/apply/runner.h"
#include "node/apply/tool.h"
#include "proto/async/alarm.h"
#include "proto/events/events.h"

namespace lanyard::apply {

// Releases that a tool of the operating system installs. Their packages lie side by side in <home>/versions, as other
// releases do, so that the one before can be installed again; what is there is decided by asking the tool, never by
// what was meant to happen.
class NativePackages {
public:
    using Clock = std::function<std::chrono::steady_clock::time_point()>;
    using ToolFor = std::function<Tool const&(release::PackageType)>;

    struct Machine {
        Runner& runner;
        async::Alarm& alarm;
        Clock clock;
    };

    NativePackages(BackgroundDirectories& directories, ToolFor tool_for, Machine machine, events::Events& events)
        : directories_(directories), tool_for_(std::move(tool_for)), machine_(std::move(machine)), events_(events) {}

    // As in Applier.
    asio::awaitable<Status> rehearse(check::Offer const& offer, stage::StagedRelease const& staged);
    asio::awaitable<Status> switch_to(check::Offer const& offer, stage::StagedRelease const& staged);
    asio::awaitable<Status> switch_back(check::Offer const& offer);
    asio::awaitable<Status> settle(check::Offer const& offer);
    void hurry();

private:
    struct Known;

    asio::awaitable<Result<Known>> look_at(PackageFile package);
    asio::awaitable<Result<Presence>> presence(Known const& known);
    asio::awaitable<Result<Presence>> presence_of_one(Known const& known);
    asio::awaitable<Status> is_new_here(Known added);
    asio::awaitable<Status> remove(Known known);
    asio::awaitable<Status> drop(Known const& from, Known const& to);
    asio::awaitable<Status> arrive(check::Offer const& offer, Known const& known);
    asio::awaitable<Status> perform(Step step, Known const& known);
    asio::awaitable<Status> one_call(Step step, Known const& known, Call call);
    asio::awaitable<Status> put_back(check::Offer const& offer);
    asio::awaitable<Status> take_away(check::Offer const& offer);
    Status ended_badly(Step step, Known const& known, Exit const& exit) const;

    BackgroundDirectories& directories_;
    ToolFor tool_for_;
    Machine machine_;
    events::Events& events_;
    bool hurried_ = false;
};

}  // namespace lanyard::apply
