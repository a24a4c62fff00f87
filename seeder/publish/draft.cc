#include "seeder/publish/draft.h"

#include "seeder/publish/errc.h"

namespace lanyard::publish {
namespace {

using trust::RoleName;

template <class Payload>
void put_unsigned(v1::SigningRequest& request, RoleName role, Payload const& payload) {
    auto& named = *request.add_to_sign();
    named.set_role(trust::text(role));
    named.mutable_envelope()->set_payload(payload.SerializeAsString());
    named.mutable_envelope()->set_payload_type(trust::payload_type(role));
}

void put_current(v1::SigningRequest& request, RoleName role, SignedRole const& signed_role) {
    auto& named = *request.add_current();
    named.set_role(trust::text(role));
    static_cast<void>(named.mutable_envelope()->ParseFromString(signed_role.envelope));
}

tl::unexpected<Error> overtaken(RoleName role, std::uint64_t asked, std::uint64_t now) {
    return fail(Errc::overtaken, "the signatures are for " + std::string(trust::text(role)) + " " +
                                     std::to_string(asked) + ", and " + std::to_string(now) +
                                     " is published already: make the request again and have that signed");
}

}  // namespace

v1::SigningRequest request_for(Draft const& draft, std::optional<Manifest> const& before) {
    v1::SigningRequest request;
    request.set_schema(1);
    if (draft.root) put_unsigned(request, RoleName::root, *draft.root);
    if (draft.targets) put_unsigned(request, RoleName::targets, *draft.targets);
    if (before) {
        put_current(request, RoleName::root, before->roots.back());
        put_current(request, RoleName::targets, before->targets);
    }
    return request;
}

Result<Manifest> put_in_place(signing::Request const& request, std::optional<Manifest> const& before) {
    Manifest next = before.value_or(Manifest());
    if (auto const* item = request.find("root")) {
        auto root = sealed(RoleName::root, item->envelope);
        if (!root) return pass_on(root);
        auto const last = next.roots.empty() ? 0 : next.roots.back().version;
        if (root->version != last + 1) return overtaken(RoleName::root, root->version, last);
        next.roots.push_back(std::move(*root));
    }
    if (auto const* item = request.find("targets")) {
        auto targets = sealed(RoleName::targets, item->envelope);
        if (!targets) return pass_on(targets);
        auto const last = next.targets.version;
        if (targets->version <= last) return overtaken(RoleName::targets, targets->version, last);
        next.targets = std::move(*targets);
    }
    if (next.roots.empty() || next.targets.version == 0) {
        return fail(Errc::not_initialised,
                    "this seeder has no repository yet: import the request of its `init` first, signed");
    }
    return next;
}

}  // namespace lanyard::publish
