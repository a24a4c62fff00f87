#include "seeder/publish/draft.h"

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
    if (before) {
        put_current(request, "root", before->roots.back());
        put_current(request, "targets", before->targets);
    }
    for (auto const& [name, targets] : draft.delegated) {
        auto const there = before ? before->delegated.find(name) : std::map<std::string, SignedRole>::const_iterator();
        if (before && there != before->delegated.end()) put_current(request, name, there->second);
    }
    return request;
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
