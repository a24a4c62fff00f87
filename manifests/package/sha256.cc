#include "manifests/package/sha256.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace lanyard::package {
namespace {

// Nothing that comes from outside can make these calls fail: only a crypto library without SHA-256, or no memory.
void check(int result) {
    if (result != 1) throw std::runtime_error("OpenSSL cannot compute SHA-256");
}

}  // namespace

struct Sha256::Context {
    Context() : evp(EVP_MD_CTX_new()) { begin(); }
    ~Context() { EVP_MD_CTX_free(evp); }
    Context(Context const&) = delete;
    Context& operator=(Context const&) = delete;

    void begin() { check(EVP_DigestInit_ex(evp, EVP_sha256(), nullptr)); }

    EVP_MD_CTX* evp;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;

void Sha256::add(std::span<char const> bytes) { check(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size())); }

release::Digest Sha256::finish() {
    release::Digest::Bytes bytes;
    unsigned length = 0;
    check(EVP_DigestFinal_ex(context_->evp, reinterpret_cast<unsigned char*>(bytes.data()), &length));
    context_->begin();
    return release::Digest(bytes);
}

}  // namespace lanyard::package
