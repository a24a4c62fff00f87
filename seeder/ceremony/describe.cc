#include "seeder/ceremony/describe.h"

#include <fmt/format.h>

#include "manifests/trust/opening.h"
#include "seeder/ceremony/differences.h"
#include "seeder/ceremony/errc.h"

namespace lanyard::ceremony {
namespace {

constexpr char const* kNothingVouches = R"(
NOTHING VOUCHES for what the seeder calls published, so that everything is shown as new. To
see what changes, name the digest of the first root as you know it (--root-digest sha256:...;
`init` has printed it, and it stands in every node's node.toml), or with --key a key that has
signed here before.
)";

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
    text +=
        now_published ? fmt::format("in place of {} {}\n", role, now_published->version()) : "compared with nothing\n";
    if (now_published && next.version() != now_published->version() + 1) {
        text += "    WARNING: this is not the version that follows, which is right only after seeder.db was lost\n";
    }
    text += fmt::format("    holds until {}\n", day_of(next.expires(), now));
    if (now_published && now_published->expires() != next.expires()) {
        text += fmt::format("    before: until {}\n", day_of(now_published->expires(), now));
    }
    return text;
}

std::string who_signs(signing::Item const& item) {
    std::string text;
    for (auto const& quorum : item.quorums) {
        text += fmt::format("    needs {} of {} {}:\n", quorum.threshold, quorum.keys.size(), quorum.who);
        for (auto const& key : quorum.keys) {
            bool const done = signing::signatures_of({"", {key}, 1}, item.envelope) == 1;
            text += "        " + trust::key_id(key).to_hex() + (done ? " (has signed)" : "") + "\n";
        }
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

Result<std::string> describe_root(signing::Item const& item, std::optional<Published> const& published,
                                  trust::TimePoint now) {
    auto const next = trust::parse_root(item.envelope.payload());
    if (!next) return pass_on(next);
    auto const* before = published ? &published->root : nullptr;
    return head("root", *next, before, now) + differences(before ? *before : v1::Root(), *next) +
           oddities(*next, item.envelope.payload()) + who_signs(item);
}

v1::Targets const* published_role(std::optional<Published> const& published, std::string const& role) {
    if (!published) return nullptr;
    if (role == "targets") return &published->targets;
    auto const there = published->delegated.find(role);
    return there == published->delegated.end() ? nullptr : &there->second;
}

Result<std::string> describe_targets(signing::Item const& item, std::optional<Published> const& published,
                                     trust::TimePoint now) {
    auto const next = trust::parse_targets(item.envelope.payload());
    if (!next) return pass_on(next);
    auto const* before = published_role(published, item.role);
    return head(item.role, *next, before, now) + differences(before ? *before : v1::Targets(), *next) +
           oddities(*next, item.envelope.payload()) + who_signs(item);
}

// Of a payload that has been parsed before.
std::string repository_of(signing::Item const& item) {
    auto const& payload = item.envelope.payload();
    return item.role == "root" ? trust::parse_root(payload)->repo_id() : trust::parse_targets(payload)->repo_id();
}

// A key may be known in a repository that is not the one that is shown.
Status check_repositories(signing::Request const& request, std::string const& repository) {
    for (auto const& item : request.items()) {
        if (repository_of(item) == repository) continue;
        return fail(Errc::other_repository, "the " + item.role +
                                                " to be signed are of another repository than the rest "
                                                "of the request: do not sign it, have it made anew");
    }
    return {};
}

}  // namespace

Result<std::string> describe(signing::Request const& request, std::optional<Published> const& published,
                             trust::TimePoint now) {
    auto const repository = published ? published->root.repo_id() : repository_of(request.items().front());
    if (auto const same = check_repositories(request, repository); !same) return pass_on(same);
    auto text = fmt::format("To be signed for the repository {}:\n", hex_of(repository));
    for (auto const& item : request.items()) {
        auto const words =
            item.role == "root" ? describe_root(item, published, now) : describe_targets(item, published, now);
        if (!words) return words;
        text += "\n" + *words;
    }
    if (request.roots().empty()) {
        text += "\nThis is a NEW repository: there is nothing to compare with.\n";
    } else if (!published) {
        text += kNothingVouches;
    }
    return text;
}

}  // namespace lanyard::ceremony
