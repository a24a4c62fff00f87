#pragma once

#include <memory>
#include <span>

#include "manifests/release/digest.h"

namespace lanyard::package {

// SHA-256 of bytes that come in parts.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256 const&) = delete;
    Sha256& operator=(Sha256 const&) = delete;

    void add(std::span<char const> bytes);
    release::Digest finish();  // and begins anew

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

}  // namespace lanyard::package
