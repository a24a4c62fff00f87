#include "manifests/trust/envelope.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace lanyard::trust {

char const* text(RoleName role) {
    switch (role) {
        case RoleName::root:
            return "root";
        case RoleName::timestamp:
            return "timestamp";
        case RoleName::snapshot:
            return "snapshot";
        case RoleName::targets:
            return "targets";
    }
    return "unknown role";
}

std::string payload_type(RoleName role) {
    return std::string("application/vnd.lanyard.") + text(role) + ".v1+protobuf";
}

std::string pae(std::string_view payload_type, std::string_view payload) {
    std::string encoded = "DSSEv1 ";
    encoded.reserve(payload_type.size() + payload.size() + 48);
    encoded.append(std::to_string(payload_type.size())).append(" ").append(payload_type);
    encoded.append(" ").append(std::to_string(payload.size())).append(" ").append(payload);
    return encoded;
}

release::Digest key_id(v1::Key const& key) {
    // A number that does not fit into the byte names no algorithm, and neither will 0.
    auto const alg = key.alg() < 256 ? static_cast<char>(key.alg()) : '\0';
    return sha256(alg + key.public_key());
}

release::Digest sha256(std::string_view bytes) {
    release::Digest::Bytes digest;
    // Fails only when OpenSSL cannot allocate or has lost its default provider: then nothing can be judged.
    if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha256(),
                   nullptr) != 1) {
        throw std::runtime_error("OpenSSL cannot compute a SHA-256");
    }
    return release::Digest(digest);
}

}  // namespace lanyard::trust
