#include "tests/fuzz/fixed_keys.h"

#include "manifests/trust/envelope.h"
#include "tests/fuzz/fuzz.h"

namespace lanyard::fuzz {
namespace {

constexpr char kPublic[kKeys][65] = {
    "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c",
    "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394",
    "ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1",
    "ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c",
    "6e7a1cdd29b0b78fd13af4c5598feff4ef2a97166e3ca6f2e4fbfccd80505bf1",
    "8a875fff1eb38451577acd5afee405456568dd7c89e090863a0557bc7af49f17",
    "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
    "1398f62c6d1a457c51ba6a4b5f3dbd2f69fca93216218dc8997e416bd17d93ca",
};

PublicKey make(unsigned i) {
    PublicKey made;
    auto const raw = release::Digest::from_hex(kPublic[i]);
    must(raw.has_value(), "a public key has 32 bytes");
    made.key.set_alg(1);
    made.key.set_public_key(raw->to_raw());
    made.id = trust::key_id(made.key).to_raw();
    return made;
}

}  // namespace

PublicKey const& public_key(unsigned i) {
    static std::array<PublicKey, kKeys> const keys = {make(0), make(1), make(2), make(3),
                                                      make(4), make(5), make(6), make(7)};
    return keys.at(i);
}

v1::Envelope envelope(std::string const& payload_type, std::string const& payload, KeyMask signers) {
    v1::Envelope envelope;
    envelope.set_payload(payload);
    envelope.set_payload_type(payload_type);
    auto const message = trust::pae(payload_type, payload);
    for (unsigned i = 0; i < kKeys; ++i) {
        if ((signers >> i & 1) == 0) continue;
        auto& signature = *envelope.add_signatures();
        signature.set_keyid(public_key(i).id);
        signature.set_sig(sign(i, message));
    }
    return envelope;
}

}  // namespace lanyard::fuzz
