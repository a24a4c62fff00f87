// What an application is asked before it is stopped, and what it answers.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "node/drain/contract.h"
#include "node/drain/contract_words.h"

namespace lanyard::drain {
namespace {

using std::chrono::seconds;

// An application that is late without a word, or said "in no time": nobody is asked in a circle.
constexpr seconds kLate{60};
constexpr seconds kLeastPause{5};

}  // namespace

// Why an answer does not count; empty: it does. Whoever knows of no numbers may still owe its answer to a stop that was
// called off, and this may be it.
std::string Contract::wrong_answer(Speaker& speaker, std::uint64_t number) const {
    bool const owed = std::exchange(speaker.owes_answer, false);
    if (!asked_of(speaker)) return "nobody asked for it, or the stop was called off";
    auto const& asked = asked_.at(speaker.app);
    if (number == 0 ? owed : number != asked.number) {
        return "that stop was called off; an answer repeats the number of the PrepareStop that it is for";
    }
    if (asked.decided) return "too late: it is being stopped";
    return {};
}

std::string Contract::wrong_gift(Party party, Asked const& asked, v1::Ready const& ready, std::size_t sockets) const {
    auto const size = ready.token().bytes().size();
    if (size > kMaxTokenBytes) {
        return fmt::format("the token has {} bytes, at most {} are kept; keep the rest in a file of your own", size,
                           kMaxTokenBytes);
    }
    std::size_t held = sockets;
    for (auto const& [other, given] : asked.given) {
        if (other == party) continue;
        held += given.sockets.size();
        // Who came when the other had gone is its successor.
        bool const succeeds = given.gone_before && party >= *given.gone_before;
        if (ready.has_token() && given.token && !succeeds) {
            return fmt::format("{} has given a token already, and one is handed over", given.by);
        }
    }
    if (held > kMaxHandedSockets || static_cast<std::size_t>(ready.sockets_size()) != sockets) {
        return fmt::format(
            "{} names came with {} listening sockets; each needs one, and an application may hand over {} in all",
            ready.sockets_size(), sockets, kMaxHandedSockets);
    }
    return {};
}

v1::Answer Contract::take(Party party, Speaker& speaker, v1::Ready const& ready, HeldSockets sockets) {
    if (auto wrong = wrong_answer(speaker, ready.number()); !wrong.empty()) return refused(std::move(wrong));
    auto& asked = asked_.at(speaker.app);
    if (auto wrong = wrong_gift(party, asked, ready, sockets.size()); !wrong.empty()) return refused(std::move(wrong));
    for (int i = 0; i < ready.sockets_size(); ++i) {
        sockets[static_cast<std::size_t>(i)].name = socket_name(ready.sockets(i));
    }
    speaker.word = Word::yes;
    Given given{.by = speaker_text(speaker.process), .sockets = std::move(sockets)};
    if (ready.has_token()) {
        for (auto& [other, known] : asked.given) known.token.reset();
        given.token = ready.token();
    }
    asked.given.insert_or_assign(party, std::move(given));
    return {};
}

v1::Answer Contract::take(Party party, Speaker& speaker, v1::NotYet const& not_yet) {
    if (auto wrong = wrong_answer(speaker, not_yet.number()); !wrong.empty()) return refused(std::move(wrong));
    if (auto wrong = wrong_lease(not_yet.reason(), not_yet.seconds())) return refused(std::move(*wrong));
    asked_.at(speaker.app).given.erase(party);
    speaker.word = Word::waiting;
    speaker.not_yet = Lease{shown(not_yet.reason()), now_() + seconds(not_yet.seconds())};
    return {};
}

v1::Answer Contract::take(Party party, Speaker& speaker, v1::Veto const& veto) {
    if (auto wrong = wrong_answer(speaker, veto.number()); !wrong.empty()) return refused(std::move(wrong));
    if (auto wrong = wrong_lease(veto.reason(), veto.seconds())) return refused(std::move(*wrong));
    auto const length = veto.seconds() > 0 ? std::max(seconds(veto.seconds()), kLeastPause) : kVetoed;
    asked_.at(speaker.app).given.erase(party);
    speaker.word = Word::no;
    speaker.not_yet = Lease{shown(veto.reason()), now_() + length};
    return {};
}

// A process has gone: what it gave stays until the question is over.
void Contract::keep_gift(Party party, Asked& asked) {
    auto const given = asked.given.find(party);
    if (given == asked.given.end()) return;
    given->second.gone_before = next_;
    if (!given->second.token && given->second.sockets.empty()) asked.given.erase(given);
}

void Contract::put_question(Speaker& speaker, Asked const& asked) const {
    speaker.word = Word::waiting;
    speaker.not_yet.reset();
    if (asked.decided) return;
    v1::NodeMessage message;
    auto& question = *message.mutable_prepare_stop();
    auto const left = std::chrono::ceil<seconds>(asked.limit - now_());
    question.set_seconds(static_cast<std::uint32_t>(std::max(left, seconds(0)).count()));
    question.set_last_word(asked.last_word);
    question.set_to_version(asked.to_version);
    question.set_number(asked.number);
    speaker.say(message);
}

void Contract::ask(release::AppId const& app, seconds limit, bool last_word, std::string const& to_version) {
    auto const& asked =
        asked_.insert_or_assign(app, Asked{++questions_, now_() + limit, last_word, to_version}).first->second;
    for (auto& [party, speaker] : speakers_) {
        if (speaker.app == app && speaker.attends) put_question(speaker, asked);
    }
}

Contract::Consent Contract::consent(release::AppId const& app) const {
    Consent consent;
    auto const asked = asked_.find(app);
    if (asked == asked_.end()) return consent;
    for (auto const& [party, given] : asked->second.given) {
        if (given.token) consent.token = given.token;
        consent.sockets.insert(consent.sockets.end(), given.sockets.begin(), given.sockets.end());
    }
    std::size_t voices = 0;
    for (auto const& [party, speaker] : speakers_) {
        if (speaker.app != app || !speaker.attends) continue;
        if (speaker.word == Word::yes) continue;
        // A refusal weighs more than a delay.
        if (speaker.word == Word::no || consent.word == Word::yes) consent.word = speaker.word;
        auto const words = speaker.not_yet ? lease_text(speaker, *speaker.not_yet)
                                           : fmt::format("{} has not answered", speaker_text(speaker.process));
        add_voice(consent.why, voices, words);
    }
    consent.why += others_text(voices);
    return consent;
}

void Contract::decided(release::AppId const& app) {
    if (auto const asked = asked_.find(app); asked != asked_.end()) asked->second.decided = true;
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
        speaker.owes_answer = speaker.word == Word::waiting;
        speaker.word = Word::waiting;
        speaker.not_yet.reset();
        speaker.say(message);
    }
    on_change_();
}

}  // namespace lanyard::drain
