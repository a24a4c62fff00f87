#include "seeder/publish/draft.h"

#include "manifests/trust/errc.h"
#include "manifests/trust/opening.h"
#include "seeder/publish/errc.h"

namespace lanyard::publish {
namespace {

using trust::RoleName;

template <class Payload>
void put_unsigned(v1::SigningRequest& request, std::string const& role, RoleName type, Payload const& payload) {
    auto& named = *request.add_to_sign();
    named.set_role(role);
    named.mutable_envelope()->set_payload(payload.SerializeAsString());
    named.mutable_envelope()->set_payload_type(trust::payload_type(type));
}

void put_current(v1::SigningRequest& request, std::string const& role, SignedRole const& signed_role) {
    auto& named = *request.add_current();
    named.set_role(role);
    static_cast<void>(named.mutable_envelope()->ParseFromString(signed_role.envelope));
}

// What is published of these roles now, and of those above them.
void put_published(v1::SigningRequest& request, std::optional<Manifest> const& before) {
    if (!before) return;
    put_current(request, "root", before->roots.back());
    put_current(request, "targets", before->targets);
    for (std::size_t i = 0; i + 1 < before->roots.size(); ++i) {
        static_cast<void>(request.add_roots()->ParseFromString(before->roots[i].envelope));
    }
    for (auto const& named : request.to_sign()) {
        auto const there = before->delegated.find(named.role());
        if (there != before->delegated.end()) put_current(request, named.role(), there->second);
    }
}

// Of a payload that has been parsed before.
std::string repository_of(signing::Item const& item) {
    auto const& payload = item.envelope.payload();
    return item.role == "root" ? trust::parse_root(payload)->repo_id() : trust::parse_targets(payload)->repo_id();
}

Status check_repository(signing::Request const& request, std::optional<Manifest> const& before) {
    auto ours = repository_of(request.items().front());
    if (before) {
        auto const root = root_in(before->roots.back());
        if (!root) return pass_on(root);
        ours = root->repo_id();
    }
    for (auto const& item : request.items()) {
        if (repository_of(item) == ours) continue;
        return fail(Errc::other_repository, "the " + item.role +
                                                " in the request is of another repository than this seeder's: name the "
                                                "file that was signed for this one");
    }
    return {};
}

tl::unexpected<Error> overtaken(std::string const& role, std::uint64_t asked, std::uint64_t now) {
    return fail(Errc::overtaken, "the signatures are for " + role + " " + std::to_string(asked) + ", and " +
                                     std::to_string(now) +
                                     " is published already: make the request again and have that signed");
}

Status put_newer(std::string const& role, v1::Envelope const& envelope, SignedRole& place) {
    auto targets = sealed(RoleName::targets, envelope);
    if (!targets) return pass_on(targets);
    if (targets->version <= place.version) return overtaken(role, targets->version, place.version);
    place = std::move(*targets);
    return {};
}

}  // namespace

v1::SigningRequest request_for(Draft const& draft, std::optional<Manifest> const& before) {
    v1::SigningRequest request;
    request.set_schema(1);
    if (draft.root) put_unsigned(request, "root", RoleName::root, *draft.root);
    if (draft.targets) put_unsigned(request, "targets", RoleName::targets, *draft.targets);
    for (auto const& [name, targets] : draft.delegated) put_unsigned(request, name, RoleName::targets, targets);
    put_published(request, before);
    return request;
}

Result<signing::Request> held_against(signing::Request const& request, std::optional<Manifest> const& before) {
    if (auto const same = check_repository(request, before); !same) return pass_on(same);
    auto message = request.to_proto();
    message.clear_current();
    message.clear_roots();
    put_published(message, before);
    auto ours = signing::Request::from(std::move(message));
    if (!ours) return ours;
    auto const follows = put_in_place(*ours, before);
    if (!follows) return pass_on(follows);
    return ours;
}

Status check_fresh(signing::Request const& request, trust::TimePoint now) {
    for (auto const& item : request.items()) {
        if (item.role == "root") continue;
        auto const targets = trust::parse_targets(item.envelope.payload());
        if (!targets) return pass_on(targets);
        if (std::chrono::seconds(targets->expires()) > now.time_since_epoch()) continue;
        return fail(trust::Errc::freeze, "the " + item.role +
                                             " that were signed have expired already, and nodes would "
                                             "refuse them: make the request again and have that signed");
    }
    return {};
}

Result<Manifest> put_in_place(signing::Request const& request, std::optional<Manifest> const& before) {
    Manifest next = before.value_or(Manifest());
    if (auto const* item = request.find("root")) {
        auto root = sealed(RoleName::root, item->envelope);
        if (!root) return pass_on(root);
        auto const last = next.roots.empty() ? 0 : next.roots.back().version;
        if (root->version != last + 1) return overtaken("root", root->version, last);
        next.roots.push_back(std::move(*root));
    }
    if (auto const* item = request.find("targets")) {
        auto const placed = put_newer("targets", item->envelope, next.targets);
        if (!placed) return pass_on(placed);
    }
    for (auto const& item : request.items()) {
        if (item.role == "root" || item.role == "targets") continue;
        auto const placed = put_newer(item.role, item.envelope, next.delegated[item.role]);
        if (!placed) return pass_on(placed);
    }
    if (next.roots.empty() || next.targets.version == 0) {
        return fail(Errc::not_initialised,
                    "this seeder has no repository yet: import the request of its `init` first, signed");
    }
    return next;
}

}  // namespace lanyard::publish
