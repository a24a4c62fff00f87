#include "seeder/rollout/choose_release.h"

namespace lanyard::rollout {
namespace {

int closeness(release::Platform const& package, release::Platform const& machine) {
    return (package.os() == machine.os() ? 2 : 0) + (package.arch() == machine.arch() ? 1 : 0);
}

bool better(catalogue::Candidate const& a, catalogue::Candidate const& b, release::Platform const& machine) {
    if (a.version != b.version) return a.version > b.version;
    return closeness(a.platform, machine) > closeness(b.platform, machine);
}

}  // namespace

std::optional<catalogue::Candidate> choose_release(std::span<catalogue::Candidate const> candidates,
                                                   v1::RunningApp const& running, release::Platform const& machine) {
    std::optional<release::Version> installed;
    if (!running.version().empty()) {
        auto version = release::Version::parse(running.version());
        if (!version) return std::nullopt;
        installed = std::move(*version);
    }
    catalogue::Candidate const* best = nullptr;
    for (auto const& candidate : candidates) {
        if (candidate.app.text() != running.app() || candidate.channel.text() != running.channel()) continue;
        if (!candidate.platform.runs_on(machine)) continue;
        if (installed && candidate.version <= *installed) continue;
        if (!best || better(candidate, *best, machine)) best = &candidate;
    }
    if (!best) return std::nullopt;
    return *best;
}

}  // namespace lanyard::rollout
