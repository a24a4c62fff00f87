#include "node/journal/keepsake.h"

#include <fmt/format.h>

#include <algorithm>

#include "manifests/trust/envelope.h"
#include "node/journal/errc.h"
#include "proto/schema/lanyard/v1/keepsake.pb.h"

namespace lanyard::journal {
namespace {

using release::Target;

Result<std::optional<Target>> target_of(bool present, v1::Target const& message) {
    if (!present) return std::optional<Target>();
    auto target = Target::from_proto(message);
    if (!target) return fail(Errc::damaged, "a target that was kept is not valid: " + target.error().detail);
    return std::optional<Target>(std::move(*target));
}

bool is(std::optional<Target> const& target, std::string const& version) {
    return target && target->version.text() == version;
}

}  // namespace

std::string Keepsake::to_bytes() const {
    v1::Keepsake message;
    if (installed.current) *message.mutable_current() = installed.current->to_proto();
    if (installed.previous) *message.mutable_previous() = installed.previous->to_proto();
    message.set_highest_counter(installed.highest_counter);
    if (next) *message.mutable_next() = next->to_proto();
    auto const body = message.SerializeAsString();
    return std::string(trust::sha256(body).to_raw()) + body;
}

Result<Keepsake> Keepsake::from_bytes(std::string_view bytes) {
    auto const body = bytes.substr(std::min(bytes.size(), release::Digest::kSize));
    v1::Keepsake message;
    if (trust::sha256(body).to_raw() != bytes.substr(0, release::Digest::kSize) ||
        !message.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
        return fail(Errc::damaged, "what was kept of an application is damaged");
    }
    auto current = target_of(message.has_current(), message.current());
    if (!current) return pass_on(current);
    auto previous = target_of(message.has_previous(), message.previous());
    if (!previous) return pass_on(previous);
    auto next = target_of(message.has_next(), message.next());
    if (!next) return pass_on(next);
    return Keepsake{{std::move(*current), std::move(*previous), message.highest_counter()}, std::move(*next)};
}

Result<Installed> Keepsake::installed_as(std::optional<std::string> const& current) const {
    auto found = installed;
    if (!current) {
        found.current.reset();
        found.previous.reset();
    } else if (is(installed.current, *current)) {
        // As it was committed.
    } else if (is(next, *current)) {
        found.previous = installed.current;
        found.current = next;
    } else if (is(installed.previous, *current)) {
        found.current = installed.previous;
        found.previous.reset();
    } else {
        return fail(Errc::damaged, fmt::format("nothing is known of version {}", *current));
    }
    if (found.current) found.highest_counter = std::max(found.highest_counter, found.current->release_counter);
    return found;
}

Result<Attempt> KeepsakeJournal::begin(check::Offer const& offer, Phase first) {
    auto attempt = journal_.begin(offer, first);
    if (attempt) keep(offer.target.app, offer.target);
    return attempt;
}

Status KeepsakeJournal::end(Attempt const& attempt, v1::Report report) {
    auto const ended = journal_.end(attempt, std::move(report));
    if (ended) keep(attempt.offer.target.app, std::nullopt);
    return ended;
}

void KeepsakeJournal::keep(release::AppId const& app, std::optional<Target> next) {
    auto const installed = records_.installed(app);
    if (!installed) return on_failure_(installed.error());
    auto const kept = write_(app, Keepsake{*installed, std::move(next)}.to_bytes());
    if (!kept) on_failure_(kept.error());
}

}  // namespace lanyard::journal
