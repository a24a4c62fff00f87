#include "node/platform/logind.h"

#include <fcntl.h>
#include <systemd/sd-bus.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string_view>

#include "proto/outcome/plain_text.h"

namespace lanyard::platform {
namespace {

using gate::Sensed;
using gate::unknown;

constexpr char const* kService = "org.freedesktop.login1";
constexpr char const* kPath = "/org/freedesktop/login1";
constexpr char const* kSession = "org.freedesktop.login1.Session";
constexpr char const* kManager = "org.freedesktop.login1.Manager";
constexpr std::uint64_t kPatience = 2'000'000;  // microseconds
constexpr std::size_t kMostInhibitors = 32;
constexpr std::size_t kMostSessions = 64;
constexpr std::size_t kMostText = 80;

using Bus = std::unique_ptr<sd_bus, decltype(&sd_bus_close_unref)>;
using Message = std::unique_ptr<sd_bus_message, decltype(&sd_bus_message_unref)>;

struct Problem {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    Problem() = default;
    Problem(Problem const&) = delete;
    Problem& operator=(Problem const&) = delete;
    ~Problem() { sd_bus_error_free(&error); }
};

tl::unexpected<std::string> no_answer(int code) {
    return unknown(std::string("systemd-logind does not answer (") + std::strerror(-code) + ")");
}

Sensed<Bus> open_bus() {
    sd_bus* raw = nullptr;
    if (auto const code = sd_bus_open_system(&raw); code < 0) return no_answer(code);
    Bus bus(raw, sd_bus_close_unref);
    sd_bus_set_method_call_timeout(raw, kPatience);
    return bus;
}

template <class Value>
int get(sd_bus* bus, char const* property, char type, Value& value) {
    Problem problem;
    return sd_bus_get_property_trivial(bus, kService, kPath, kManager, property, &problem.error, type, &value);
}

template <class Value>
int get_of(sd_bus* bus, std::string const& session, char const* property, char type, Value& value) {
    Problem problem;
    return sd_bus_get_property_trivial(bus, kService, session.c_str(), kSession, property, &problem.error, type,
                                       &value);
}

int text_of(sd_bus* bus, std::string const& session, char const* property, std::string& value) {
    Problem problem;
    char* raw = nullptr;
    auto const code =
        sd_bus_get_property_string(bus, kService, session.c_str(), kSession, property, &problem.error, &raw);
    std::unique_ptr<char, decltype(&std::free)> const text(raw, std::free);
    if (code >= 0) value = raw;
    return code;
}

std::chrono::microseconds monotonic_now() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::chrono::seconds(now.tv_sec) +
           std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::nanoseconds(now.tv_nsec));
}

std::string plain(char const* text) {
    std::string kept(text);
    if (kept.size() > kMostText) {
        auto end = kMostText;
        while (end > 0 && (static_cast<unsigned char>(kept[end]) & 0xC0u) == 0x80u) --end;  // not within a character
        kept.resize(end);
    }
    return as_plain(kept);
}

Descriptor inhibit(sd_bus* bus, std::string const& why, char const* mode) {
    Problem problem;
    sd_bus_message* raw = nullptr;
    auto const code = sd_bus_call_method(bus, kService, kPath, kManager, "Inhibit", &problem.error, &raw, "ssss",
                                         "sleep:shutdown", "Lanyard", why.c_str(), mode);
    if (code < 0) return {};
    Message const answer(raw, sd_bus_message_unref);
    int lock = -1;
    if (sd_bus_message_read(raw, "h", &lock) < 0) return {};
    // The message keeps its own.
    return Descriptor(fcntl(lock, F_DUPFD_CLOEXEC, 0));
}

struct Listed {
    std::uint32_t user;
    std::string path;
};

Sensed<std::vector<Listed>> list_sessions(sd_bus* bus) {
    Problem problem;
    sd_bus_message* raw = nullptr;
    auto code = sd_bus_call_method(bus, kService, kPath, kManager, "ListSessions", &problem.error, &raw, "");
    if (code < 0) return no_answer(code);
    Message const answer(raw, sd_bus_message_unref);
    code = sd_bus_message_enter_container(raw, 'a', "(susso)");
    std::vector<Listed> sessions;
    while (code >= 0) {
        char const *id = nullptr, *name = nullptr, *seat = nullptr, *path = nullptr;
        std::uint32_t uid = 0;
        code = sd_bus_message_read(raw, "(susso)", &id, &uid, &name, &seat, &path);
        if (code <= 0) break;
        if (sessions.size() == kMostSessions) return unknown("more than 64 sessions are logged in");
        sessions.push_back({uid, path});
    }
    if (code < 0) return no_answer(code);
    return sessions;
}

// The code is negative when the session has ended meanwhile.
int describe(sd_bus* bus, std::string const& path, gate::Login& login, bool& ends) {
    std::string type, state;
    int active = 0, idle = 0;
    std::uint64_t since = 0;
    for (auto const code : {text_of(bus, path, "Type", type), text_of(bus, path, "State", state),
                            get_of(bus, path, "Active", 'b', active), get_of(bus, path, "IdleHint", 'b', idle),
                            get_of(bus, path, "IdleSinceHintMonotonic", 't', since)}) {
        if (code < 0) return code;
    }
    login.desktop = type == "x11" || type == "wayland" || type == "mir";
    login.active = active != 0;
    ends = state == "closing";
    auto const passed = monotonic_now() - std::chrono::microseconds(since);
    if (idle != 0 && passed.count() > 0) login.idle = std::chrono::floor<std::chrono::seconds>(passed);
    return 0;
}

// "shutdown:sleep:idle"
bool keeps_awake(std::string_view what) {
    while (!what.empty()) {
        auto const colon = std::min(what.find(':'), what.size());
        auto const part = what.substr(0, colon);
        if (part == "idle" || part == "sleep" || part == "shutdown") return true;
        what.remove_prefix(std::min(colon + 1, what.size()));
    }
    return false;
}

}  // namespace

// Idle since: by the clock that nobody can set.
Sensed<gate::Presence> presence_by_logind() {
    auto const bus = open_bus();
    if (!bus) return unknown(bus.error());
    int idle = 0;
    if (auto const code = get(bus->get(), "IdleHint", 'b', idle); code < 0) return no_answer(code);
    if (idle == 0) return gate::Presence{};
    std::uint64_t since = 0;
    if (auto const code = get(bus->get(), "IdleSinceHintMonotonic", 't', since); code < 0) return no_answer(code);
    if (since == 0) return gate::Presence{.nobody = true};
    auto const passed = monotonic_now() - std::chrono::microseconds(since);
    if (passed.count() < 0) return unknown("systemd-logind names a time that is still to come");
    return gate::Presence{.idle = std::chrono::floor<std::chrono::seconds>(passed)};
}

Sensed<std::vector<gate::Login>> logins_by_logind() {
    auto const bus = open_bus();
    if (!bus) return unknown(bus.error());
    auto const listed = list_sessions(bus->get());
    if (!listed) return unknown(listed.error());
    std::vector<gate::Login> logins;
    for (auto const& session : *listed) {
        gate::Login login{.user = session.user};
        bool ends = false;
        auto const code = describe(bus->get(), session.path, login, ends);
        if (code < 0) return no_answer(code);
        if (!ends) logins.push_back(login);
    }
    return logins;
}

Sensed<std::vector<std::string>> inhibitors_by_logind() {
    auto const bus = open_bus();
    if (!bus) return unknown(bus.error());
    Problem problem;
    sd_bus_message* raw = nullptr;
    auto code = sd_bus_call_method(bus->get(), kService, kPath, kManager, "ListInhibitors", &problem.error, &raw, "");
    if (code < 0) return no_answer(code);
    Message const answer(raw, sd_bus_message_unref);
    code = sd_bus_message_enter_container(raw, 'a', "(ssssuu)");
    if (code < 0) return no_answer(code);
    std::vector<std::string> found;
    while (found.size() < kMostInhibitors) {
        char const *what = nullptr, *who = nullptr, *why = nullptr, *mode = nullptr;
        std::uint32_t uid = 0, pid = 0;
        code = sd_bus_message_read(raw, "(ssssuu)", &what, &who, &why, &mode, &uid, &pid);
        if (code <= 0) break;
        if (std::string_view(mode) != "block" || !keeps_awake(what)) continue;
        found.push_back(plain(who) + ": " + plain(why));
    }
    if (code < 0) return no_answer(code);
    return found;
}

Descriptor inhibit_by_logind(std::string const& why) {
    auto const bus = open_bus();
    if (!bus) return {};
    auto lock = inhibit(bus->get(), why, "block");
    return lock ? std::move(lock) : inhibit(bus->get(), why, "delay");
}

}  // namespace lanyard::platform
