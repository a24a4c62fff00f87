#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "node/session/notices.h"

namespace lanyard::session {

// The session bus. Questions take two seconds at most. When the bus goes, the event loop that it is on ends: so does
// the desktop.
class DesktopBus final : public Notifier {
public:
    struct Told {
        std::function<void(std::uint32_t number, std::string const& action)> chosen;
        std::function<void(std::uint32_t number)> closed;
        std::function<void()> service_came;  // that shows notices
    };

    // Nothing when there is no bus.
    static std::unique_ptr<DesktopBus> open(sd_event* event, Told told);

    // By GNOME's org.gnome.Mutter.IdleMonitor; nothing when nobody answers.
    std::optional<std::chrono::seconds> idle();
    // A program asks GNOME's session manager, or one made after it, not to let the desktop go idle.
    bool kept_awake();

    std::uint32_t show(Notice const& notice, std::uint32_t replaces) override;
    void close(std::uint32_t number) override;

private:
    using Bus = std::unique_ptr<sd_bus, decltype(&sd_bus_flush_close_unref)>;

    DesktopBus(Bus bus, Told told) : bus_(std::move(bus)), told_(std::move(told)) {}
    static int on_action(sd_bus_message* message, void* self, sd_bus_error*);
    static int on_closed(sd_bus_message* message, void* self, sd_bus_error*);
    static int on_owner(sd_bus_message* message, void* self, sd_bus_error*);

    Bus bus_;
    Told told_;
};

}  // namespace lanyard::session
