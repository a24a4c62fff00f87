#include "node/gate/checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace lanyard::gate {
namespace {

using Standing = Check::Standing;
using Weight = Check::Weight;

constexpr char const* kNodeToml = "node.toml";
constexpr char const* kPerson = "lanyard-node postpone, hold, update --tonight";

void fine(Check& check, std::string says) {
    check.standing = Standing::fine;
    check.says = std::move(says);
}

void close(Check& check, std::string says, std::string mend, TimePoint opens) {
    check.standing = Standing::closed;
    check.says = std::move(says);
    check.mend = std::move(mend);
    check.opens = opens;
}

void cannot_tell(Check& check, std::string const& what, std::string const& why, TimePoint now) {
    close(check, fmt::format("the node cannot tell {}: {}", what, why),
          "mend what is named there, or take the question out of [app.policy]", now);
    check.unknown = true;
}

std::string until_in_words(TimePoint time, Policy const& policy, TimePoint now) {
    return fmt::format("{} (in {})", policy.zone.text(time, now), in_words(time - now));
}

Check check_hold(Policy const& policy, Facts const& facts, TimePoint now) {
    Check check{.name = "hold", .weight = Weight::order, .source = kPerson};
    auto const& until = facts.wait.held_until;
    if (!until || *until <= now) {
        fine(check, "no operator holds it back");
    } else {
        close(check, fmt::format("an operator holds updates back until {}", until_in_words(*until, policy, now)),
              "lanyard-node unhold", *until);
    }
    return check;
}

Check check_postponed(Policy const& policy, Facts const& facts, TimePoint now) {
    Check check{.name = "postponed", .source = kPerson};
    auto const& until = facts.wait.postponed_until;
    if (until && *until > now) {
        close(check, fmt::format("a person postponed it until {}", until_in_words(*until, policy, now)),
              "wait until then, or agree to it: lanyard-node update --now", *until);
    }
    return check;
}

Check check_tonight(Policy const& policy, Facts const& facts, TimePoint now) {
    Check check{.name = "tonight", .source = kPerson};
    auto const& wait = facts.wait;
    if (!wait.agreed_from || !wait.agreed_until || now >= *wait.agreed_until) return check;
    if (now >= *wait.agreed_from) {
        fine(check, "a person asked for tonight");
    } else {
        close(check,
              fmt::format("a person asked for tonight, from {} on", until_in_words(*wait.agreed_from, policy, now)),
              "wait until then, or agree to it: lanyard-node update --now", *wait.agreed_from);
    }
    return check;
}

std::string windows_text(Policy const& policy) {
    std::vector<std::string> texts;
    for (auto const& window : policy.windows) texts.push_back(window.text());
    return fmt::format("{}", fmt::join(texts, " or "));
}

Check check_window(Policy const& policy, TimePoint now) {
    Check check{.name = "window", .source = kNodeToml};
    if (policy.windows.empty()) return check;
    auto const opens = next_inside(policy.windows, now, policy.zone);
    if (opens == now) {
        fine(check, fmt::format("window {} open", windows_text(policy)));
    } else {
        close(check, fmt::format("outside the time window {}", windows_text(policy)),
              fmt::format("wait until it opens, {}, or agree to it: lanyard-node update --now",
                          until_in_words(opens, policy, now)),
              opens);
    }
    return check;
}

Check check_slot(Policy const& policy, Facts const& facts, TimePoint now) {
    Check check{.name = "slot", .source = "this node's own history"};
    if (!policy.slot) return check;
    if (!facts.slot || *facts.slot <= now) {
        fine(check, "its quiet hour has come");
    } else {
        close(check,
              fmt::format("the quiet hour picked for this node begins {}", until_in_words(*facts.slot, policy, now)),
              "wait until then, or agree to it: lanyard-node update --now", *facts.slot);
    }
    return check;
}

Check check_busy(Facts const& facts, TimePoint now) {
    Check check{.name = "busy", .weight = Weight::work, .sensed = true, .source = "busy.lock, app.sock"};
    if (facts.readings.busy == Busy::no) fine(check, "not busy");
    if (facts.readings.busy == Busy::yes) {
        close(check, "the application says that it is busy", "let it finish what it is doing", now);
    }
    if (facts.readings.busy == Busy::unknown) {
        close(check, "the node cannot tell whether the application is busy: its busy.lock cannot be read",
              "make busy.lock in the application's directory a plain file that the node may open, or remove it", now);
        check.unknown = true;
    }
    if (!facts.readings.says.empty()) {
        close(check, "the application is busy: " + facts.readings.says, "let it finish what it is doing", now);
    }
    return check;
}

Check check_connections(Policy const& policy, Facts const& facts, TimePoint now) {
    Check check{.name = "connections", .weight = Weight::work, .sensed = true, .source = "/proc/net/tcp, tcp6"};
    if (!policy.most_connections) return check;
    auto const& open = facts.readings.connections;
    auto const counted = [](unsigned number) { return fmt::format("{} connection{}", number, number == 1 ? "" : "s"); };
    if (!open) {
        cannot_tell(check, "who is connected to the application", open.error(), now);
    } else if (*open <= *policy.most_connections) {
        fine(check, counted(*open));
    } else {
        close(
            check,
            fmt::format("{} to the application {} open; at most {} allowed", counted(*open), *open == 1 ? "is" : "are",
                        *policy.most_connections == 1 ? "1 is" : fmt::format("{} are", *policy.most_connections)),
            "wait until those who are connected have finished", now);
    }
    return check;
}

Check check_user(Policy const& policy, Facts const& facts, TimePoint now) {
    bool const restarts = facts.urgency.restarts_machine;
    Check check{.name = "user", .sensed = true, .source = "logind, lanyard-session"};
    if (restarts) check.weight = Weight::work;
    if (!policy.user_idle && !restarts) return check;
    auto asked = policy.user_idle.value_or(std::chrono::minutes(0));
    if (restarts) asked = std::max(asked, kIdleBeforeRestart);
    auto const& presence = facts.readings.presence;
    if (!presence) {
        cannot_tell(check, "whether somebody uses this machine", presence.error(), now);
    } else if (presence->nobody) {
        fine(check, "nobody is logged in");
    } else if (presence->idle >= asked) {
        fine(check, fmt::format("nobody at the machine for {}", in_words(presence->idle)));
    } else {
        auto const left = asked - presence->idle;
        auto const used = presence->idle < std::chrono::minutes(1)
                              ? std::string("somebody is using this machine")
                              : fmt::format("somebody used this machine {} ago", in_words(presence->idle));
        close(check,
              fmt::format("{}; it must be left alone for {}{}", used, in_words(asked),
                          restarts ? ", for this release restarts it" : ""),
              fmt::format("leave the machine alone for {} more", in_words(left)), now + left);
    }
    return check;
}

Check check_inhibitors(Policy const& policy, Facts const& facts, TimePoint now) {
    Check check{.name = "inhibitors", .weight = Weight::work, .sensed = true, .source = "logind, lanyard-session"};
    if (!policy.inhibitors && !facts.urgency.restarts_machine) return check;
    auto const& keepers = facts.readings.inhibitors;
    if (!keepers) {
        cannot_tell(check, "whether a presentation or the like is going on", keepers.error(), now);
    } else if (keepers->empty()) {
        fine(check, "no presentation or the like");
    } else {
        close(check, fmt::format("the machine must stay awake for {}", fmt::join(*keepers, ", ")),
              "end the presentation, call or job named there", now);
    }
    return check;
}

Check check_commands(Policy const& policy, Facts const& facts, TimePoint now) {
    Check check{.name = "commands", .weight = Weight::work, .sensed = true, .source = "/proc"};
    if (policy.commands.empty()) return check;
    auto const& run = facts.readings.commands;
    if (!run) {
        cannot_tell(check, "which programs run", run.error(), now);
    } else if (run->empty()) {
        fine(check, fmt::format("no {} runs", fmt::join(policy.commands, " or ")));
    } else {
        close(check, fmt::format("{} {}", fmt::join(*run, " and "), run->size() == 1 ? "is running" : "are running"),
              fmt::format("wait until {} has ended", fmt::join(*run, " and ")), now);
    }
    return check;
}

Check check_load(Policy const& policy, Facts const& facts, TimePoint now) {
    Check check{.name = "load", .sensed = true, .source = "/proc/pressure"};
    if (!policy.most_cpu && !policy.most_disk) return check;
    auto const& load = facts.readings.load;
    if (!load) {
        cannot_tell(check, "how busy the machine is", load.error(), now);
        return check;
    }
    std::vector<std::string> over;
    auto const judge = [&](std::optional<unsigned> most, unsigned is, char const* what) {
        if (!most || is <= *most) return;
        over.push_back(fmt::format(
            "programs had to wait for the {} in {} % of the last minute; at most {} % is allowed", what, is, *most));
    };
    judge(policy.most_cpu, load->cpu, "processor");
    judge(policy.most_disk, load->disk, "disk");
    if (over.empty()) {
        fine(check, "the machine has little to do");
    } else {
        close(check, fmt::format("{}", fmt::join(over, "; ")), "wait until the machine has less to do", now);
    }
    return check;
}

Check check_network(Policy const& policy, Facts const& facts, TimePoint now) {
    Check check{.name = "network", .sensed = true, .source = "/proc/net/dev"};
    if (!policy.most_network) return check;
    auto const& traffic = facts.readings.traffic;
    if (!traffic) {
        cannot_tell(check, "how busy the network is", traffic.error(), now);
        return check;
    }
    // Rounded up: more than the limit is over it.
    auto const kib = traffic->bytes_per_second / 1024 + (traffic->bytes_per_second % 1024 == 0 ? 0 : 1);
    if (kib <= *policy.most_network) {
        fine(check, fmt::format("the network carries {} KiB/s", kib));
    } else {
        close(check,
              fmt::format("the network carries {} KiB/s for others; at most {} KiB/s is allowed", kib,
                          *policy.most_network),
              "wait until the download, call or backup that fills it is over", now);
    }
    return check;
}

Check check_battery(Policy const& policy, Facts const& facts, TimePoint now) {
    Check check{.name = "battery", .weight = Weight::work, .sensed = true, .source = "/sys/class/power_supply"};
    if (!policy.least_battery) return check;
    auto const& battery = facts.readings.battery;
    if (!battery) {
        cannot_tell(check, "how full the battery is", battery.error(), now);
    } else if (!battery->discharging) {
        fine(check, "on mains power");
    } else if (battery->percent >= *policy.least_battery) {
        fine(check, fmt::format("battery {} %", battery->percent));
    } else {
        close(
            check,
            fmt::format("the battery is at {} %; it must be at {} % or more", battery->percent, *policy.least_battery),
            "plug the machine in", now);
    }
    return check;
}

}  // namespace

std::vector<Check> check_orders(Policy const& policy, Facts const& facts, TimePoint now) {
    return {check_hold(policy, facts, now), check_postponed(policy, facts, now), check_tonight(policy, facts, now)};
}

std::vector<Check> check_times(Policy const& policy, Facts const& facts, TimePoint now) {
    return {check_window(policy, now), check_slot(policy, facts, now)};
}

std::vector<Check> check_sensors(Policy const& policy, Facts const& facts, TimePoint now) {
    return {check_busy(facts, now),
            check_connections(policy, facts, now),
            check_user(policy, facts, now),
            check_inhibitors(policy, facts, now),
            check_commands(policy, facts, now),
            check_load(policy, facts, now),
            check_network(policy, facts, now),
            check_battery(policy, facts, now)};
}

}  // namespace lanyard::gate
