#include "manifests/trust/search.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "manifests/release/in_quotes.h"
#include "manifests/trust/errc.h"
#include "manifests/trust/path_pattern.h"

namespace lanyard::trust {
namespace {

using release::in_quotes;

bool delegates(v1::Delegation const& delegation, std::string_view path) {
    return std::any_of(delegation.paths().begin(), delegation.paths().end(),
                       [&](auto const& pattern) { return fits(pattern, path); });
}

v1::Target const* target_in(v1::Targets const& targets, std::string_view path) {
    auto const target = std::find_if(targets.targets().begin(), targets.targets().end(),
                                     [&](v1::Target const& t) { return t.path() == path; });
    return target == targets.targets().end() ? nullptr : &*target;
}

}  // namespace

Search::Search(TrustedSet const& trusted, std::string path) : trusted_(trusted), path_(std::move(path)) {
    auto target = trusted_.find(path_);
    if (target || target.error().code != Errc::no_such_target) {
        found_ = std::move(target);
        return;
    }
    auto next = delegated("targets", *trusted_.targets());
    if (next) {
        go_on(std::move(*next));
    } else {
        found_ = pass_on(next);
    }
}

Status Search::take(std::string_view envelope) {
    if (!wanted_) return fail(Errc::out_of_order, "take was called out of order; this is a bug, please report it");
    auto const& step = to_visit_.back();
    auto const targets = trusted_.open_targets(step.role, step.signatories, envelope);
    if (!targets) {
        return pass_on(targets, "the role " + in_quotes(step.role) + ", which " + in_quotes(path_) +
                                    " is delegated to, cannot be believed");
    }
    if (auto const* message = target_in(*targets, path_)) {
        auto const target = release::Target::from_proto(*message);
        if (!target) return fail(Errc::malformed, in_quotes(step.role) + ": " + target.error().detail);
        found_ = *target;
        wanted_ = nullptr;
        return {};
    }
    // Before its delegations are read: one to itself leads nowhere, whatever keys it names.
    visited_.insert(step.role);
    auto next = delegated(step.role, *targets);
    if (!next) return pass_on(next);
    to_visit_.pop_back();
    go_on(std::move(*next));
    return {};
}

Result<release::Target> Search::result() const {
    if (wanted_) return fail(Errc::out_of_order, "result was called out of order; this is a bug, please report it");
    if (found_) return *found_;
    return fail(Errc::no_such_target, "the manifest has no target " + in_quotes(path_) +
                                          (visited_.empty() ? "" : ", nor has any role that it is delegated to"));
}

// The roles to which `targets` delegates the path, the last one first. No more than may still be visited: the others
// would never be reached.
Result<Search::Delegated> Search::delegated(std::string const& by, v1::Targets const& targets) const {
    Delegated result;
    std::vector<v1::Delegation const*> fitting;
    for (auto const& delegation : targets.delegations()) {
        if (fitting.size() == kMaxSearchedRoles || result.terminating) break;
        if (!delegates(delegation, path_)) continue;
        result.terminating = delegation.terminating();
        if (!visited_.contains(delegation.name())) fitting.push_back(&delegation);
    }
    if (fitting.empty()) return result;
    auto const table = KeyTable::of(in_quotes(by), targets.keys());
    if (!table) return pass_on(table);
    for (auto const* delegation : std::vector(fitting.rbegin(), fitting.rend())) {
        auto signatories = Signatories::of(in_quotes(by), in_quotes(delegation->name()), *table, delegation->keyids(),
                                           delegation->threshold());
        if (!signatories) return pass_on(signatories);
        result.steps.push_back({delegation->name(), std::move(*signatories)});
    }
    return result;
}

// To the next role that has not been visited, if there is one and the limit allows it.
void Search::go_on(Delegated delegated) {
    // Whatever waits behind a terminating delegation is not looked into any more.
    if (delegated.terminating) to_visit_.clear();
    std::move(delegated.steps.begin(), delegated.steps.end(), std::back_inserter(to_visit_));
    wanted_ = nullptr;
    while (!to_visit_.empty() && visited_.contains(to_visit_.back().role)) to_visit_.pop_back();
    if (to_visit_.empty() || visited_.size() == kMaxSearchedRoles) return;
    wanted_ = trusted_.named(to_visit_.back().role);
    if (wanted_) return;
    found_ = fail(Errc::no_such_target, in_quotes(path_) + " is delegated to the role " +
                                            in_quotes(to_visit_.back().role) + ", which the snapshot does not name");
}

}  // namespace lanyard::trust
