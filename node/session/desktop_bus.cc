#include "node/session/desktop_bus.h"

namespace lanyard::session {
namespace {

constexpr std::uint64_t kPatience = 2'000'000;  // microseconds
constexpr char const* kNotifications = "org.freedesktop.Notifications";
constexpr char const* kNotificationsPath = "/org/freedesktop/Notifications";
constexpr char const* kIdleMonitor = "org.gnome.Mutter.IdleMonitor";
constexpr char const* kIdleMonitorPath = "/org/gnome/Mutter/IdleMonitor/Core";
constexpr char const* kSessionManager = "org.gnome.SessionManager";
constexpr char const* kSessionManagerPath = "/org/gnome/SessionManager";
constexpr std::uint32_t kInhibitsIdle = 8;
constexpr std::uint8_t kNormalUrgency = 1;
constexpr std::int32_t kNeverExpires = 0;

using Message = std::unique_ptr<sd_bus_message, decltype(&sd_bus_message_unref)>;

Message call_to(sd_bus* bus, char const* service, char const* path, char const* member) {
    sd_bus_message* raw = nullptr;
    if (sd_bus_message_new_method_call(bus, &raw, service, path, service, member) < 0) raw = nullptr;
    return {raw, sd_bus_message_unref};
}

Message answer_to(sd_bus* bus, Message const& call) {
    sd_bus_message* raw = nullptr;
    if (sd_bus_call(bus, call.get(), kPatience, nullptr, &raw) < 0) raw = nullptr;
    return {raw, sd_bus_message_unref};
}

}  // namespace

std::unique_ptr<DesktopBus> DesktopBus::open(sd_event* event, Told told) {
    sd_bus* raw = nullptr;
    if (sd_bus_open_user(&raw) < 0) return nullptr;
    std::unique_ptr<DesktopBus> self(new DesktopBus(Bus(raw, sd_bus_flush_close_unref), std::move(told)));
    sd_bus_set_exit_on_disconnect(raw, 1);
    auto const listen = [&](char const* signal, sd_bus_message_handler_t handler) {
        return sd_bus_match_signal(raw, nullptr, kNotifications, kNotificationsPath, kNotifications, signal, handler,
                                   self.get());
    };
    bool const fine = listen("ActionInvoked", on_action) >= 0 && listen("NotificationClosed", on_closed) >= 0 &&
                      sd_bus_add_match(raw, nullptr,
                                       "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
                                       "member='NameOwnerChanged',arg0='org.freedesktop.Notifications'",
                                       on_owner, self.get()) >= 0 &&
                      sd_bus_attach_event(raw, event, SD_EVENT_PRIORITY_NORMAL) >= 0;
    return fine ? std::move(self) : nullptr;
}

std::optional<std::chrono::seconds> DesktopBus::idle() {
    auto const call = call_to(bus_.get(), kIdleMonitor, kIdleMonitorPath, "GetIdletime");
    if (!call || sd_bus_message_set_auto_start(call.get(), 0) < 0) return std::nullopt;
    auto const answer = answer_to(bus_.get(), call);
    std::uint64_t milliseconds = 0;
    if (!answer || sd_bus_message_read(answer.get(), "t", &milliseconds) < 0) return std::nullopt;
    return std::chrono::seconds(milliseconds / 1000);
}

bool DesktopBus::kept_awake() {
    auto const call = call_to(bus_.get(), kSessionManager, kSessionManagerPath, "IsInhibited");
    if (!call || sd_bus_message_set_auto_start(call.get(), 0) < 0) return false;
    if (sd_bus_message_append(call.get(), "u", kInhibitsIdle) < 0) return false;
    auto const answer = answer_to(bus_.get(), call);
    int inhibited = 0;
    return answer && sd_bus_message_read(answer.get(), "b", &inhibited) >= 0 && inhibited != 0;
}

std::uint32_t DesktopBus::show(Notice const& notice, std::uint32_t replaces) {
    auto const call = call_to(bus_.get(), kNotifications, kNotificationsPath, "Notify");
    if (!call) return 0;
    auto* const raw = call.get();
    bool fine = sd_bus_message_append(raw, "susss", "Lanyard", replaces, "system-software-update",
                                      notice.summary.c_str(), notice.body.c_str()) >= 0 &&
                sd_bus_message_open_container(raw, 'a', "s") >= 0;
    for (auto const& [key, words] : notice.actions) {
        fine = fine && sd_bus_message_append(raw, "ss", key.c_str(), words.c_str()) >= 0;
    }
    fine = fine && sd_bus_message_close_container(raw) >= 0 &&
           sd_bus_message_append(raw, "a{sv}i", 1, "urgency", "y", kNormalUrgency, kNeverExpires) >= 0;
    auto const answer = fine ? answer_to(bus_.get(), call) : Message(nullptr, sd_bus_message_unref);
    std::uint32_t number = 0;
    if (!answer || sd_bus_message_read(answer.get(), "u", &number) < 0) return 0;
    return number;
}

void DesktopBus::close(std::uint32_t number) {
    auto const call = call_to(bus_.get(), kNotifications, kNotificationsPath, "CloseNotification");
    if (call && sd_bus_message_append(call.get(), "u", number) >= 0) answer_to(bus_.get(), call);
}

int DesktopBus::on_action(sd_bus_message* message, void* self, sd_bus_error*) {
    std::uint32_t number = 0;
    char const* action = nullptr;
    if (sd_bus_message_read(message, "us", &number, &action) < 0) return 0;
    static_cast<DesktopBus*>(self)->told_.chosen(number, action);
    return 0;
}

int DesktopBus::on_closed(sd_bus_message* message, void* self, sd_bus_error*) {
    std::uint32_t number = 0, reason = 0;
    if (sd_bus_message_read(message, "uu", &number, &reason) < 0) return 0;
    static_cast<DesktopBus*>(self)->told_.closed(number);
    return 0;
}

int DesktopBus::on_owner(sd_bus_message* message, void* self, sd_bus_error*) {
    char const *name = nullptr, *before = nullptr, *after = nullptr;
    if (sd_bus_message_read(message, "sss", &name, &before, &after) < 0 || *after == '\0') return 0;
    static_cast<DesktopBus*>(self)->told_.service_came();
    return 0;
}

}  // namespace lanyard::session
