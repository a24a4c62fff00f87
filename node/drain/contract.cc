#include "node/drain/contract.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "node/drain/command.h"
#include "proto/outcome/plain_text.h"

namespace lanyard::drain {
namespace {

using std::chrono::seconds;
using Word = Contract::Word;

// An application that is late without a word, or said "in no time": nobody is asked in a circle.
constexpr seconds kLate{60};
constexpr seconds kLeastPause{5};
constexpr std::size_t kMostVoices = 4;  // that are shown

v1::Answer refused(std::string why) {
    v1::Answer answer;
    answer.set_refused(std::move(why));
    return answer;
}

// Whatever an application writes is shown to people, on terminals.
std::string shown(std::string const& reason) { return as_plain(last_words(reason, kMaxReasonBytes)); }

std::optional<std::string> wrong_lease(std::string const& reason, std::uint32_t length) {
    if (reason.size() > kMaxReasonBytes) {
        return fmt::format("a reason may have {} bytes, this one has {}; shorten it", kMaxReasonBytes, reason.size());
    }
    if (seconds(length) > kMaxBusy) {
        return fmt::format("{} seconds are asked for, at most {} (7 days) are given; ask again when they are over",
                           length, kMaxBusy.count());
    }
    return std::nullopt;
}

std::string speaker_text(Process const& process) {
    return process.pid == 0 ? "it" : fmt::format("{} (pid {})", process.name, process.pid);
}

// An application of many processes is no reason for a line without end.
void add_voice(std::string& text, std::size_t& voices, std::string const& words) {
    if (++voices <= kMostVoices) text += (text.empty() ? "" : "; ") + words;
}

std::string others_text(std::size_t voices) {
    return voices <= kMostVoices ? "" : fmt::format("; and {} more", voices - kMostVoices);
}

std::string left_text(seconds left) {
    if (left < seconds(120)) return fmt::format("{} s", left.count());
    if (left < seconds(2 * 3600)) return fmt::format("{} min", left.count() / 60);
    return fmt::format("{} h", left.count() / 3600);
}

}  // namespace

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
    bool was_busy = false;
    switch (message.message_case()) {
        case v1::AppMessage::kRegistration:
            answer = take(speaker, message.registration());
            break;
        case v1::AppMessage::kBusy:
            answer = take(speaker, message.busy());
            break;
        case v1::AppMessage::kIdle:
            was_busy = std::exchange(speaker.busy, std::nullopt).has_value();
            break;
        case v1::AppMessage::kReady:
            answer = take(speaker, message.ready(), std::move(sockets));
            break;
        case v1::AppMessage::kNotYet:
            answer = take(speaker, message.not_yet());
            break;
        case v1::AppMessage::kVeto:
            answer = take(speaker, message.veto());
            break;
        case v1::AppMessage::kResumed:
            answer = take(party, speaker, message.resumed());
            break;
        case v1::AppMessage::MESSAGE_NOT_SET:
            return refused("this node does not know such a message; is it older than the application?");
    }
    // Whoever waits for the application to be idle looks again; to be told that it is busy is no reason to.
    bool const heard = was_busy || asked_.contains(speaker.app) || handing_.contains(speaker.app);
    if (heard && answer.refused().empty()) on_change_();
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

v1::Answer Contract::take(Speaker& speaker, v1::Ready const& ready, HeldSockets sockets) {
    if (!asked_of(speaker)) return refused("nobody asked for it, or the stop was called off");
    auto const& token = ready.token();
    if (token.bytes().size() > kMaxTokenBytes) {
        return refused(fmt::format("the token has {} bytes, at most {} are kept; keep the rest in a file of your own",
                                   token.bytes().size(), kMaxTokenBytes));
    }
    for (auto const& [other, known] : speakers_) {
        if (ready.has_token() && known.token && known.app == speaker.app && &known != &speaker) {
            return refused(
                fmt::format("{} has given a token already, and one is handed over", speaker_text(known.process)));
        }
    }
    std::size_t held = sockets.size();
    for (auto const& [other, known] : speakers_) {
        if (known.app == speaker.app && &known != &speaker) held += known.sockets.size();
    }
    if (held > kMaxHandedSockets || static_cast<std::size_t>(ready.sockets_size()) != sockets.size()) {
        return refused(fmt::format(
            "{} names came with {} listening sockets; each needs one, and an application may hand over {} in all",
            ready.sockets_size(), sockets.size(), kMaxHandedSockets));
    }
    for (int i = 0; i < ready.sockets_size(); ++i) {
        sockets[static_cast<std::size_t>(i)].name = socket_name(ready.sockets(i));
    }
    speaker.word = Word::yes;
    speaker.sockets = std::move(sockets);
    speaker.token.reset();
    if (ready.has_token()) speaker.token = token;
    return {};
}

v1::Answer Contract::take(Speaker& speaker, v1::NotYet const& not_yet) {
    if (!asked_of(speaker)) return refused("nobody asked for it, or the stop was called off");
    if (auto wrong = wrong_lease(not_yet.reason(), not_yet.seconds())) return refused(std::move(*wrong));
    speaker.word = Word::waiting;
    speaker.not_yet = Lease{shown(not_yet.reason()), now_() + seconds(not_yet.seconds())};
    return {};
}

v1::Answer Contract::take(Speaker& speaker, v1::Veto const& veto) {
    if (!asked_of(speaker)) return refused("nobody asked for it, or the stop was called off");
    if (auto wrong = wrong_lease(veto.reason(), veto.seconds())) return refused(std::move(*wrong));
    auto const length = veto.seconds() > 0 ? std::max(seconds(veto.seconds()), kLeastPause) : kVetoed;
    speaker.word = Word::no;
    speaker.not_yet = Lease{shown(veto.reason()), now_() + length};
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
    speakers_.erase(found);
    auto const handing = handing_.find(app);
    if (handing != handing_.end() && handing->second.given_to == party &&
        handing->second.takeover.word == Word::waiting) {
        handing->second.given_to.reset();
        give_token(app);
    }
    on_change_();
}

std::string Contract::lease_text(Speaker const& speaker, Lease const& lease) const {
    auto const reason = lease.reason.empty() ? std::string("busy") : lease.reason;
    if (!lease.until) return fmt::format("{}: {}", speaker_text(speaker.process), reason);
    auto const left = std::chrono::ceil<seconds>(*lease.until - now_());
    return fmt::format("{}: {}, for {} at most", speaker_text(speaker.process), reason, left_text(left));
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

void Contract::put_question(Speaker& speaker, Asked const& asked) const {
    speaker.word = Word::waiting;
    speaker.not_yet.reset();
    speaker.token.reset();
    speaker.sockets.clear();
    v1::NodeMessage message;
    auto& question = *message.mutable_prepare_stop();
    auto const left = std::chrono::ceil<seconds>(asked.limit - now_());
    question.set_seconds(static_cast<std::uint32_t>(std::max(left, seconds(0)).count()));
    question.set_last_word(asked.last_word);
    question.set_to_version(asked.to_version);
    speaker.say(message);
}

void Contract::ask(release::AppId const& app, seconds limit, bool last_word, std::string const& to_version) {
    auto const& asked = asked_.insert_or_assign(app, Asked{now_() + limit, last_word, to_version}).first->second;
    for (auto& [party, speaker] : speakers_) {
        if (speaker.app == app && speaker.attends) put_question(speaker, asked);
    }
}

Contract::Consent Contract::consent(release::AppId const& app) const {
    Consent consent;
    if (!asked_.contains(app)) return consent;
    std::size_t voices = 0;
    for (auto const& [party, speaker] : speakers_) {
        if (speaker.app != app || !speaker.attends) continue;
        if (speaker.word == Word::yes) {
            if (speaker.token) consent.token = speaker.token;
            consent.sockets.insert(consent.sockets.end(), speaker.sockets.begin(), speaker.sockets.end());
            continue;
        }
        // A refusal weighs more than a delay.
        if (speaker.word == Word::no || consent.word == Word::yes) consent.word = speaker.word;
        auto const words = speaker.not_yet ? lease_text(speaker, *speaker.not_yet)
                                           : fmt::format("{} has not answered", speaker_text(speaker.process));
        add_voice(consent.why, voices, words);
    }
    consent.why += others_text(voices);
    return consent;
}

void Contract::call_off(release::AppId const& app) {
    if (asked_.erase(app) == 0) return;
    v1::NodeMessage message;
    message.mutable_called_off();
    auto const now = now_();
    for (auto& [party, speaker] : speakers_) {
        if (speaker.app != app || !speaker.attends) continue;
        if (speaker.word != Word::yes) {
            auto lease = speaker.not_yet.value_or(Lease{"it did not become ready in time", now + kLate});
            lease.until = std::max(*lease.until, now + kLeastPause);
            if (!speaker.busy || (speaker.busy->until && *speaker.busy->until < *lease.until)) speaker.busy = lease;
        }
        speaker.word = Word::waiting;
        speaker.not_yet.reset();
        speaker.token.reset();
        speaker.sockets.clear();
        speaker.say(message);
    }
    on_change_();
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
    for (auto& [party, speaker] : speakers_) {
        if (speaker.app != app) continue;
        speaker.token.reset();
        speaker.sockets.clear();
    }
}

}  // namespace lanyard::drain
