#pragma once

#include <systemd/sd-event.h>

#include <memory>
#include <string>

#include "node/session/desktop_bus.h"
#include "node/session/node_line.h"
#include "node/session/notices.h"
#include "node/session/x11.h"

namespace lanyard::session {

// What lanyard-session does: tells the node every five seconds how long ago the desktop was touched and what fills the
// screen, shows what waits, and tells what was chosen. Ends with the desktop, or when told to.
class Helper {
public:
    explicit Helper(std::string socket) : line_(std::move(socket)) {}
    ~Helper();
    Helper(Helper const&) = delete;
    Helper& operator=(Helper const&) = delete;

    // False: there is no desktop here, and nothing to do.
    bool find_desktop();
    // The exit code. SIGTERM and SIGINT must be blocked.
    int run();

private:
    using Event = std::unique_ptr<sd_event, decltype(&sd_event_unref)>;
    using Source = std::unique_ptr<sd_event_source, decltype(&sd_event_source_unref)>;

    static int on_tick(sd_event_source* source, std::uint64_t, void* self);
    static int on_news(sd_event_source*, int, std::uint32_t, void* self);
    void tick();
    void meet_node();
    void listen();
    void part();
    void take(v1::SessionNews const& news);
    void choose(std::uint32_t number, std::string const& action);
    v1::SessionState state();

    Event event_{nullptr, sd_event_unref};
    Source tick_{nullptr, sd_event_source_unref};
    Source news_{nullptr, sd_event_source_unref};
    std::unique_ptr<X11> display_;
    std::unique_ptr<DesktopBus> bus_;
    std::unique_ptr<Notices> notices_;
    NodeLine line_;
    std::string told_;        // why the node refused us
    unsigned ticks_off_ = 0;  // until the next try after that
};

}  // namespace lanyard::session
