#include "proto/identity/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "proto/identity/errc.h"
#include "proto/identity/key.h"

namespace lanyard::identity {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;
using Names = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

constexpr std::size_t kMostPemBytes = 64 * 1024;

std::string common_name_of(X509* certificate) {
    auto* const name = X509_get_subject_name(certificate);
    int const at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0) return "";
    auto const* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    return {reinterpret_cast<char const*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string role_of(X509* certificate) {
    Names const names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        GENERAL_NAMES_free);
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        auto const* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type != GEN_URI) continue;
        auto const* uri = name->d.uniformResourceIdentifier;
        std::string_view const text(reinterpret_cast<char const*>(ASN1_STRING_get0_data(uri)),
                                    static_cast<std::size_t>(ASN1_STRING_length(uri)));
        if (text.starts_with(kRolePrefix)) return std::string(text.substr(kRolePrefix.size()));
    }
    return "";
}

bool read_time(ASN1_TIME const* time, std::chrono::sys_seconds& place) {
    std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> const epoch(ASN1_TIME_set(nullptr, 0), ASN1_TIME_free);
    int days = 0;
    int seconds = 0;
    if (!epoch || ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) return false;
    place = std::chrono::sys_seconds(std::chrono::days(days) + std::chrono::seconds(seconds));
    return true;
}

template <class Encode>
std::string der_of(Encode encode) {
    unsigned char* bytes = nullptr;
    int const size = encode(&bytes);
    if (size <= 0) return "";
    std::string der(reinterpret_cast<char const*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return der;
}

}  // namespace

Result<Certificate> read_certificate(std::string_view pem) {
    auto const malformed = [] {
        ERR_clear_error();
        return fail(Errc::malformed_certificate, "this is no X.509 certificate in PEM; put the right file there");
    };
    if (pem.size() > kMostPemBytes) return malformed();
    Bio const bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    X509Ptr const x509(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
    if (!x509) return malformed();
    Certificate certificate;
    certificate.common_name = common_name_of(x509.get());
    certificate.role = role_of(x509.get());
    if (!read_time(X509_get0_notBefore(x509.get()), certificate.not_before) ||
        !read_time(X509_get0_notAfter(x509.get()), certificate.not_after)) {
        return malformed();
    }
    auto* const key = X509_get0_pubkey(x509.get());
    if (!key) return malformed();
    certificate.public_key = der_of([&](unsigned char** out) { return i2d_PUBKEY(key, out); });
    certificate.fingerprint = sha256(der_of([&](unsigned char** out) { return i2d_X509(x509.get(), out); }));
    ERR_clear_error();
    return certificate;
}

}  // namespace lanyard::identity
