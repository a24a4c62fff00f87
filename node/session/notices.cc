#include "node/session/notices.h"

#include <fmt/format.h>

#include <array>
#include <ctime>
#include <utility>

#include "proto/outcome/plain_text.h"

namespace lanyard::session {
namespace {

constexpr int kMostUpdates = 64;
constexpr std::size_t kLongestText = 200;

struct Action {
    char const* key;
    char const* words;
    v1::SessionChoice::Kind kind;
};
constexpr std::array<Action, 4> kActions{{{"now", "Install now", v1::SessionChoice::INSTALL_NOW},
                                          {"idle", "When idle", v1::SessionChoice::WHEN_IDLE},
                                          {"tonight", "Tonight", v1::SessionChoice::TONIGHT},
                                          {"hour", "In 1 hour", v1::SessionChoice::IN_ONE_HOUR}}};

// A body may hold a little HTML.
std::string escaped(std::string const& text) {
    std::string out;
    for (char const c : as_plain(text.substr(0, kLongestText))) {
        if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else if (c == '&') {
            out += "&amp;";
        } else {
            out += c;
        }
    }
    return out;
}

// "Fri 27 Nov, 22:15"
std::string when(std::int64_t unix_seconds) {
    std::time_t const time = unix_seconds;
    std::tm local{};
    std::array<char, 64> text{};
    if (!localtime_r(&time, &local)) return "a time that no calendar has";
    return {text.data(), std::strftime(text.data(), text.size(), "%a %d %b, %H:%M", &local)};
}

}  // namespace

Notice notice_of(v1::SessionUpdate const& update) {
    Notice notice{as_plain(update.app().substr(0, kLongestText)) + ": an update is ready",
                  fmt::format("Version {} takes the place of {}. ", escaped(update.to_version()),
                              update.from_version().empty() ? "none" : escaped(update.from_version()))};
    if (update.planned() > 0) {
        notice.body += fmt::format("It is planned for {}.", when(update.planned()));
    } else {
        notice.body += "It comes when nobody is disturbed.";
    }
    if (update.deadline() > 0) notice.body += fmt::format(" Deadline: {}.", when(update.deadline()));
    for (auto const& action : kActions) notice.actions.emplace_back(action.key, action.words);
    return notice;
}

Notice notice_of(v1::SessionAnswer const& answer) {
    return {as_plain(answer.app().substr(0, kLongestText)) + ": not done as you chose", escaped(answer.message())};
}

void Notices::set(v1::SessionUpdates const& waiting) {
    auto before = std::exchange(shown_, {});
    for (auto const& update : waiting.updates()) {
        if (shown_.size() == kMostUpdates) break;
        auto const known = before.find(update.app());
        auto shown = known == before.end() ? Shown{} : known->second;
        if (known != before.end()) before.erase(known);
        bool const news = shown.update.SerializeAsString() != update.SerializeAsString();
        shown.update = update;
        if (news) {
            shown.number = notifier_.show(notice_of(update), shown.number);
            shown.seen = false;
        }
        shown_[update.app()] = std::move(shown);
    }
    for (auto const& [app, gone] : before) {
        if (gone.number != 0) notifier_.close(gone.number);
    }
}

void Notices::show_again() {
    for (auto& [app, shown] : shown_) {
        if (!shown.seen) shown.number = notifier_.show(notice_of(shown.update), shown.number);
    }
}

void Notices::closed(std::uint32_t number) {
    for (auto& [app, shown] : shown_) {
        if (number == 0 || shown.number != number) continue;
        shown.number = 0;
        shown.seen = true;
    }
}

std::optional<v1::SessionChoice> Notices::chosen(std::uint32_t number, std::string const& action) {
    for (auto& [app, shown] : shown_) {
        if (number == 0 || shown.number != number) continue;
        for (auto const& known : kActions) {
            if (action != known.key) continue;
            v1::SessionChoice choice;
            choice.set_app(app);
            choice.set_kind(known.kind);
            // Not every service takes a notice away by itself.
            notifier_.close(number);
            shown.number = 0;
            shown.seen = true;
            return choice;
        }
    }
    return std::nullopt;
}

}  // namespace lanyard::session
