#include "node/console/session_desk.h"

#include <algorithm>

namespace lanyard::console {
namespace {

constexpr unsigned kOneHour = 60;

v1::PolicyCheck const* check_of(v1::AppWhy const& why, std::string_view name) {
    for (auto const& check : why.checks()) {
        if (check.name() == name) return &check;
    }
    return nullptr;
}

bool is_closed(v1::AppWhy const& why, std::string_view name) {
    auto const* const check = check_of(why, name);
    return check && check->standing() == "closed";
}

v1::SessionAnswer answered(std::string const& app, bool obeyed, std::string message) {
    v1::SessionAnswer answer;
    answer.set_app(app);
    answer.set_obeyed(obeyed);
    answer.set_message(std::move(message));
    return answer;
}

}  // namespace

v1::SessionUpdate to_decide(v1::AppWhy const& why) {
    v1::SessionUpdate update;
    if (why.state() != "waiting" || is_closed(why, "hold") || is_closed(why, "postponed")) return update;
    // Asked for already, whether the night has come or not.
    auto const* const tonight = check_of(why, "tonight");
    if (tonight && tonight->standing() != "not_asked") return update;
    update.set_app(why.app());
    update.set_from_version(why.version());
    update.set_to_version(why.to_version());
    update.set_deadline(why.deadline());
    for (auto const* const name : {"slot", "window"}) {
        if (update.planned() == 0 && is_closed(why, name)) update.set_planned(check_of(why, name)->opens());
    }
    return update;
}

v1::LocalRequest order_of(v1::SessionChoice const& choice) {
    v1::LocalRequest request;
    if (choice.kind() == v1::SessionChoice::INSTALL_NOW) {
        request.mutable_update()->set_app(choice.app());
        request.mutable_update()->set_now(true);
    }
    if (choice.kind() == v1::SessionChoice::TONIGHT) {
        request.mutable_postpone()->set_app(choice.app());
        request.mutable_postpone()->set_tonight(true);
    }
    if (choice.kind() == v1::SessionChoice::IN_ONE_HOUR) {
        request.mutable_postpone()->set_app(choice.app());
        request.mutable_postpone()->set_minutes(kOneHour);
    }
    return request;
}

asio::awaitable<v1::AppWhy> SessionDesk::why(std::string app) {
    v1::AppWhy none;
    auto const managed = std::find_if(config_.apps.begin(), config_.apps.end(),
                                      [&app](auto const& entry) { return entry.app.name.text() == app; });
    if (managed == config_.apps.end()) co_return none;
    auto const attempt = desk_.under_way(managed->app.name);
    if (!attempt || attempt->phase() != "wait_idle") co_return none;
    v1::LocalRequest question;
    question.mutable_why()->set_app(app);
    auto const response = co_await order_(std::move(question));
    if (response.why().apps().empty()) co_return none;
    co_return response.why().apps(0);
}

asio::awaitable<v1::SessionUpdates> SessionDesk::waiting() {
    v1::SessionUpdates updates;
    for (auto const& entry : config_.apps) {
        auto name = entry.app.name.text();
        auto const known = co_await why(std::move(name));
        auto const update = to_decide(known);
        if (update.app().empty()) continue;
        auto const left = left_to_the_policy_.find(update.app());
        if (left != left_to_the_policy_.end() && left->second == update.to_version()) continue;
        *updates.add_updates() = update;
    }
    co_return updates;
}

asio::awaitable<v1::SessionAnswer> SessionDesk::choose(v1::SessionChoice choice) {
    auto const app = choice.app();
    auto const known = co_await why(app);
    if (known.app().empty()) {
        co_return answered(app, false, "nothing waits for a decision any more");
    }
    if (is_closed(known, "hold")) {
        co_return answered(app, false, "an operator holds updates back: see lanyard-node why");
    }
    if (choice.kind() == v1::SessionChoice::WHEN_IDLE) {
        left_to_the_policy_[app] = known.to_version();
        co_return answered(app, true, "it comes as soon as its policy allows");
    }
    auto order = order_of(choice);
    if (order.request_case() == v1::LocalRequest::REQUEST_NOT_SET) {
        co_return answered(app, false, "the node does not know this choice: is it older than lanyard-session?");
    }
    auto const response = co_await order_(std::move(order));
    co_return answered(app, response.exit_code() == 0, response.message());
}

}  // namespace lanyard::console
