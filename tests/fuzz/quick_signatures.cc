// Stands in for Ed25519 where libFuzzer runs a target: linked in place of manifests/trust/signature.cc and of
// real_signatures.cc. A signature is the SHA-256 of key and message, a hundred times faster, so that it is our
// decisions that are fuzzed and not OpenSSL's arithmetic. The replay of the corpus, a test, has real keys.
#include <string>

#include "manifests/trust/envelope.h"
#include "manifests/trust/signature.h"
#include "tests/fuzz/fixed_keys.h"

namespace lanyard {
namespace {

std::string signature_of(std::string const& key, std::string_view message) {
    auto const digest = trust::sha256(key + std::string(message)).to_raw();
    return digest + digest;
}

}  // namespace

namespace trust {

bool is_known_algorithm(v1::Key const& key) { return key.alg() == kAlgEd25519; }

bool is_sound_key(v1::Key const& key) { return key.alg() == kAlgEd25519 && key.public_key().size() == 32; }

bool verifies(v1::Key const& key, std::string_view message, std::string_view signature) {
    return signature == signature_of(key.public_key(), message);
}

}  // namespace trust

namespace fuzz {

std::string sign(unsigned i, std::string_view message) { return signature_of(public_key(i).key.public_key(), message); }

}  // namespace fuzz
}  // namespace lanyard
