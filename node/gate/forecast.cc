#include "node/gate/forecast.h"

#include <algorithm>
#include <vector>

namespace lanyard::gate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// Hours within so many percent of the quietest are as good as it.
constexpr unsigned kAsGood = 5;

struct Candidate {
    TimePoint hour;
    Slot slot;
};

// Laplace's rule: an hour that nobody knows is as likely quiet as not.
unsigned percent_quiet(HourCount const& count) { return 100 * (count.quiet + 1) / (count.looks + 2); }

// splitmix64
std::uint64_t mix(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
}

std::uint64_t weight(Candidate const& candidate, std::uint64_t share) {
    return mix(share ^ mix(static_cast<std::uint64_t>(candidate.hour.time_since_epoch().count())));
}

std::vector<Candidate> candidates(History const& history, Policy const& policy, TimePoint now, TimePoint until,
                                  std::uint64_t share) {
    std::vector<Candidate> found;
    auto const offset = minutes(share % 60);
    auto const end = std::min<TimePoint>(until, now + kFarthestSlot);
    for (TimePoint hour = std::chrono::floor<hours>(now); hour < end; hour += hours(1)) {
        auto from = hour + offset;
        if (!inside(policy.windows, from, policy.zone)) from = next_inside(policy.windows, hour, policy.zone);
        if (from >= hour + hours(1) || from >= end) continue;
        auto const percent = percent_quiet(history[hour_of_week(from, policy.zone)]);
        found.push_back({hour, {from, percent}});
    }
    return found;
}

}  // namespace

std::size_t hour_of_week(TimePoint time, Zone const& zone) {
    return static_cast<std::size_t>(std::chrono::floor<hours>(zone.of_week(time)).count());
}

// FNV-1a
std::uint64_t share_of(std::string_view node_id, std::string_view app) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (auto const part : {node_id, std::string_view("/"), app}) {
        for (char const c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return mix(hash);
}

std::optional<Slot> forecast(History const& history, Policy const& policy, TimePoint now, TimePoint until,
                             std::uint64_t share) {
    auto const all = candidates(history, policy, now, until, share);
    unsigned best = 0;
    for (auto const& one : all) best = std::max(best, one.slot.percent);
    Candidate const* picked = nullptr;
    // The heaviest, not the n-th: hours that pass by do not move the choice.
    for (auto const& one : all) {
        if (one.slot.percent + kAsGood < best) continue;
        if (!picked || weight(one, share) > weight(*picked, share)) picked = &one;
    }
    if (!picked) return std::nullopt;
    return picked->slot;
}

}  // namespace lanyard::gate
