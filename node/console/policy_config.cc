#include "node/console/policy_config.h"

#include "node/console/toml_reader.h"

namespace lanyard::console {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::int64_t kMostMinutes = 7 * 24 * 60;
constexpr std::int64_t kMostHours = 365 * 24;
constexpr std::int64_t kMostConnections = 1'000'000;
constexpr std::int64_t kMostKib = 1'000'000'000;
constexpr std::size_t kMostEntries = 64;
constexpr std::size_t kMostName = 64;

template <class Duration>
void duration(Reader& reader, char const* key, Duration& value, std::int64_t least, std::int64_t most) {
    auto count = static_cast<std::int64_t>(value.count());
    reader.number(key, count, least, most);
    value = Duration(count);
}

template <class Duration>
void duration(Reader& reader, char const* key, std::optional<Duration>& value, std::int64_t least, std::int64_t most) {
    std::optional<std::int64_t> count;
    reader.number(key, count, least, most);
    if (count) value = Duration(*count);
}

void read_windows(Reader& reader, toml::table const& table, gate::Policy& policy) {
    std::vector<std::string> texts;
    reader.texts("windows", texts);
    if (texts.size() > kMostEntries) return reader.problem(table, "'windows' holds more than 64 windows");
    for (auto const& text : texts) {
        auto const window = gate::Window::parse(text);
        if (!window) return reader.problem(*table.get("windows"), "windows: " + window.error().detail);
        policy.windows.push_back(*window);
    }
}

void read_zone(Reader& reader, toml::table const& table, gate::Policy& policy) {
    std::string name;
    reader.text("zone", name);
    if (!table.contains("zone")) return;
    auto const zone = gate::Zone::named(name);
    if (!zone) return reader.problem(*table.get("zone"), "zone: " + zone.error().detail);
    policy.zone = *zone;
}

void read_sensors(Reader& reader, toml::table const& table, gate::Policy& policy) {
    reader.number("connections", policy.most_connections, 0, kMostConnections);
    duration(reader, "user_idle_minutes", policy.user_idle, 1, kMostMinutes);
    reader.flag("inhibitors", policy.inhibitors);
    reader.texts("commands", policy.commands);
    reader.number("cpu_percent", policy.most_cpu, 0, 100);
    reader.number("disk_percent", policy.most_disk, 0, 100);
    reader.number("network_kib_per_second", policy.most_network, 0, kMostKib);
    reader.number("battery_percent", policy.least_battery, 1, 100);
    duration(reader, "quiet_minutes", policy.quiet, 0, kMostMinutes);
    if (policy.commands.size() > kMostEntries) reader.problem(table, "'commands' holds more than 64 names");
    for (auto const& name : policy.commands) {
        if (name.empty() || name.size() > kMostName || name.find('/') != std::string::npos) {
            reader.problem(*table.get("commands"), "'commands' holds short names of programs without a directory");
        }
    }
}

}  // namespace

gate::Policy read_policy(toml::table const& table, std::filesystem::path const& file, std::optional<Error>& problem) {
    gate::Policy policy;
    Reader reader(&table, file, problem);
    read_windows(reader, table, policy);
    read_zone(reader, table, policy);
    read_sensors(reader, table, policy);
    reader.flag("slot", policy.slot);
    duration(reader, "deadline_hours", policy.deadline, 1, kMostHours);
    duration(reader, "grace_minutes", policy.grace, 0, kMostMinutes);
    duration(reader, "critical_hours", policy.critical_deadline, 1, kMostHours);
    reader.flag("never_force", policy.never_force);
    reader.number("postponements", policy.postponements, 0, 100);
    duration(reader, "postpone_hours", policy.longest_postponement, 1, 7 * 24);
    reader.done();
    return policy;
}

Result<gate::Rules> rules_of(NodeConfig const& config) {
    gate::Rules rules;
    rules.node_id = config.id;
    auto const here = gate::Zone::here();
    if (here) rules.other.zone = *here;
    for (auto const& entry : config.apps) {
        auto policy = entry.policy;
        if (!entry.window.empty()) {
            auto const window = gate::Window::parse(entry.window);
            if (!window) return pass_on(window, "window of app " + entry.app.name.text());
            policy.windows.push_back(*window);
        }
        if (!entry.has_zone) {
            // Where nobody looks at the wall clock, a machine without tzdata does as well.
            if (!here && (!policy.windows.empty() || policy.slot)) return pass_on(here);
            if (here) policy.zone = *here;
        }
        rules.policies.emplace(entry.app.name, std::move(policy));
    }
    return rules;
}

}  // namespace lanyard::console
