#include "node/apply/native_packages.h"

#include <fmt/format.h>

#include <fstream>

#include "manifests/package/package.h"
#include "node/apply/errc.h"
#include "node/drain/command.h"

namespace lanyard::apply {

// A package of a release whose identity its tool has told.
struct NativePackages::Known {
    PackageFile package;
    Tool const& tool;
    Identity identity;
};

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// For questions; a package database on a slow disk takes seconds.
constexpr milliseconds kAnswer{120'000};
// While another installation is under way.
constexpr milliseconds kBusyPause{2'000};
constexpr char const* kAdopted = "adopted";
constexpr std::size_t kMostWords = 600;

fs::path versions_of(check::Offer const& offer) { return offer.home / "versions"; }

fs::path kept_in(check::Offer const& offer, release::Target const& target) {
    return versions_of(offer) / target.version.text();
}

PackageFile package_in(fs::path const& directory, release::Target const& target) {
    return {target, release::is_bundle(target.type) ? directory : directory / package::file_name(target)};
}

PackageFile kept(check::Offer const& offer, release::Target const& target) {
    return package_in(kept_in(offer, target), target);
}

fs::path log_of(PackageFile const& package) { return package.directory().parent_path().parent_path() / "install.log"; }

bool is_there(fs::path const& file) {
    std::error_code failed;
    auto const status = fs::symlink_status(file, failed);
    return fs::is_regular_file(status) || fs::is_directory(status);
}

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

bool is_whole(Presence const& found, Identity const& wanted) {
    return found.condition == Condition::whole && found.version == wanted.version;
}

std::string said(Presence const& found) {
    switch (found.condition) {
        case Condition::absent:
            return "is not installed";
        case Condition::broken:
            return "is installed in part only";
        case Condition::whole:
            break;
    }
    return "is installed as " + found.version;
}

}  // namespace

asio::awaitable<Result<NativePackages::Known>> NativePackages::look_at(PackageFile package) {
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
    Known known{std::move(package), tool, std::move(*identity)};
    co_return known;
}

// Of a bundle: absent or whole when all of its packages are.
asio::awaitable<Result<Presence>> NativePackages::presence(Known const& known) {
    auto const parts = parts_of(known.identity);
    Presence all;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        Known const one{known.package, known.tool, parts[i]};
        auto const found = co_await presence_of_one(one);
        if (!found) co_return pass_on(found);
        if (i > 0 && found->condition != all.condition) all.condition = Condition::broken;
        if (i == 0) all.condition = found->condition;
        all.version += (i == 0 ? "" : " ") + found->version;
    }
    co_return all;
}

asio::awaitable<Result<Presence>> NativePackages::presence_of_one(Known const& known) {
    auto call = known.tool.query(known.package, known.identity);
    auto const asked = co_await machine_.runner.ask(std::move(call), kAnswer);
    if (!asked) co_return pass_on(asked);
    if (asked->timed_out && hurried_) co_return pass_on(leaving());
    if (asked->timed_out) {
        co_return fail(Errc::unusable_home, "the system does not say what is installed: " + known.identity.name);
    }
    co_return known.tool.presence(*asked);
}

asio::awaitable<Status> NativePackages::perform(Step step, Known const& known) {
    auto calls = known.tool.calls(step, known.package, known.identity);
    for (auto& call : calls) {
        auto const done = co_await one_call(step, known, std::move(call));
        if (!done) co_return done;
    }
    co_return Status();
}

// Again while another installation is under way, up to the deadline of the release.
asio::awaitable<Status> NativePackages::one_call(Step step, Known const& known, Call call) {
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

Status NativePackages::ended_badly(Step step, Known const& known, Exit const& exit) const {
    auto const how =
        exit.timed_out ? std::string("did not end in time") : fmt::format("failed (exit code {})", exit.code);
    auto const code = step == Step::rehearse ? Errc::not_for_this_machine : Errc::refused_by_installer;
    return fail(code, fmt::format("{} of {} {} {}: {}", in_words(step), known.identity.name, known.identity.version,
                                  how, drain::last_words(exit.output, kMostWords)));
}

asio::awaitable<Status> NativePackages::rehearse(check::Offer const& offer, stage::StagedRelease const& staged) {
    auto package = package_in(staged.directory, offer.target);
    auto const known = co_await look_at(std::move(package));
    if (!known) co_return pass_on(known);
    auto const there = co_await presence(*known);
    if (!there) co_return pass_on(there);
    if (offer.running) {
        auto before = kept(offer, *offer.running);
        auto const old = co_await look_at(std::move(before));
        if (!old) co_return pass_on(old);
        bool const bundles = release::is_bundle(offer.target.type) || release::is_bundle(offer.running->type);
        bool const other_name =
            !bundles && old->identity.name != known->identity.name && !known->tool.removes_before_going_back();
        if (other_name || old->identity == known->identity) {
            co_return fail(Errc::not_for_this_machine,
                           fmt::format("the package is {} {}, and {} {} is installed: {}", known->identity.name,
                                       known->identity.version, old->identity.name, old->identity.version,
                                       other_name ? "publish a package of another name as another application"
                                                  : "give each release a package version of its own"));
        }
        if (bundles) {
            Known added{known->package, known->tool, without(known->identity, old->identity)};
            auto const fresh = co_await is_new_here(std::move(added));
            if (!fresh) co_return fresh;
        }
    } else if (there->condition != Condition::absent && !is_whole(*there, known->identity)) {
        co_return fail(Errc::not_for_this_machine,
                       fmt::format("{} {} already, and there is no package to go back to: publish that version first, "
                                   "or remove it",
                                   known->identity.name, said(*there)));
    }
    co_return co_await perform(Step::rehearse, *known);
}

// What a bundle adds to the one before must not be somebody else's already: going back takes it away.
asio::awaitable<Status> NativePackages::is_new_here(Known added) {
    if (added.identity.name.empty()) co_return Status();
    auto const there = co_await presence(added);
    if (!there) co_return pass_on(there);
    if (there->condition == Condition::absent) co_return Status();
    co_return fail(
        Errc::not_for_this_machine,
        fmt::format("the bundle adds {}, which {} already, by somebody else: remove it there, or leave it out",
                    added.identity.name, said(*there)));
}

// Those parts of it that are there.
asio::awaitable<Status> NativePackages::remove(Known known) {
    std::vector<Identity> found;
    auto const parts = parts_of(known.identity);
    for (auto const& part : parts) {
        Known const one{known.package, known.tool, part};
        auto const there = co_await presence_of_one(one);
        if (!there) co_return pass_on(there);
        if (there->condition != Condition::absent) found.push_back(part);
    }
    if (found.empty()) co_return Status();
    known.identity = joined(std::move(found)).value_or(known.identity);
    co_return co_await perform(Step::remove, known);
}

// What a bundle held and the one after it does not. `from` was there, `to` is.
asio::awaitable<Status> NativePackages::drop(Known const& from, Known const& to) {
    auto rest = without(from.identity, to.identity);
    if (rest.name.empty() || from.tool.removes_before_going_back()) co_return Status();
    Known gone{from.package, from.tool, std::move(rest)};
    co_return co_await remove(std::move(gone));
}

// The end of both ways to the new release.
asio::awaitable<Status> NativePackages::arrive(check::Offer const& offer, Known const& known) {
    if (offer.running) {
        auto before = kept(offer, *offer.running);
        auto const old = co_await look_at(std::move(before));
        if (!old) co_return pass_on(old);
        auto const dropped = co_await drop(*old, known);
        if (!dropped) co_return dropped;
    }
    co_return co_await directories_.point(offer.home, offer.target.version);
}

asio::awaitable<Status> NativePackages::switch_to(check::Offer const& offer, stage::StagedRelease const& staged) {
    auto const& version = offer.target.version.text();
    auto const now = directories_.current(offer.home);
    if (!now) co_return pass_on(now);
    if (*now == version) co_return Status();
    auto const brought = co_await directories_.bring_in(offer, staged);
    if (!brought) co_return brought;

    auto package = kept(offer, offer.target);
    auto const known = co_await look_at(std::move(package));
    if (!known) co_return pass_on(known);
    auto there = co_await presence(*known);
    if (!there) co_return pass_on(there);
    if (!is_whole(*there, known->identity)) {
        auto const installed = co_await perform(Step::install, *known);
        if (!installed) co_return installed;
        there = co_await presence(*known);
        if (!there) co_return pass_on(there);
        if (!is_whole(*there, known->identity)) {
            co_return fail(Errc::refused_by_installer,
                           fmt::format("after the installation of {} {}, it {}", known->identity.name,
                                       known->identity.version, said(*there)));
        }
    } else if (!offer.running) {
        // Somebody else's: it stays when this release goes.
        std::ofstream(kept_in(offer, offer.target) / kAdopted) << "installed before\n";
    }
    co_return co_await arrive(offer, *known);
}

asio::awaitable<Status> NativePackages::switch_back(check::Offer const& offer) {
    auto const waited = co_await machine_.runner.wait_for_earlier(offer.target.install.installer.deadline);
    if (!waited) co_return hurried_ ? leaving() : waited;
    if (offer.running) co_return co_await put_back(offer);
    co_return co_await take_away(offer);
}

// The old release, whatever of the new one is there.
asio::awaitable<Status> NativePackages::put_back(check::Offer const& offer) {
    auto before = kept(offer, *offer.running);
    auto const old = co_await look_at(std::move(before));
    if (!old) co_return pass_on(old);
    auto there = co_await presence(*old);
    if (!there) co_return pass_on(there);
    Status done;
    if (!is_whole(*there, old->identity) && old->tool.removes_before_going_back()) {
        auto after = kept(offer, offer.target);
        auto const newer = co_await look_at(std::move(after));
        if (newer) {
            Known goes = *newer;
            done = co_await remove(std::move(goes));
        }
        if (!done && hurried_) co_return done;
    }
    if (!is_whole(*there, old->identity)) {
        done = co_await perform(Step::go_back, *old);
        if (!done && hurried_) co_return done;
        there = co_await presence(*old);
        if (!there) co_return pass_on(there);
    }
    if (!is_whole(*there, old->identity)) {
        auto const mended = co_await perform(Step::mend, *old);
        if (!mended && hurried_) co_return mended;
        there = co_await presence(*old);
        if (!there) co_return pass_on(there);
    }
    if (is_whole(*there, old->identity)) {
        auto after = kept(offer, offer.target);
        auto const newer = co_await look_at(std::move(after));
        // Without its packages nothing of it was begun.
        Status dropped;
        if (newer) dropped = co_await drop(*newer, *old);
        if (!dropped) co_return dropped;
        co_return co_await directories_.point(offer.home, offer.running->version);
    }
    if (!done) co_return done;
    co_return fail(Errc::refused_by_installer, fmt::format("after the way back to {} {}, it {}", old->identity.name,
                                                           old->identity.version, said(*there)));
}

// A first release goes without a trace, unless it was there before.
asio::awaitable<Status> NativePackages::take_away(check::Offer const& offer) {
    auto package = kept(offer, offer.target);
    bool const began = is_there(package.file);
    bool const adopted = is_there(kept_in(offer, offer.target) / kAdopted);
    if (!began || adopted) co_return co_await directories_.clear(offer.home);
    auto const known = co_await look_at(std::move(package));
    if (!known) co_return pass_on(known);
    auto there = co_await presence(*known);
    if (!there) co_return pass_on(there);
    bool const somebody_elses = there->condition == Condition::whole && there->version != known->identity.version;
    if (somebody_elses) co_return co_await directories_.clear(offer.home);
    if (there->condition != Condition::absent) {
        Known goes = *known;
        auto const removed = co_await remove(std::move(goes));
        if (!removed) co_return removed;
        there = co_await presence(*known);
        if (!there) co_return pass_on(there);
    }
    if (there->condition == Condition::absent) co_return co_await directories_.clear(offer.home);
    co_return fail(Errc::refused_by_installer,
                   fmt::format("after its removal, {} {}", known->identity.name, said(*there)));
}

asio::awaitable<Status> NativePackages::settle(check::Offer const& offer) {
    auto const now = directories_.current(offer.home);
    if (!now) co_return pass_on(now);
    auto package = kept(offer, offer.target);
    // Nothing was begun, or nothing is left to do.
    if (*now == offer.target.version.text() || !is_there(package.file)) co_return Status();
    auto const waited = co_await machine_.runner.wait_for_earlier(offer.target.install.installer.deadline);
    if (!waited) co_return hurried_ ? leaving() : waited;
    auto const known = co_await look_at(std::move(package));
    if (!known) co_return pass_on(known);
    auto there = co_await presence(*known);
    if (!there) co_return pass_on(there);
    if (there->condition == Condition::broken) {
        auto const mended = co_await perform(Step::mend, *known);
        if (!mended && hurried_) co_return mended;
        there = co_await presence(*known);
        if (!there) co_return pass_on(there);
    }
    if (is_whole(*there, known->identity)) co_return co_await arrive(offer, *known);
    // Whatever else is there is the old release, or nothing, or has to give way to it.
    co_return co_await switch_back(offer);
}

void NativePackages::hurry() {
    hurried_ = true;
    machine_.runner.hurry();
    machine_.alarm.wake();
}

}  // namespace lanyard::apply
