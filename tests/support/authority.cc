#include "tests/support/authority.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace lanyard::support {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

void must(bool done, char const* what) {
    if (!done) throw std::runtime_error(what);
}

Key make_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

template <class Write>
std::string written(Write write) {
    std::unique_ptr<BIO, decltype(&BIO_free_all)> const out(BIO_new(BIO_s_mem()), BIO_free_all);
    must(write(out.get()) == 1, "PEM");
    char* begin = nullptr;
    auto const size = BIO_get_mem_data(out.get(), &begin);
    return {begin, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    return written([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

std::string pem_of(EVP_PKEY* key) {
    return written([&](BIO* out) { return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

void add(X509* certificate, X509* issuer, int extension, char const* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> const made(
        X509V3_EXT_conf_nid(nullptr, &context, extension, value), X509_EXTENSION_free);
    must(made && X509_add_ext(certificate, made.get(), -1) == 1, value);
}

// Without an issuer it signs itself.
Certificate make(Wish const& wish, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key, bool authority) {
    static long serial = 0;
    Certificate certificate(X509_new(), X509_free);
    auto* const x509 = certificate.get();
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
    must(ASN1_TIME_set_string_X509(X509_getm_notBefore(x509), wish.from) == 1, wish.from);
    must(ASN1_TIME_set_string_X509(X509_getm_notAfter(x509), wish.until) == 1, wish.until);
    X509_set_pubkey(x509, key);
    auto const* const name = reinterpret_cast<unsigned char const*>(wish.common_name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8, name, -1, -1, 0);
    auto* const above = issuer ? issuer : x509;
    X509_set_issuer_name(x509, X509_get_subject_name(above));
    add(x509, above, NID_basic_constraints, authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add(x509, above, NID_subject_key_identifier, "hash");
    if (issuer) add(x509, above, NID_authority_key_identifier, "keyid");
    if (!wish.alternative_names.empty()) add(x509, above, NID_subject_alt_name, wish.alternative_names.c_str());
    must(X509_sign(x509, issuer_key, EVP_sha256()) > 0, "X509_sign");
    return certificate;
}

}  // namespace

Authority::Authority(std::string const& common_name)
    : key_(make_key()), certificate_(make({common_name, ""}, key_.get(), nullptr, key_.get(), true)) {}

Authority::~Authority() = default;

std::string Authority::pem() const { return pem_of(certificate_.get()); }

std::string Authority::sha256() const {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    must(X509_digest(certificate_.get(), EVP_sha256(), digest, &size) == 1, "X509_digest");
    return {digest, digest + size};
}

Identity Authority::issue(Wish const& wish) const {
    auto const key = make_key();
    auto const certificate = make(wish, key.get(), certificate_.get(), key_.get(), false);
    return {pem_of(certificate.get()), pem_of(key.get())};
}

Identity Authority::self_signed(Wish const& wish) {
    auto const key = make_key();
    auto const certificate = make(wish, key.get(), nullptr, key.get(), false);
    return {pem_of(certificate.get()), pem_of(key.get())};
}

}  // namespace lanyard::support
