// The payload of a root, and the keyring made of it. It is the one payload that is parsed before it can be verified.
#include <string>

#include "manifests/trust/keyring.h"
#include "manifests/trust/trusted_set.h"
#include "tests/fuzz/payload.h"

using namespace lanyard;
using fuzz::must;
using trust::RoleName;

namespace {

// Under every key id of the root, the signature that fits most keys: R and S are 0.
v1::Envelope signed_by_nobody(RoleName role, v1::Root const& root) {
    v1::Envelope envelope;
    envelope.set_payload_type(trust::payload_type(role));
    for (auto const& key : root.keys()) {
        auto& signature = *envelope.add_signatures();
        signature.set_keyid(trust::key_id(key).to_raw());
        signature.set_sig(std::string(64, '\0'));
    }
    return envelope;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const payload(fuzz::text(data, size));
    auto const root = trust::parse_root(payload);
    if (!root) return 0;
    fuzz::check_head(*root);
    auto const keyring = trust::Keyring::of(*root);
    if (!keyring) return 0;
    for (auto const* role : {&root->root(), &root->timestamp(), &root->snapshot(), &root->targets()}) {
        must(role->threshold() >= 1, "no role goes without a signature");
    }
    for (auto const role : {RoleName::root, RoleName::timestamp, RoleName::snapshot, RoleName::targets}) {
        must(!keyring->verify(role, v1::Envelope()), "no signature is never enough");
        must(!keyring->verify(role, signed_by_nobody(role, *root)), "a signature of nobody counts for nothing");
        must(keyring->same_keys(role, *keyring), "a keyring has its own keys");
    }
    return 0;
}
