#include "node/console/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "node/console/output.h"
#include "node/gate/calendar.h"
#include "proto/outcome/plain_text.h"

namespace lanyard::console {
namespace {

void print(std::string const& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

void say(std::string const& sentence) { fmt::print(stderr, "lanyard-node: {}\n", as_plain(sentence)); }

v1::AttemptStatus const* attempt_of(v1::LocalResponse const& response) {
    for (auto const& app : response.status().apps()) {
        if (app.has_attempt()) return &app.attempt();
    }
    return nullptr;
}

}  // namespace

int complain(Error const& error) {
    say(error.detail);
    return static_cast<int>(kind_of(error.code));
}

Result<v1::LocalRequest> request_of(Options const& options) {
    v1::LocalRequest request;
    if (options.verb == Verb::postpone || options.verb == Verb::hold) {
        auto const span = gate::parse_span(options.span);
        if (!span) return pass_on(span);
        auto const minutes = static_cast<std::uint32_t>(span->count());
        if (options.verb == Verb::hold) {
            request.mutable_hold()->set_app(options.app);
            request.mutable_hold()->set_minutes(minutes);
        } else {
            request.mutable_postpone()->set_app(options.app);
            request.mutable_postpone()->set_minutes(minutes);
        }
    } else if (options.verb == Verb::unhold) {
        request.mutable_unhold()->set_app(options.app);
    } else if (options.verb == Verb::why || (options.verb == Verb::update && options.dry_run)) {
        request.mutable_why()->set_app(options.app);
        request.mutable_why()->set_ask_first(options.dry_run);
    } else if (options.verb == Verb::update && options.tonight) {
        request.mutable_postpone()->set_app(options.app);
        request.mutable_postpone()->set_tonight(true);
    } else if (options.verb == Verb::check) {
        request.mutable_check();
    } else if (options.verb == Verb::update) {
        request.mutable_update()->set_app(options.app);
        request.mutable_update()->set_now(options.now);
    } else if (options.verb == Verb::rollback) {
        request.mutable_roll_back()->set_app(options.app);
    } else {
        request.mutable_status();
    }
    return request;
}

int show(Options const& options, v1::LocalResponse const& response) {
    if (response.exit_code() != 0) {
        say(response.message());
        return static_cast<int>(response.exit_code());
    }
    if (options.verb == Verb::status) {
        print(options.json ? to_json(response.status()) : to_text(response.status()));
    } else if (response.has_why()) {
        print(options.json ? to_json(response.why()) : to_text(response.why()));
    } else if (options.verb == Verb::check) {
        print(options.json ? to_json(response.check()) : to_text(response.check()));
    } else if (options.json) {
        print(to_json(response));
    } else {
        print(response.message() + "\n");
    }
    return 0;
}

int show(Options const& options, v1::Verification const& verification) {
    print(options.json ? to_json(verification) : to_text(verification));
    return verification.holds() ? 0 : static_cast<int>(Kind::trust);
}

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) != 0) {}

ProgressLine::~ProgressLine() {
    if (dirty_) fmt::print(stderr, "\n");
}

void ProgressLine::show(v1::LocalResponse const& response) {
    auto const* attempt = attempt_of(response);
    if (!attempt) return;
    auto line = progress_line(*attempt);
    if (!attempt->why().empty()) line += ": " + attempt->why(0);
    if (terminal_) {
        fmt::print(stderr, "\r\x1b[K{}", line);
        dirty_ = true;
        return;
    }
    auto const total = std::max<std::uint64_t>(attempt->bytes_total(), 1);
    auto const mark = fmt::format("{} {}", attempt->phase(), 10 * attempt->bytes_done() / total);
    if (mark == said_) return;
    said_ = mark;
    say(line);
}

Desk::Say ProgressLine::sayer() {
    return [this](v1::LocalResponse response) { return show_here(std::move(response)); };
}

asio::awaitable<bool> ProgressLine::show_here(v1::LocalResponse response) {
    show(response);
    co_return true;
}

void report_joined(Options const& options, NodeConfig const& config, bool accepted) {
    if (options.json) {
        v1::NodeStatus status;
        status.set_schema(1);
        status.set_node_id(config.id);
        status.set_name(config.name);
        status.set_seeder_url(config.seeder_url);
        return print(to_json(status));
    }
    if (config.apps.empty()) {
        say("this node has no application to keep up to date yet: add an [[app]] to node.toml before it runs");
    }
    print(fmt::format("joined {} as {}{}; now run: lanyard-node run{}\n", config.seeder_url, config.name,
                      accepted ? "" : ", and waits to be accepted",
                      options.state == "/var/lib/lanyard-node" ? "" : " --state " + options.state.string()));
}

int show_history(Options const& options, journal::Records& records) {
    auto const attempts = records.history(options.limit);
    if (!attempts) return complain(attempts.error());
    v1::History history;
    history.set_schema(1);
    for (auto const& report : *attempts) *history.add_attempts() = report;
    print(options.json ? to_json(history) : to_text(history));
    return 0;
}

}  // namespace lanyard::console
