#pragma once

#include <functional>

#include "node/apply/runner.h"
#include "node/apply/tool.h"
#include "proto/async/alarm.h"
#include "proto/events/events.h"

namespace lanyard::apply {

// A package of a release whose identity its tool has told.
struct Installable {
    PackageFile package;
    Tool const& tool;
    Identity identity;
};

// Whether there is such a file, or the directory of a bundle; a link is neither.
bool is_there(std::filesystem::path const& package);

// Carries out the steps of the tools of a machine, and asks them what is there.
class Installer {
public:
    using Clock = std::function<std::chrono::steady_clock::time_point()>;
    using ToolFor = std::function<Tool const&(release::PackageType)>;

    struct Machine {
        Runner& runner;
        async::Alarm& alarm;
        Clock clock;
    };

    Installer(ToolFor tool_for, Machine machine, events::Events& events)
        : tool_for_(std::move(tool_for)), machine_(std::move(machine)), events_(events) {}

    // Errc::missing_release, Errc::refused_by_installer.
    asio::awaitable<Result<Installable>> look_at(PackageFile package);
    // Of a bundle: absent or whole when all of its packages are.
    asio::awaitable<Result<Presence>> presence(Installable const& known);
    // Again while another installation is under way, up to the deadline of the release. Errc::busy,
    // Errc::unusable_home (somebody else could exchange the package), Errc::not_for_this_machine (a rehearsal),
    // Errc::refused_by_installer.
    asio::awaitable<Status> perform(Step step, Installable const& known);
    // Those parts of it that are there.
    asio::awaitable<Status> remove(Installable known);
    // Until nothing of an earlier process is at work any more.
    asio::awaitable<Status> wait_for_earlier(std::chrono::milliseconds deadline);

    // This process is to end: whatever is awaited above ends soon, with Errc::under_way where something is left at
    // work.
    void hurry();
    bool is_hurried() const { return hurried_; }

private:
    asio::awaitable<Result<Presence>> presence_of_one(Installable const& known);
    asio::awaitable<Status> one_call(Step step, Installable const& known, Call call);
    Status ended_badly(Step step, Installable const& known, Exit const& exit) const;

    ToolFor tool_for_;
    Machine machine_;
    events::Events& events_;
    bool hurried_ = false;
};

}  // namespace lanyard::apply
