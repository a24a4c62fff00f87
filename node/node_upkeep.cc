// What a node does beside its loops: what it remembers, keeps and throws away.
#include "node/console/join.h"
#include "node/node.h"
#include "node/platform/linux_state.h"

namespace lanyard {

Status Node::write_keepsake(release::AppId const& app, std::string const& bytes) {
    auto const file = files_.keepsake(app);
    if (auto const made = platform::prepare_directory(file.parent_path()); !made) return made;
    return platform::write_file(file, bytes);
}

void Node::revive(std::set<release::AppId> const& apps) {
    for (auto& care : cares_) {
        auto const installed = records_.installed(care.app.name);
        if (!apps.contains(care.app.name) || !installed || !installed->current) continue;
        // Whether one without ports runs cannot be seen, and it must not run twice.
        if (!installed->current->install.ports.empty())
            care.control.launch({*installed->current, care.app.home / "current"});
    }
}

// A node whose database was lost trusts nobody; whom it trusted at first stands in node.toml.
asio::awaitable<Status> Node::regain_trust() {
    auto const known = metadata_.newest_root();
    if (!known) co_return pass_on(known);
    if (*known) co_return Status();
    auto const now = utc_now();
    auto const root = co_await console::fetch_first_root(seeder_, config_, now);
    if (!root) co_return pass_on(root);
    auto const stored = metadata_.put_root(1, *root);
    if (stored)
        events_.warning("state.rebuilt", "the root that node.toml names was fetched anew from " + config_.seeder_url);
    co_return stored;
}

// When the journal does not tell, the walk will not be written down either, and ends before it has begun.
update::PastFailures Node::past_failures(release::Target const& target) {
    auto const known = records_.failures(target.app, target.sha256);
    if (!known) return {};
    auto const since_last = std::chrono::system_clock::now() - known->last;
    return {known->count, std::chrono::duration_cast<std::chrono::milliseconds>(since_last)};
}

// What is on offer now is known: packages of offers that are no more can go.
void Node::dispatch(check::CheckOutcome const& outcome) {
    desk_.dispatch(outcome);
    sweep_packages();
}

// Another application may still want what one no longer does: only the sum of them tells.
void Node::sweep_packages() {
    auto sweeping = fetcher_.sweep([this] { return wanted(); });
    asio::co_spawn(io_, std::move(sweeping), asio::detached);
}

// The installed release of each application, the one before it, and those that are under way or will be.
Result<std::set<release::Digest>> Node::wanted() {
    std::set<release::Digest> packages;
    for (auto const& care : cares_) {
        auto const installed = records_.installed(care.app.name);
        if (!installed) return pass_on(installed);
        if (installed->current) packages.insert(installed->current->sha256);
        if (installed->previous) packages.insert(installed->previous->sha256);
        for (auto const& package : care.loop.packages()) packages.insert(package);
    }
    auto const unfinished = journal_.unfinished();
    if (!unfinished) return pass_on(unfinished);
    for (auto const& attempt : *unfinished) packages.insert(attempt.offer.target.sha256);
    return packages;
}

// What commits that were interrupted left in versions/. Only where the journal knows what runs: a release that it has
// forgotten may be the one to go back to.
asio::awaitable<void> Node::sweep_home(Care& care) {
    auto const installed = records_.installed(care.app.name);
    if (!installed || !installed->current) co_return;
    auto const name = [](auto const& release) { return release ? release->version.text() : std::string(); };
    auto current = name(installed->current);
    auto previous = name(installed->previous);
    auto const& home = care.app.home;
    co_await applier_.keep_only(home, std::move(current), std::move(previous));
}

// An attempt that ended without having been able to say so left it behind.
void Node::forget_handover(release::AppId const& app) {
    auto const dropped = handovers_.drop(app);
    if (!dropped) events_.warning("state.not_kept", dropped.error().detail);
}

std::string Node::said_by(std::filesystem::path const& home) const {
    for (auto const& care : cares_) {
        if (care.app.home == home) return contract_.busy(care.app.name);
    }
    return {};
}

std::optional<uid_t> Node::speaker_of(console::AppConfig const& config) {
    if (config.user.empty()) return std::nullopt;
    auto const user = platform::user_named(config.user);
    if (!user) {
        events_.warning("contract.failed", "this machine knows no user '" + config.user + "', who is to speak for " +
                                               config.app.name.text() + ": mend 'user' of its [[app]] in node.toml");
    }
    return user;
}

std::vector<release::Target> Node::kept() {
    std::vector<release::Target> targets;
    for (auto const& care : cares_) {
        auto const installed = records_.installed(care.app.name);
        if (!installed) continue;
        if (installed->current) targets.push_back(*installed->current);
        if (installed->previous) targets.push_back(*installed->previous);
    }
    return targets;
}

// A bug of one application's loop is told, and holds up neither the others nor the end of the node.
void Node::loop_ended(release::AppId const& app, std::exception_ptr const& broken) {
    --looping_;
    try {
        if (broken) std::rethrow_exception(broken);
    } catch (std::exception const& bug) {
        events_.error("node.failed", app.text() + " is not kept up to date any more until the node is started again: " +
                                         bug.what() + "; please report this");
    }
    if (stopping_) stop_listening();
    all_stopped_.ring();
}

void Node::walk_ended() {
    desk_.walk_ended();
    session_bell_.ring();
    outbox_bell_.ring();
    if (stopping_) return;
    sweep_packages();
    auto looking = look_again();
    asio::co_spawn(io_, std::move(looking), asio::detached);
}

// What runs has changed, so the offers are judged again now; if that fails, with the next answer of the seeder.
asio::awaitable<void> Node::look_again() {
    checker_.look_again();
    std::chrono::seconds const at_once(0);
    auto const outcome = co_await checker_.check(at_once);
    if (outcome && !stopping_) dispatch(*outcome);
}

// The others need no diary: nobody asks for their quiet hour.
std::vector<gate::Watched> Node::with_quiet_hours() {
    std::vector<gate::Watched> watched;
    for (auto const& care : cares_) {
        auto const& policy = rules_.of(care.app.name);
        auto const installed = policy.slot ? records_.installed(care.app.name) : Result<journal::Installed>();
        if (!policy.slot || !installed || !installed->current) continue;
        watched.push_back({care.app.name, policy, care.app.home, installed->current->install.ports});
    }
    return watched;
}

}  // namespace lanyard
