#include "node/console/policy_test_file.h"

#include <fstream>

#include "node/console/errc.h"
#include "node/console/policy_config.h"
#include "node/console/toml_reader.h"

namespace lanyard::console {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::int64_t kMostMinutesAgo = 10 * 365 * 24 * 60;
constexpr std::size_t kMostBytes = 64 * 1024;
constexpr char const* kToldUnknown = "the file of facts says so";

// A key of the file is a value, or "unknown".
bool told_unknown(toml::table const& table, char const* key) {
    return table[key].value<std::string>() == std::string("unknown");
}

class Facts {
public:
    Facts(toml::table const& table, std::filesystem::path const& file, gate::TimePoint now, gate::Zone const& zone)
        : table_(table), reader_(&table, file, problem_), now_(now), zone_(zone) {}

    Result<PolicyCase> read(std::filesystem::path const& file) {
        PolicyCase made;
        read_release(made.facts);
        read_wait(made.facts.wait);
        read_sensors(made.facts.readings);
        made.facts.quiet_for = span("quiet_minutes");
        made.facts.slot = time("slot");
        auto const* const policy = reader_.section("policy");
        reader_.done();
        if (policy) {
            made.policy = read_policy(*policy, file, problem_);
            if (!policy->contains("zone")) made.policy->zone = zone_;
        }
        if (problem_) return tl::unexpected<Error>(*problem_);
        return made;
    }

private:
    void read_release(gate::Facts& facts) {
        reader_.flag("running", facts.running);
        reader_.flag("critical", facts.urgency.critical);
        reader_.flag("restarts_machine", facts.urgency.restarts_machine);
        std::optional<std::int64_t> deadline;
        reader_.number("release_deadline_hours", deadline, 1, 365 * 24);
        if (deadline) facts.urgency.deadline = hours(*deadline);
    }

    void read_wait(gate::Wait& wait) {
        wait.package = "the one that is asked about";
        wait.discovered = time("discovered").value_or(now_);
        wait.postponed_until = time("postponed_until");
        wait.agreed_from = time("agreed_from");
        wait.agreed_until = time("agreed_until");
        wait.held_until = time("held_until");
        reader_.number("postponements", wait.postponements, 0, 1'000);
    }

    void read_sensors(gate::Readings& readings) {
        read_busy(readings.busy);
        known("connections", readings.connections, [this] {
            unsigned count = 0;
            reader_.number("connections", count, 0, 1'000'000);
            return count;
        });
        read_presence(readings.presence);
        known("inhibitors", readings.inhibitors, [this] { return texts("inhibitors"); });
        known("commands", readings.commands, [this] { return texts("commands"); });
        known("cpu_percent", readings.load, [this] {
            gate::Load load;
            reader_.number("cpu_percent", load.cpu, 0, 100);
            reader_.number("disk_percent", load.disk, 0, 100);
            return load;
        });
        known("network_kib_per_second", readings.traffic, [this] {
            std::uint64_t kib = 0;
            reader_.number("network_kib_per_second", kib, 0, 1'000'000'000);
            return gate::Traffic{kib * 1024};
        });
        known("battery_percent", readings.battery, [this] {
            gate::Battery battery{.discharging = table_.contains("battery_percent")};
            reader_.number("battery_percent", battery.percent, 0, 100);
            return battery;
        });
    }

    void read_busy(gate::Busy& busy) {
        std::string text = "no";
        reader_.text("busy", text);
        if (text == "no") busy = gate::Busy::no;
        if (text == "yes") busy = gate::Busy::yes;
        if (text != "no" && text != "yes" && text != "unknown") {
            reader_.problem(*table_.get("busy"), "'busy' must be \"no\", \"yes\" or \"unknown\"");
        }
    }

    void read_presence(gate::Sensed<gate::Presence>& presence) {
        known("user_idle_minutes", presence, [this] {
            gate::Presence found;
            if (table_["user_idle_minutes"].value<std::string>() == std::string("nobody")) {
                std::string text;
                reader_.text("user_idle_minutes", text);
                found.nobody = true;
            } else {
                found.idle = span("user_idle_minutes");
            }
            return found;
        });
    }

    // What the file says nothing about is as on an idle machine.
    template <class T, class Read>
    void known(char const* key, gate::Sensed<T>& sensed, Read read) {
        if (told_unknown(table_, key)) {
            std::string text;
            reader_.text(key, text);
            sensed = gate::unknown(kToldUnknown);
        } else {
            sensed = read();
        }
    }

    std::vector<std::string> texts(char const* key) {
        std::vector<std::string> values;
        reader_.texts(key, values);
        return values;
    }

    std::chrono::seconds span(char const* key) {
        std::int64_t count = 0;
        reader_.number(key, count, 0, kMostMinutesAgo);
        return minutes(count);
    }

    std::optional<gate::TimePoint> time(char const* key) {
        std::string text;
        reader_.text(key, text);
        if (text.empty()) return std::nullopt;
        auto const parsed = gate::parse_time(text, zone_);
        if (parsed) return *parsed;
        reader_.problem(*table_.get(key), std::string(key) + ": " + parsed.error().detail);
        return std::nullopt;
    }

    std::optional<Error> problem_;
    toml::table const& table_;
    Reader reader_;
    gate::TimePoint now_;
    gate::Zone zone_;
};

}  // namespace

Result<PolicyCase> parse_policy_case(std::string const& toml, std::filesystem::path const& file, gate::TimePoint now,
                                     gate::Zone const& zone) {
    toml::table document;
    try {
        document = toml::parse(toml, file.string());
    } catch (toml::parse_error const& error) {
        return fail(Errc::malformed_facts,
                    fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
    }
    auto made = Facts(document, file, now, zone).read(file);
    // It is no file of the state directory.
    if (!made) return fail(Errc::malformed_facts, made.error().detail);
    return made;
}

Result<std::string> read_policy_case(std::filesystem::path const& file) {
    std::ifstream in(file, std::ios::binary);
    std::string toml(kMostBytes + 1, '\0');
    if (in) in.read(toml.data(), static_cast<std::streamsize>(toml.size()));
    if (!in && !in.eof())
        return fail(Errc::no_such_file, file.string() + " cannot be read: name the file of facts with --with");
    toml.resize(static_cast<std::size_t>(in.gcount()));
    if (toml.size() > kMostBytes) return fail(Errc::malformed_facts, file.string() + " is larger than 64 KiB");
    return toml;
}

}  // namespace lanyard::console
