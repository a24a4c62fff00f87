// What people order at the desk: update and rollback, and the waiting for what becomes of it.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "node/console/desk.h"
#include "node/console/errc.h"
#include "node/console/output.h"

namespace lanyard::console {
namespace {

constexpr auto kSayEvery = std::chrono::seconds(1);

}  // namespace

asio::awaitable<v1::LocalResponse> Desk::update(v1::UpdateNow order, Say say) {
    auto const apps = named(order.app());
    if (!apps) co_return refusal(apps.error());
    auto const outcome = co_await find_work(*apps);
    if (!outcome) co_return refusal(outcome.error());

    std::string held_back;
    for (auto const& one : outcome->refused) {
        if (!order.app().empty() && order.app() != one.app.text()) continue;
        held_back += fmt::format("{}{}: {}", held_back.empty() ? "" : "\n", one.app.text(), one.why.detail);
    }
    for (auto const& finding : outcome->findings) {
        bool const asked =
            std::any_of(apps->begin(), apps->end(), [&](auto const& one) { return one.app.name == finding.app.name; });
        if (!asked || finding.offer) continue;
        held_back += fmt::format("{}{} {} is not taken: {}", held_back.empty() ? "" : "\n", finding.app.name.text(),
                                 finding.target->version.text(), finding.held_back);
    }
    auto const before = last_attempts(*apps);
    std::vector<AppDesk> busy;
    for (auto const& app : *apps) {
        app.loop->hurry();
        if (!app.loop->busy()) continue;
        busy.push_back(app);
        if (order.now()) gate_.open_now(app.app.name);
    }
    if (busy.empty()) {
        if (!held_back.empty()) {
            Error const held(Errc::update_failed, held_back);
            co_return refusal(held);
        }
        v1::LocalResponse response;
        response.set_message("nothing newer is on offer");
        co_return response;
    }
    co_await wait_for(busy, say);
    auto response = outcome_of(busy, before);
    if (!held_back.empty()) {
        response.set_exit_code(static_cast<std::uint32_t>(Kind::update));
        response.set_message(response.message() + "\n" + held_back);
    }
    co_return response;
}

// A seeder takes a moment to notice what has been published beside it: who comes right after that is not sent away.
asio::awaitable<Result<check::CheckOutcome>> Desk::find_work(std::vector<AppDesk> apps) {
    std::chrono::seconds const at_once(0);
    auto outcome = co_await checker_.check(at_once);
    if (!outcome) co_return outcome;
    dispatch(*outcome);
    auto const is_answered = [&outcome](AppDesk const& one) {
        auto const& found = outcome->findings;
        return one.loop->busy() || outcome->is_refused(one.app.name) ||
               std::any_of(found.begin(), found.end(), [&](auto const& f) { return f.app.name == one.app.name; });
    };
    if (std::any_of(apps.begin(), apps.end(), is_answered)) co_return outcome;
    std::chrono::seconds const moment(1);
    auto news = co_await checker_.check(moment);
    if (!news || !news->changed) co_return outcome;
    dispatch(*news);
    co_return news;
}

asio::awaitable<v1::LocalResponse> Desk::roll_back(v1::RollBack order, Say say) {
    auto const apps = named(order.app());
    if (!apps) co_return refusal(apps.error());
    if (apps->size() != 1) {
        Error const which(Errc::wrong_usage, "this node cares for several applications: name one with --app");
        co_return refusal(which);
    }
    AppDesk const app = apps->front();
    auto const before = last_attempts(*apps);
    bool const on_trial = app.loop->recall();
    auto const releases = records_.installed(app.app.name);
    if (!releases) co_return refusal(releases.error());
    if (!on_trial && (!releases->current || !releases->previous)) {
        Error const none(Errc::nothing_to_do, fmt::format("no previous release of {} is kept: there is nothing to go "
                                                          "back to",
                                                          app.app.name.text()));
        co_return refusal(none);
    }
    if (!on_trial) {
        check::Offer back{*releases->current, releases->previous, app.app.home};
        app.loop->roll_back(std::move(back));
    }
    co_await wait_for(*apps, say);
    auto response = outcome_of(*apps, before);
    // Here going back is what was asked for, and nothing else.
    auto const last = records_.last_report(app.app.name);
    if (last && *last && !before.contains((*last)->attempt_id())) {
        auto const rolled_back = (*last)->outcome() == v1::OUTCOME_ROLLED_BACK;
        response.set_exit_code(rolled_back ? 0 : static_cast<std::uint32_t>(Kind::update));
        if ((*last)->outcome() == v1::OUTCOME_COMMITTED) {
            response.set_message(response.message() + "; that was too late for this order: give it again to go back");
        }
    }
    co_return response;
}

asio::awaitable<void> Desk::wait_for(std::vector<AppDesk> apps, Say say) {
    bool heard = true;
    auto const busy = [&apps] {
        return std::any_of(apps.begin(), apps.end(), [](auto const& a) { return a.loop->busy(); });
    };
    while (busy()) {
        co_await bell_.wait(kSayEvery);
        auto now = status();
        if (!heard || !now) continue;
        v1::LocalResponse progress;
        *progress.mutable_status() = std::move(*now);
        heard = co_await say(std::move(progress));
    }
}

std::set<std::string> Desk::last_attempts(std::vector<AppDesk> const& apps) {
    std::set<std::string> ids;
    for (auto const& app : apps) {
        auto const last = records_.last_report(app.app.name);
        if (last && *last) ids.insert((*last)->attempt_id());
    }
    return ids;
}

v1::LocalResponse Desk::outcome_of(std::vector<AppDesk> const& apps, std::set<std::string> const& before) {
    v1::LocalResponse response;
    for (auto const& app : apps) {
        auto const last = records_.last_report(app.app.name);
        if (!last) return refusal(last.error());
        if (!*last || before.contains((*last)->attempt_id())) {
            auto const left = left_under_way(records_, app.app.name);
            if (!left) return refusal(left.error());
            if (*left) {
                Error const interrupted(Errc::update_failed, in_words(**left));
                return refusal(interrupted);
            }
            Error const none(Errc::update_failed,
                             fmt::format("nothing was changed for {}: see the log of the node for the "
                                         "reason, then try again",
                                         app.app.name.text()));
            return refusal(none);
        }
        auto const& report = **last;
        if (report.outcome() != v1::OUTCOME_COMMITTED) {
            response.set_exit_code(static_cast<std::uint32_t>(Kind::update));
        }
        response.set_message(fmt::format(
            "{}{}{} {} -> {}: {}{}{}", response.message(), response.message().empty() ? "" : "\n", report.app(),
            report.from_version().empty() ? "none" : report.from_version(), report.to_version(),
            in_words(report.outcome()), report.detail().empty() ? "" : ", ", report.detail()));
    }
    return response;
}

Result<std::vector<AppDesk>> Desk::named(std::string const& name) const {
    if (name.empty()) return apps_;
    for (auto const& app : apps_) {
        if (app.app.name.text() == name) return std::vector<AppDesk>{app};
    }
    return fail(Errc::unknown_app, fmt::format("this node does not care for an application '{}': see `lanyard-node "
                                               "status` for those it does",
                                               name));
}

}  // namespace lanyard::console
