#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "proto/outcome/result.h"

struct evp_pkey_st;

namespace lanyard::identity {

// What a signature is for: one made for a report never passes as a request to be enrolled.
enum class Purpose { enrolment, report };

// The key by which a node or an operator is known: ECDSA on P-256 with SHA-256.
class Key {
public:
    static Result<Key> generate();
    // PKCS#8 without a passphrase. `origin` is named in errors.
    static Result<Key> from_pem(std::string_view pem, std::string const& origin);

    Result<std::string> to_pem() const;
    std::string const& public_key() const { return public_key_; }  // SubjectPublicKeyInfo, DER

    // For those who make certificates. Not null; lives as long as this object.
    evp_pkey_st* native() const { return key_.get(); }

    // DER, at most 72 bytes.
    Result<std::string> sign(Purpose purpose, std::string_view message) const;

private:
    Key(std::shared_ptr<evp_pkey_st> key, std::string public_key)
        : key_(std::move(key)), public_key_(std::move(public_key)) {}
    static Result<Key> of(std::shared_ptr<evp_pkey_st> key);

    std::shared_ptr<evp_pkey_st> key_;
    std::string public_key_;
};

// Whether `signature` was made by the holder of `public_key` (as Key::public_key gives it; anything else is refused).
Status verify(std::string_view public_key, Purpose purpose, std::string_view message, std::string_view signature);

// The id of the node that has this key: 32 hex digits, half of the SHA-256 of the key. Nobody can take another node's
// id without its key.
std::string node_id_of(std::string_view public_key);

std::string sha256(std::string_view bytes);   // 32 raw bytes
std::string random_bytes(std::size_t count);  // from the system's generator
std::string to_hex(std::string_view bytes);

}  // namespace lanyard::identity
