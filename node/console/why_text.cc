#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "node/console/output.h"
#include "node/gate/calendar.h"
#include "proto/outcome/plain_text.h"

namespace lanyard::console {
namespace {

std::string in_or_ago(std::int64_t time, std::int64_t now) {
    // Unsigned: neither is bounded by anybody.
    auto const apart = time >= now ? static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(now)
                                   : static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(time);
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    auto const span = gate::in_words(std::chrono::seconds(static_cast<std::int64_t>(std::min(apart, kMost))));
    return time >= now ? "in " + span : span + " ago";
}

std::string mark_of(v1::PolicyCheck const& check) {
    if (check.standing() == "fine") return "yes";
    if (check.standing() == "closed") return check.unknown() ? "NO ?" : "NO";
    return check.standing() == "waived" ? "(no)" : "-";
}

void append_check(std::string& out, v1::PolicyCheck const& check) {
    if (check.standing() == "not_asked") {
        out += fmt::format("  {:<5} {:<12} not asked\n", "-", as_plain(check.name()));
        return;
    }
    out += fmt::format("  {:<5} {:<12} {}  [{}]\n", mark_of(check), as_plain(check.name()), as_plain(check.says()),
                       as_plain(check.source()));
    if (!check.mend().empty()) out += fmt::format("  {:<5} {:<12} -> {}\n", "", "", as_plain(check.mend()));
}

void append_times(std::string& out, v1::AppWhy const& why) {
    auto const line = [&](char const* name, std::int64_t time) {
        if (time > 0) out += fmt::format("  {:<18} {} ({})\n", name, local_time(time), in_or_ago(time, why.at()));
    };
    if (why.state() != "allowed") {
        line("not before", why.earliest());
        line("asked again", why.next_look());
    }
    line("deadline", why.deadline());
    line("forced", why.forced_at());
    if (why.postponements() > 0) {
        out += fmt::format("  {:<18} {} of {} times\n", "postponed", why.postponements(), why.postponements_allowed());
    }
}

void append_last(std::string& out, v1::Report const& last) {
    out += fmt::format("  last time: {} {} at {}", as_plain(last.to_version()), in_words(last.outcome()),
                       local_time(last.ended_at()));
    if (!last.passed_because().empty()) {
        out += fmt::format(", let through at {}: {}", local_time(last.passed_at()), as_plain(last.passed_because()));
    }
    if (!last.detail().empty()) out += fmt::format("; {}", as_plain(last.detail()));
    out += '\n';
}

}  // namespace

std::string to_text(v1::WhyResult const& result) {
    if (result.apps().empty()) return "this node cares for no application\n";
    std::string out;
    for (auto const& why : result.apps()) {
        if (!out.empty()) out += '\n';
        out += fmt::format("{} {}{}{}\n  {}\n", as_plain(why.app()), or_none(as_plain(why.version())),
                           why.to_version().empty() ? "" : " -> ", as_plain(why.to_version()), as_plain(why.verdict()));
        append_times(out, why);
        for (auto const& check : why.checks()) append_check(out, check);
        if (why.has_last()) append_last(out, why.last());
    }
    return out;
}

}  // namespace lanyard::console
