#pragma once

#include <chrono>
#include <filesystem>
#include <utility>

#include "manifests/release/target.h"
#include "proto/async/asio.h"
#include "proto/outcome/result.h"

namespace lanyard::drain {

// A release on disk, as something that can be stopped and started.
struct AppRelease {
    release::Target target;
    std::filesystem::path directory;  // where its commands run: <home>/current

    std::filesystem::path home() const { return directory.parent_path(); }
};

// Stops and starts an application by the commands of its signed install policy. For a plugin without a stop command,
// whose host goes on running, to stop is nothing, to start is to tell the host, and the ports are the host's.
class AppControl {
public:
    virtual ~AppControl() = default;

    // Asks the application to finish its work, and waits until it may be stopped, for its drain deadline at most.
    // Errc::not_now when it does not want to be, or is late: then it goes on as before, and counts as busy for as long
    // as it said. `last_word`: it is asked, but what it answers is no reason not to stop it. `next` is what is to take
    // its place.
    virtual asio::awaitable<Status> prepare(AppRelease release, release::Target next, bool last_word) = 0;

    // The update is over, or is not going to be: what was kept for the next release is let go, and an application that
    // was prepared and not stopped hears that it may go on.
    virtual void settle(AppRelease const& release) = 0;

    // Runs the stop command and waits until the declared ports are closed, up to the stop deadline. Fails when either
    // does not happen; the application may then be in any state. Stopping what does not run succeeds.
    virtual asio::awaitable<Status> stop(AppRelease const& release) = 0;

    // After a stop() that failed: the application may be on its way down still. Waits until its declared ports are
    // closed, for one more stop deadline; Errc::still_listening when they stay open.
    virtual asio::awaitable<Status> wait_for_stop(AppRelease const& release) = 0;

    // Runs the start command and waits for it to return, up to the start deadline. Does nothing when every declared
    // port is listening already; an application that declares none is started, whether it runs or not. When another
    // release left work for it: Errc::token_refused unless it takes that over.
    virtual asio::awaitable<Status> start(AppRelease const& release) = 0;

    // The node is to end: from now on nothing above waits for longer than a few seconds, what is under way included. A
    // stop command that takes longer is killed, a start command goes on by itself.
    virtual void hurry() = 0;

    // start() for destructors: begins it and does not wait. Never throws.
    virtual void launch(AppRelease const& release) noexcept = 0;
};

// The application is stopped for as long as this object lives. Whatever path leaves the update, an application runs
// again: the release given last.
class DrainedApp {
public:
    DrainedApp(AppControl& control, AppRelease release) : control_(&control), release_(std::move(release)) {}
    DrainedApp(DrainedApp&& other) noexcept
        : control_(std::exchange(other.control_, nullptr)), release_(std::move(other.release_)) {}
    DrainedApp& operator=(DrainedApp&&) = delete;
    ~DrainedApp() {
        if (control_) control_->launch(release_);
    }

    // The switch has happened: from now on this is what starts again.
    void becomes(AppRelease release) { release_ = std::move(release); }

    // Gives up custody: the caller starts the application itself.
    AppRelease hand_back() {
        control_ = nullptr;
        return std::move(release_);
    }

private:
    AppControl* control_;
    AppRelease release_;
};

}  // namespace lanyard::drain
