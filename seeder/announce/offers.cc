#include "seeder/announce/offers.h"

namespace lanyard::announce {

Result<std::optional<v1::AvailableRelease>> Offers::find(v1::RunningApp const& running, v1::Platform const& machine) {
    auto const revision = releases_.revision();
    // What nodes run is their word: so many different answers are asked for by nobody honest.
    if (revision != revision_ || known_.size() >= kMost) known_.clear();
    revision_ = revision;
    auto const about = running.SerializeAsString();
    auto const question = std::to_string(about.size()) + ":" + about + machine.SerializeAsString();
    auto const known = known_.find(question);
    if (known != known_.end()) return known->second;
    auto found = releases_.find_higher(running, machine);
    if (found) known_.emplace(question, *found);
    return found;
}

}  // namespace lanyard::announce
