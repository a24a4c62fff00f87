#pragma once

#include <memory>

#include "manifests/signing/signer.h"

namespace lanyard::support {

// The Ed25519 key whose secret is 32 times this byte: the same in every run.
std::unique_ptr<signing::Signer> fixed_key(unsigned char secret);

// Keys in memory of the algorithms that the seeder itself makes none of.
std::unique_ptr<signing::Signer> generate_p256_key();
std::unique_ptr<signing::Signer> generate_rsa_key();

}  // namespace lanyard::support
