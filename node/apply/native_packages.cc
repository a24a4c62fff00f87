#include "node/apply/native_packages.h"

#include <fmt/format.h>

#include <fstream>

#include "manifests/package/package.h"
#include "node/apply/errc.h"

namespace lanyard::apply {

namespace {

namespace fs = std::filesystem;
constexpr char const* kAdopted = "adopted";

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

asio::awaitable<Status> NativePackages::rehearse(check::Offer const& offer, stage::StagedRelease const& staged) {
    auto package = package_in(staged.directory, offer.target);
    auto const known = co_await installer_.look_at(std::move(package));
    if (!known) co_return pass_on(known);
    auto const there = co_await installer_.presence(*known);
    if (!there) co_return pass_on(there);
    if (offer.running) {
        auto before = kept(offer, *offer.running);
        auto const old = co_await installer_.look_at(std::move(before));
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
            Installable added{known->package, known->tool, without(known->identity, old->identity)};
            auto const fresh = co_await is_new_here(std::move(added));
            if (!fresh) co_return fresh;
        }
    } else if (there->condition != Condition::absent && !is_whole(*there, known->identity)) {
        co_return fail(Errc::not_for_this_machine,
                       fmt::format("{} {} already, and there is no package to go back to: publish that version first, "
                                   "or remove it",
                                   known->identity.name, said(*there)));
    }
    co_return co_await installer_.perform(Step::rehearse, *known);
}

// What a bundle adds to the one before must not be somebody else's already: going back takes it away.
asio::awaitable<Status> NativePackages::is_new_here(Installable added) {
    if (added.identity.name.empty()) co_return Status();
    auto const there = co_await installer_.presence(added);
    if (!there) co_return pass_on(there);
    if (there->condition == Condition::absent) co_return Status();
    co_return fail(
        Errc::not_for_this_machine,
        fmt::format("the bundle adds {}, which {} already, by somebody else: remove it there, or leave it out",
                    added.identity.name, said(*there)));
}

// What a bundle held and the one after it does not. `from` was there, `to` is.
asio::awaitable<Status> NativePackages::drop(Installable const& from, Installable const& to) {
    auto rest = without(from.identity, to.identity);
    if (rest.name.empty() || from.tool.removes_before_going_back()) co_return Status();
    Installable gone{from.package, from.tool, std::move(rest)};
    co_return co_await installer_.remove(std::move(gone));
}

// The end of both ways to the new release.
asio::awaitable<Status> NativePackages::arrive(check::Offer const& offer, Installable const& known) {
    if (offer.running) {
        auto before = kept(offer, *offer.running);
        auto const old = co_await installer_.look_at(std::move(before));
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
    auto const known = co_await installer_.look_at(std::move(package));
    if (!known) co_return pass_on(known);
    auto there = co_await installer_.presence(*known);
    if (!there) co_return pass_on(there);
    if (!is_whole(*there, known->identity)) {
        auto const installed = co_await installer_.perform(Step::install, *known);
        if (!installed) co_return installed;
        there = co_await installer_.presence(*known);
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
    auto const waited = co_await installer_.wait_for_earlier(offer.target.install.installer.deadline);
    if (!waited) co_return waited;
    if (offer.running) co_return co_await put_back(offer);
    co_return co_await take_away(offer);
}

// The old release, whatever of the new one is there.
asio::awaitable<Status> NativePackages::put_back(check::Offer const& offer) {
    auto before = kept(offer, *offer.running);
    auto const old = co_await installer_.look_at(std::move(before));
    if (!old) co_return pass_on(old);
    auto there = co_await installer_.presence(*old);
    if (!there) co_return pass_on(there);
    Status done;
    if (!is_whole(*there, old->identity) && old->tool.removes_before_going_back()) {
        auto after = kept(offer, offer.target);
        auto const newer = co_await installer_.look_at(std::move(after));
        if (newer) {
            Installable goes = *newer;
            done = co_await installer_.remove(std::move(goes));
        }
        if (!done && installer_.is_hurried()) co_return done;
    }
    if (!is_whole(*there, old->identity)) {
        done = co_await installer_.perform(Step::go_back, *old);
        if (!done && installer_.is_hurried()) co_return done;
        there = co_await installer_.presence(*old);
        if (!there) co_return pass_on(there);
    }
    if (!is_whole(*there, old->identity)) {
        auto const mended = co_await installer_.perform(Step::mend, *old);
        if (!mended && installer_.is_hurried()) co_return mended;
        there = co_await installer_.presence(*old);
        if (!there) co_return pass_on(there);
    }
    if (is_whole(*there, old->identity)) {
        auto after = kept(offer, offer.target);
        auto const newer = co_await installer_.look_at(std::move(after));
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
    auto const known = co_await installer_.look_at(std::move(package));
    if (!known) co_return pass_on(known);
    auto there = co_await installer_.presence(*known);
    if (!there) co_return pass_on(there);
    bool const somebody_elses = there->condition == Condition::whole && there->version != known->identity.version;
    if (somebody_elses) co_return co_await directories_.clear(offer.home);
    if (there->condition != Condition::absent) {
        Installable goes = *known;
        auto const removed = co_await installer_.remove(std::move(goes));
        if (!removed) co_return removed;
        there = co_await installer_.presence(*known);
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
    auto const waited = co_await installer_.wait_for_earlier(offer.target.install.installer.deadline);
    if (!waited) co_return waited;
    auto const known = co_await installer_.look_at(std::move(package));
    if (!known) co_return pass_on(known);
    auto there = co_await installer_.presence(*known);
    if (!there) co_return pass_on(there);
    if (there->condition == Condition::broken) {
        auto const mended = co_await installer_.perform(Step::mend, *known);
        if (!mended && installer_.is_hurried()) co_return mended;
        there = co_await installer_.presence(*known);
        if (!there) co_return pass_on(there);
    }
    if (is_whole(*there, known->identity)) co_return co_await arrive(offer, *known);
    // Whatever else is there is the old release, or nothing, or has to give way to it.
    co_return co_await switch_back(offer);
}

}  // namespace lanyard::apply
