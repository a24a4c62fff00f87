#include "node/drain/contract.h"

#include <fmt/format.h>

#include <utility>

#include "node/drain/contract_words.h"

namespace lanyard::drain {

using std::chrono::seconds;

Contract::Party Contract::come(release::AppId const& app, Process process, Say say) {
    speakers_.emplace(next_, Speaker{.app = app, .process = std::move(process), .say = std::move(say)});
    return next_++;
}

v1::Answer Contract::hear(Party party, v1::AppMessage const& message, HeldSockets sockets) {
    auto const found = speakers_.find(party);
    if (found == speakers_.end()) return refused("the node does not know who speaks; connect again");
    auto& speaker = found->second;
    // Whoever speaks for another process registers each time that it does.
    if (message.has_registration() && speaker.registered && !speaker.say) return {};
    if (message.has_registration() == speaker.registered) {
        return refused(speaker.registered ? "it is registered already" : "the first message must be a registration");
    }
    v1::Answer answer;
    // Whoever waits for the application looks again when it is idle, ready or against it, or has taken over; to be told
    // that it is busy, or not ready yet, is no reason to.
    bool changed = false;
    auto const before = speaker.word;
    switch (message.message_case()) {
        case v1::AppMessage::kRegistration:
            return take(speaker, message.registration());
        case v1::AppMessage::kBusy:
            return take(speaker, message.busy());
        case v1::AppMessage::kIdle:
            changed = std::exchange(speaker.busy, std::nullopt).has_value();
            break;
        case v1::AppMessage::kReady:
            answer = take(party, speaker, message.ready(), std::move(sockets));
            changed = speaker.word != before;
            break;
        case v1::AppMessage::kNotYet:
            return take(party, speaker, message.not_yet());
        case v1::AppMessage::kVeto:
            answer = take(party, speaker, message.veto());
            changed = speaker.word != before;
            break;
        case v1::AppMessage::kResumed:
            answer = take(party, speaker, message.resumed());
            changed = answer.refused().empty();
            break;
        case v1::AppMessage::MESSAGE_NOT_SET:
            return refused("this node does not know such a message; is it older than the application?");
    }
    if (changed) on_change_();
    return answer;
}

v1::Answer Contract::take(Speaker& speaker, v1::Registration const& registration) {
    if (registration.version().size() > kMaxVersionBytes) {
        return refused(fmt::format("a version may have {} bytes", kMaxVersionBytes));
    }
    if (registration.attends() && !speaker.say) {
        return refused("who speaks for another process cannot be asked; register without 'attends'");
    }
    speaker.registered = true;
    speaker.attends = registration.attends();
    speaker.version = registration.version();
    if (asked_of(speaker)) put_question(speaker, asked_.at(speaker.app));
    auto const handing = handing_.find(speaker.app);
    if (handing != handing_.end() && !handing->second.given_to) give_token(speaker.app);
    return {};
}

v1::Answer Contract::take(Speaker& speaker, v1::Busy const& busy) {
    if (auto wrong = wrong_lease(busy.reason(), busy.seconds())) return refused(std::move(*wrong));
    Lease lease{shown(busy.reason()), std::nullopt};
    if (busy.seconds() > 0) lease.until = now_() + seconds(busy.seconds());
    speaker.busy = std::move(lease);
    return {};
}

v1::Answer Contract::take(Party party, Speaker& speaker, v1::Resumed const& resumed) {
    auto const handing = handing_.find(speaker.app);
    if (handing == handing_.end() || handing->second.given_to != party) return refused("no token was handed to it");
    if (resumed.reason().size() > kMaxReasonBytes) {
        return refused(fmt::format("a reason may have {} bytes", kMaxReasonBytes));
    }
    handing->second.takeover.word = resumed.accepted() ? Word::yes : Word::no;
    handing->second.takeover.why = shown(resumed.reason());
    return {};
}

void Contract::go(Party party) {
    auto const found = speakers_.find(party);
    if (found == speakers_.end()) return;
    auto const app = found->second.app;
    bool const waited_for = found->second.busy || (asked_of(found->second) && found->second.word != Word::yes);
    speakers_.erase(found);
    if (auto const asked = asked_.find(app); asked != asked_.end()) keep_gift(party, asked->second);
    auto const handing = handing_.find(app);
    if (handing != handing_.end() && handing->second.given_to == party &&
        handing->second.takeover.word == Word::waiting) {
        handing->second.given_to.reset();
        give_token(app);
    }
    if (waited_for) on_change_();
}

std::string Contract::lease_text(Speaker const& speaker, Lease const& lease) const {
    return lease_words(speaker.process, lease.reason, lease.until, now_());
}

std::string Contract::busy(release::AppId const& app) const {
    std::string text;
    std::size_t voices = 0;
    auto const now = now_();
    for (auto const& [party, speaker] : speakers_) {
        auto const& lease = speaker.busy;
        if (speaker.app != app || !lease || (lease->until && *lease->until <= now)) continue;
        add_voice(text, voices, lease_text(speaker, *lease));
    }
    return text + others_text(voices);
}

bool Contract::is_busy(Party party) const {
    auto const found = speakers_.find(party);
    if (found == speakers_.end() || !found->second.busy) return false;
    auto const& until = found->second.busy->until;
    return !until || *until > now_();
}

void Contract::hand_over(release::AppId const& app, std::string const& version, v1::Token token,
                         std::string const& from_version) {
    Handing handing{.version = version, .resume = {}};
    *handing.resume.mutable_token() = std::move(token);
    handing.resume.set_from_version(from_version);
    handing_.insert_or_assign(app, std::move(handing));
    give_token(app);
}

void Contract::give_token(release::AppId const& app) {
    auto& handing = handing_.at(app);
    // The latest first: of those that do not say which release they are, the old one may still be on its way out.
    for (auto known = speakers_.rbegin(); known != speakers_.rend(); ++known) {
        auto const& [party, speaker] = *known;
        if (speaker.app != app || !speaker.attends) continue;
        if (!speaker.version.empty() && speaker.version != handing.version) continue;
        handing.given_to = party;
        v1::NodeMessage message;
        *message.mutable_resume() = handing.resume;
        speaker.say(message);
        return;
    }
}

Contract::Takeover Contract::takeover(release::AppId const& app) const {
    auto const handing = handing_.find(app);
    return handing == handing_.end() ? Takeover{} : handing->second.takeover;
}

void Contract::forget(release::AppId const& app) {
    asked_.erase(app);
    handing_.erase(app);
}

}  // namespace lanyard::drain
