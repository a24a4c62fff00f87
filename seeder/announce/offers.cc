#include "seeder/announce/offers.h"

#include <initializer_list>
#include <string_view>

namespace lanyard::announce {
namespace {

// Of what is asked alone: a message may hold more than its known fields.
std::string question_of(v1::RunningApp const& running, v1::Platform const& machine) {
    std::string question;
    for (std::string_view const word :
         {running.app(), running.channel(), running.version(), machine.os(), machine.arch()}) {
        question += std::to_string(word.size()) + ":";
        question += word;
    }
    return question;
}

}  // namespace

Result<std::optional<v1::AvailableRelease>> Offers::find(v1::RunningApp const& running, v1::Platform const& machine) {
    auto const revision = releases_.revision();
    // What nodes run is their word: so many different answers are asked for by nobody honest.
    if (revision != revision_ || known_.size() >= kMost) known_.clear();
    revision_ = revision;
    auto const question = question_of(running, machine);
    auto const known = known_.find(question);
    if (known != known_.end()) return known->second;
    auto found = releases_.find_higher(running, machine);
    if (found) known_.emplace(question, *found);
    return found;
}

}  // namespace lanyard::announce
