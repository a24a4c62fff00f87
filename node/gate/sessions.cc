#include "node/gate/sessions.h"

#include <fmt/format.h>

#include <algorithm>

namespace lanyard::gate {

Sessions::Id Sessions::come(std::uint32_t user, Time now) {
    lost_.erase(user);
    helpers_.emplace(++last_, Helper{.user = user, .heard = now});
    return last_;
}

void Sessions::hear(Id helper, SessionWord word, Time now) {
    auto const found = helpers_.find(helper);
    if (found == helpers_.end()) return;
    found->second.word = std::move(word);
    found->second.heard = now;
}

// One that never measured anything leaves no gap.
void Sessions::go(Id helper) {
    auto const found = helpers_.find(helper);
    if (found == helpers_.end()) return;
    auto const gone = found->second;
    helpers_.erase(found);
    bool const another =
        std::any_of(helpers_.begin(), helpers_.end(), [&](auto const& one) { return one.second.user == gone.user; });
    if (!another && gone.word.idle) lost_.insert(gone.user);
}

std::optional<std::string> Sessions::silence(Time now) const {
    for (auto const& [id, helper] : helpers_) {
        if (now - helper.heard <= kSilence) continue;
        return fmt::format("lanyard-session of user {} has said nothing for {} (end it, or log that user out)",
                           helper.user, in_words(std::chrono::floor<std::chrono::seconds>(now - helper.heard)));
    }
    return std::nullopt;
}

bool Sessions::speaks_for(Login const& login) const {
    return login.desktop && std::any_of(helpers_.begin(), helpers_.end(), [&](auto const& one) {
               return one.second.user == login.user && one.second.word.idle;
           });
}

Sensed<Presence> Sessions::presence(Sensed<std::vector<Login>> const& logins, Time now) {
    if (auto const silent = silence(now)) return unknown(*silent);
    if (!logins) return unknown(logins.error());
    // A helper that goes with its desktop has done its work.
    std::erase_if(lost_, [&](std::uint32_t user) {
        return std::none_of(logins->begin(), logins->end(),
                            [&](Login const& login) { return login.desktop && login.user == user; });
    });
    if (!lost_.empty()) {
        return unknown(fmt::format(
            "lanyard-session of user {} is gone while the desktop goes on (start it again, or log that user out)",
            *lost_.begin()));
    }
    std::optional<std::chrono::seconds> least;
    auto const seen = [&least](std::chrono::seconds idle) { least = std::min(least.value_or(idle), idle); };
    for (auto const& login : *logins) {
        if (!speaks_for(login)) seen(login.idle);
    }
    for (auto const& [id, helper] : helpers_) {
        if (helper.word.idle) seen(*helper.word.idle);
    }
    if (!least) return Presence{.nobody = true};
    return Presence{.idle = *least};
}

void Sessions::add_presenters(Sensed<std::vector<std::string>>& inhibitors, Time now) const {
    if (!inhibitors) return;
    if (auto const silent = silence(now)) {
        inhibitors = unknown(*silent);
        return;
    }
    for (auto const& [id, helper] : helpers_) {
        if (!helper.word.presents.empty()) inhibitors->push_back(helper.word.presents);
    }
}

}  // namespace lanyard::gate
