#include "seeder/authority/certificates.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "proto/identity/certificate.h"
#include "seeder/authority/errc.h"

namespace lanyard::authority {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;
using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Extension = std::pair<int, std::string>;

constexpr std::size_t kSerialSize = 16;

tl::unexpected<Error> openssl_failed(char const* what) {
    ERR_clear_error();
    return fail(Errc::failed, std::string("OpenSSL could not ") + what + "; is the machine out of memory?");
}

unsigned char const* bytes_of(std::string_view text) { return reinterpret_cast<unsigned char const*>(text.data()); }

// What goes into a certificate.
struct Draft {
    std::string common_name;
    std::chrono::sys_seconds not_before;
    std::chrono::sys_seconds not_after;
    std::vector<Extension> extensions;
};

bool put_serial(X509* certificate) {
    auto serial = identity::random_bytes(kSerialSize);
    serial[0] = static_cast<char>((serial[0] & 0x7f) | 0x40);  // positive, and of one length
    std::unique_ptr<BIGNUM, decltype(&BN_free)> const number(
        BN_bin2bn(bytes_of(serial), static_cast<int>(serial.size()), nullptr), BN_free);
    return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool put_name(X509* certificate, std::string const& common_name) {
    std::unique_ptr<X509_NAME, decltype(&X509_NAME_free)> const name(X509_NAME_new(), X509_NAME_free);
    return name &&
           X509_NAME_add_entry_by_NID(name.get(), NID_commonName, MBSTRING_UTF8, bytes_of(common_name),
                                      static_cast<int>(common_name.size()), -1, 0) == 1 &&
           X509_set_subject_name(certificate, name.get()) == 1;
}

bool put_times(X509* certificate, Draft const& draft) {
    auto const seconds = [](std::chrono::sys_seconds time) { return time.time_since_epoch().count(); };
    return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(draft.not_before)) &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(draft.not_after));
}

bool put_extensions(X509* certificate, X509* issuer, std::vector<Extension> const& extensions) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    return std::all_of(extensions.begin(), extensions.end(), [&](Extension const& extension) {
        std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> const made(
            X509V3_EXT_conf_nid(nullptr, &context, extension.first, extension.second.c_str()), X509_EXTENSION_free);
        return made && X509_add_ext(certificate, made.get(), -1) == 1;
    });
}

Result<std::string> to_pem(X509* certificate) {
    Bio const bio(BIO_new(BIO_s_mem()), BIO_free);
    if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return openssl_failed("write a certificate");
    char* text = nullptr;
    auto const size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

// `issuer` null: signed by itself.
Result<std::string> issue(Draft const& draft, EVP_PKEY* subject_key, X509* issuer, EVP_PKEY* issuer_key) {
    X509Ptr const certificate(X509_new(), X509_free);
    auto* const made = certificate.get();
    bool const done =
        made && X509_set_version(made, X509_VERSION_3) == 1 && put_serial(made) && put_name(made, draft.common_name) &&
        put_times(made, draft) && X509_set_issuer_name(made, X509_get_subject_name(issuer ? issuer : made)) == 1 &&
        X509_set_pubkey(made, subject_key) == 1 && put_extensions(made, issuer ? issuer : made, draft.extensions) &&
        X509_sign(made, issuer_key, EVP_sha256()) > 0;
    if (!done) return openssl_failed("make a certificate");
    return to_pem(made);
}

Result<std::string> issue(Draft const& draft, std::string_view public_key, X509* issuer, EVP_PKEY* issuer_key) {
    auto const* at = bytes_of(public_key);
    Pkey const subject(d2i_PUBKEY(nullptr, &at, static_cast<long>(public_key.size())), EVP_PKEY_free);
    if (!subject) {
        ERR_clear_error();
        return fail(Errc::malformed, "the public key cannot be read; make a new one");
    }
    return issue(draft, subject.get(), issuer, issuer_key);
}

Draft draft_of(std::string common_name, std::chrono::sys_seconds now, std::chrono::days life,
               std::vector<Extension> extensions) {
    std::vector<Extension> all = {{NID_basic_constraints, "critical,CA:FALSE"},
                                  {NID_key_usage, "critical,digitalSignature"},
                                  {NID_subject_key_identifier, "hash"},
                                  {NID_authority_key_identifier, "keyid:always"}};
    for (auto& extension : extensions) all.push_back(std::move(extension));
    return Draft{std::move(common_name), now - kBackdated, now + life, std::move(all)};
}

bool is_ip(std::string const& host) {
    std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> const address(a2i_IPADDRESS(host.c_str()),
                                                                                        ASN1_OCTET_STRING_free);
    ERR_clear_error();
    return address != nullptr;
}

std::string role_uri(std::string_view role) { return "URI:" + std::string(identity::kRolePrefix).append(role); }

}  // namespace

Result<std::string> CertificateAuthority::self_sign(identity::Key const& key, std::string const& name,
                                                    std::chrono::sys_seconds now) {
    Draft const draft{name,
                      now - kBackdated,
                      now + kCaLife,
                      {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                       {NID_key_usage, "critical,keyCertSign,cRLSign"},
                       {NID_subject_key_identifier, "hash"}}};
    return issue(draft, key.native(), nullptr, key.native());
}

Result<CertificateAuthority> CertificateAuthority::load(identity::Key key, std::string certificate_pem,
                                                        std::string const& origin) {
    Bio const bio(BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())), BIO_free);
    std::shared_ptr<X509> certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr,
                                      X509_free);
    bool const fits = certificate && X509_check_private_key(certificate.get(), key.native()) == 1;
    ERR_clear_error();
    if (!fits) {
        return fail(Errc::unusable_ca, origin +
                                           " is not the certificate of the fleet CA's key: put both back from one "
                                           "backup");
    }
    auto const read = identity::read_certificate(certificate_pem);
    if (!read) return pass_on(read, origin);
    return CertificateAuthority(std::move(key), std::move(certificate), std::move(certificate_pem), read->fingerprint);
}

Result<std::string> CertificateAuthority::certify_node(std::string const& id, std::string_view public_key,
                                                       std::chrono::sys_seconds now) const {
    auto const draft =
        draft_of(id, now, kNodeLife, {{NID_ext_key_usage, "clientAuth"}, {NID_subject_alt_name, role_uri("node")}});
    return issue(draft, public_key, certificate_.get(), key_.native());
}

Result<std::string> CertificateAuthority::certify_operator(std::string const& name, std::string_view role,
                                                           std::string_view public_key,
                                                           std::chrono::sys_seconds now) const {
    auto const draft =
        draft_of(name, now, kOperatorLife, {{NID_ext_key_usage, "clientAuth"}, {NID_subject_alt_name, role_uri(role)}});
    return issue(draft, public_key, certificate_.get(), key_.native());
}

Result<std::string> CertificateAuthority::certify_server(std::vector<std::string> const& hosts,
                                                         std::string_view public_key,
                                                         std::chrono::sys_seconds now) const {
    std::string names;
    for (auto const& host : hosts) {
        // They become part of a line that OpenSSL parses.
        if (host.empty() || host.find_first_of(",;:\n ") != std::string::npos) {
            if (!is_ip(host)) return fail(Errc::malformed, "'" + host + "' is no host that a certificate can name");
        }
        names += (names.empty() ? "" : ",") + std::string(is_ip(host) ? "IP:" : "DNS:") + host;
    }
    if (hosts.empty()) return fail(Errc::malformed, "the seeder's certificate needs a host to name");
    // A common name has at most 64 bytes; who checks the host looks at the other names.
    auto const draft = draft_of(hosts.front().substr(0, 64), now, kServerLife,
                                {{NID_ext_key_usage, "serverAuth"}, {NID_subject_alt_name, names}});
    return issue(draft, public_key, certificate_.get(), key_.native());
}

}  // namespace lanyard::authority
