#include "seeder/ceremony/describe.h"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "manifests/trust/keyring.h"
#include "manifests/trust/opening.h"
#include "seeder/ceremony/differences.h"
#include "seeder/ceremony/errc.h"

namespace lanyard::ceremony {
namespace {

using trust::RoleName;

std::string hex_of(std::string const& bytes) {
    std::string digits;
    for (unsigned char const byte : bytes) digits += fmt::format("{:02x}", byte);
    return digits;
}

std::string day_of(std::int64_t expires, trust::TimePoint now) {
    trust::TimePoint const end{std::chrono::seconds(expires)};
    auto const days = std::chrono::floor<std::chrono::days>(end - now).count();
    return trust::utc(end) + (days < 0 ? " (PAST)" : fmt::format(" (in {} days)", days));
}

template <class Payload>
std::string head(std::string const& role, Payload const& next, Payload const* now_published, trust::TimePoint now) {
    auto text = fmt::format("{} {}, ", role, next.version());
    text += now_published ? fmt::format("in place of {} {}\n", role, now_published->version()) : "the FIRST one\n";
    text += fmt::format("    holds until {}\n", day_of(next.expires(), now));
    if (now_published && now_published->expires() != next.expires()) {
        text += fmt::format("    before: until {}\n", day_of(now_published->expires(), now));
    }
    return text;
}

std::string who_signs(signing::Item const& item) {
    std::string text;
    for (auto const& quorum : item.quorums) {
        text += fmt::format("    needs {} of {} {}:", quorum.threshold, quorum.keys.size(), quorum.who);
        for (auto const& key : quorum.keys) {
            bool const done = signing::signatures_of({"", {key}, 1}, item.envelope) == 1;
            text += " " + signing::short_id(key) + (done ? " (has signed)" : "");
        }
        text += "\n";
    }
    return text;
}

// Two programs that read these bytes must see the same.
template <class Payload>
std::string oddities(Payload const& payload, std::string const& bytes) {
    auto known = payload;
    known.DiscardUnknownFields();
    if (known.SerializeAsString() == bytes) return "";
    return "    WARNING: it holds fields that this program does not know, or is written in an unusual way: update "
           "lanyard-sign before you sign it\n";
}

// The same for delegated roles, by the published targets. One whose keys change now is compared with as it was.
Status check_published_roles(signing::Request const& request) {
    auto const targets = trust::parse_targets(request.current("targets")->payload());
    if (!targets) return pass_on(targets);
    auto const table = trust::KeyTable::of("targets", targets->keys());
    if (!table) return pass_on(table);
    for (auto const& item : request.items()) {
        auto const* envelope = item.role == "root" || item.role == "targets" ? nullptr : request.current(item.role);
        if (!envelope) continue;
        for (auto const& delegation : targets->delegations()) {
            if (delegation.name() != item.role) continue;
            auto const signatories =
                trust::Signatories::of("targets", item.role, *table, delegation.keyids(), delegation.threshold());
            if (!signatories) return pass_on(signatories);
            auto const fine = signatories->verify(item.role, *envelope);
            if (!fine) return pass_on(fine, "what the request calls published is not what its keys have signed");
        }
    }
    return {};
}

// What is compared with is worth nothing when its own keys have not signed it.
Status check_published(signing::Request const& request, std::optional<v1::Root> const& root) {
    if (!root) return {};
    auto const keyring = trust::Keyring::of(*root);
    if (!keyring) return pass_on(keyring);
    for (auto const role : {RoleName::root, RoleName::targets}) {
        auto const* envelope = request.current(trust::text(role));
        if (!envelope)
            return fail(Errc::nothing_to_compare, "the request does not hold the " + std::string(trust::text(role)) +
                                                      " that is published now: have it made anew");
        auto const fine = keyring->verify(role, *envelope);
        if (!fine) return pass_on(fine, "what the request calls published is not what its keys have signed");
    }
    return check_published_roles(request);
}

Result<std::optional<v1::Root>> published_root(signing::Request const& request) {
    auto const* envelope = request.current("root");
    if (!envelope) return std::optional<v1::Root>();
    auto root = trust::parse_root(envelope->payload());
    if (!root) return pass_on(root);
    return std::optional(std::move(*root));
}

Result<std::string> describe_root(signing::Item const& item, std::optional<v1::Root> const& before,
                                  trust::TimePoint now) {
    auto const next = trust::parse_root(item.envelope.payload());
    if (!next) return pass_on(next);
    if (before && before->repo_id() != next->repo_id()) {
        return fail(Errc::nothing_to_compare, "the new root is of another repository than the published one");
    }
    return head("root", *next, before ? &*before : nullptr, now) + differences(before.value_or(v1::Root()), *next) +
           oddities(*next, item.envelope.payload()) + who_signs(item);
}

Result<std::string> describe_targets(signing::Request const& request, signing::Item const& item, trust::TimePoint now) {
    auto const next = trust::parse_targets(item.envelope.payload());
    if (!next) return pass_on(next);
    std::optional<v1::Targets> before;
    if (auto const* envelope = request.current(item.role)) {
        auto parsed = trust::parse_targets(envelope->payload());
        if (!parsed) return pass_on(parsed);
        before = std::move(*parsed);
    }
    return head(item.role, *next, before ? &*before : nullptr, now) +
           differences(before.value_or(v1::Targets()), *next) + oddities(*next, item.envelope.payload()) +
           who_signs(item);
}

std::string repository_of(signing::Request const& request) {
    auto const& payload = request.items().front().envelope.payload();
    if (request.items().front().role == "root") return hex_of(trust::parse_root(payload)->repo_id());
    return hex_of(trust::parse_targets(payload)->repo_id());
}

}  // namespace

Result<std::string> describe(signing::Request const& request, trust::TimePoint now) {
    auto const before = published_root(request);
    if (!before) return pass_on(before);
    if (auto const sound = check_published(request, *before); !sound) return pass_on(sound);
    auto text = fmt::format("To be signed for the repository {}:\n", repository_of(request));
    for (auto const& item : request.items()) {
        auto const words =
            item.role == "root" ? describe_root(item, *before, now) : describe_targets(request, item, now);
        if (!words) return words;
        text += "\n" + *words;
    }
    if (!*before) text += "\nThis is a NEW repository: there is nothing to compare with.\n";
    return text;
}

}  // namespace lanyard::ceremony
