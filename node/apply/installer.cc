#include "node/apply/installer.h"

#include <fmt/format.h>

#include "node/apply/errc.h"
#include "node/drain/command.h"

namespace lanyard::apply {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// For questions; a package database on a slow disk takes seconds.
constexpr milliseconds kAnswer{120'000};
// While another installation is under way.
constexpr milliseconds kBusyPause{2'000};
constexpr std::size_t kMostWords = 600;

fs::path log_of(PackageFile const& package) { return package.directory().parent_path().parent_path() / "install.log"; }

char const* in_words(Step step) {
    switch (step) {
        case Step::rehearse:
            return "the rehearsal";
        case Step::install:
            return "the installation";
        case Step::go_back:
            return "the way back";
        case Step::remove:
            return "the removal";
        case Step::mend:
            return "the mending";
    }
    return "";
}

Status leaving() { return fail(Errc::under_way, "the node is to end; the installation goes on at its next start"); }

}  // namespace

bool is_there(fs::path const& file) {
    std::error_code failed;
    auto const status = fs::symlink_status(file, failed);
    return fs::is_regular_file(status) || fs::is_directory(status);
}

asio::awaitable<Result<Installable>> Installer::look_at(PackageFile package) {
    auto const& tool = tool_for_(package.target.type);
    if (!is_there(package.file)) {
        co_return fail(Errc::missing_release,
                       fmt::format("{} is gone: publish the release again, or put it back", package.file.string()));
    }
    Exit answer;
    auto calls = tool.identify(package);
    for (auto& call : calls) {
        auto const asked = co_await machine_.runner.ask(call, kAnswer);
        if (!asked) co_return pass_on(asked);
        answer = *asked;
    }
    auto identity = tool.identity(package, answer);
    if (!identity) co_return pass_on(identity);
    Installable known{std::move(package), tool, std::move(*identity)};
    co_return known;
}

asio::awaitable<Result<Presence>> Installer::presence(Installable const& known) {
    auto const parts = parts_of(known.identity);
    Presence all;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        Installable const one{known.package, known.tool, parts[i]};
        auto const found = co_await presence_of_one(one);
        if (!found) co_return pass_on(found);
        if (i > 0 && found->condition != all.condition) all.condition = Condition::broken;
        if (i == 0) all.condition = found->condition;
        all.version += (i == 0 ? "" : " ") + found->version;
    }
    co_return all;
}

asio::awaitable<Result<Presence>> Installer::presence_of_one(Installable const& known) {
    auto call = known.tool.query(known.package, known.identity);
    auto const asked = co_await machine_.runner.ask(std::move(call), kAnswer);
    if (!asked) co_return pass_on(asked);
    if (asked->timed_out && hurried_) co_return pass_on(leaving());
    if (asked->timed_out) {
        co_return fail(Errc::unusable_home, "the system does not say what is installed: " + known.identity.name);
    }
    co_return known.tool.presence(*asked);
}

asio::awaitable<Status> Installer::perform(Step step, Installable const& known) {
    if (auto const safe = machine_.runner.safe(known.package.directory()); !safe) co_return safe;
    auto calls = known.tool.calls(step, known.package, known.identity);
    for (auto& call : calls) {
        auto const done = co_await one_call(step, known, std::move(call));
        if (!done) co_return done;
    }
    co_return Status();
}

asio::awaitable<Status> Installer::one_call(Step step, Installable const& known, Call call) {
    auto const limit = machine_.clock() + known.package.target.install.installer.deadline;
    for (;;) {
        if (hurried_) co_return leaving();
        auto const left = std::chrono::ceil<milliseconds>(limit - machine_.clock());
        Result<Exit> exit;
        if (step == Step::rehearse) {
            exit = co_await machine_.runner.ask(call, kAnswer);
        } else {
            auto log = log_of(known.package);
            exit = co_await machine_.runner.carry_out(call, std::move(log), left);
        }
        if (!exit) co_return pass_on(exit);
        if (exit->timed_out && hurried_) co_return leaving();
        auto const verdict = known.tool.judge(step, known.package, known.identity, *exit);
        if (verdict == Verdict::done_after_restart) {
            events_.warning("apply.restart_needed",
                            fmt::format("{} {} is complete after a restart of this machine",
                                        known.package.target.app.text(), known.package.target.version.text()));
        }
        if (verdict == Verdict::done || verdict == Verdict::done_after_restart) co_return Status();
        auto const now = machine_.clock();
        if (verdict == Verdict::failed) co_return ended_badly(step, known, *exit);
        if (now + kBusyPause > limit) {
            co_return fail(Errc::busy, fmt::format("another installation was under way for all the time: {}",
                                                   drain::last_words(exit->output, kMostWords)));
        }
        co_await machine_.alarm.sleep(kBusyPause);
    }
}

Status Installer::ended_badly(Step step, Installable const& known, Exit const& exit) const {
    auto const how =
        exit.timed_out ? std::string("did not end in time") : fmt::format("failed (exit code {})", exit.code);
    auto const code = step == Step::rehearse ? Errc::not_for_this_machine : Errc::refused_by_installer;
    return fail(code, fmt::format("{} of {} {} {}: {}", in_words(step), known.identity.name, known.identity.version,
                                  how, drain::last_words(exit.output, kMostWords)));
}

asio::awaitable<Status> Installer::remove(Installable known) {
    std::vector<Identity> found;
    auto const parts = parts_of(known.identity);
    for (auto const& part : parts) {
        Installable const one{known.package, known.tool, part};
        auto const there = co_await presence_of_one(one);
        if (!there) co_return pass_on(there);
        if (there->condition != Condition::absent) found.push_back(part);
    }
    if (found.empty()) co_return Status();
    known.identity = joined(std::move(found)).value_or(known.identity);
    co_return co_await perform(Step::remove, known);
}

asio::awaitable<Status> Installer::wait_for_earlier(milliseconds deadline) {
    auto const waited = co_await machine_.runner.wait_for_earlier(deadline);
    if (!waited && hurried_) co_return leaving();
    co_return waited;
}

void Installer::hurry() {
    hurried_ = true;
    machine_.runner.hurry();
    machine_.alarm.wake();
}

}  // namespace lanyard::apply
