#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "proto/http/errc.h"
#include "proto/http/tls.h"
#include "proto/http/tls_openssl.h"

// Why a client does not go on with a server, in words.
namespace lanyard::http {
namespace {

constexpr std::size_t kMostShown = 160;
constexpr int kAlerts = 1000;  // OpenSSL: the reason is this plus the alert that the other side has sent
constexpr int kProtocolVersion = 70;
constexpr int kDecryptError = 51;
constexpr int kCertificateRequired = 116;

// The other side has written it.
std::string safe(std::string text) {
    text.resize(std::min(text.size(), kMostShown));
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return text;
}

std::string text_in(BIO* bio) {
    char* begin = nullptr;
    auto const size = BIO_get_mem_data(bio, &begin);
    return safe(size > 0 ? std::string(begin, static_cast<std::size_t>(size)) : std::string());
}

using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

std::string issuer_of(X509* certificate) {
    Bio const out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), X509_get_issuer_name(certificate), 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
    return text_in(out.get());
}

std::string names_of(X509* certificate) {
    Bio const out(BIO_new(BIO_s_mem()));
    auto const at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
    if (at < 0) return "no name at all";
    X509V3_EXT_print(out.get(), X509_get_ext(certificate, at), 0, 0);
    return text_in(out.get());
}

std::string validity_of(X509* certificate) {
    Bio const out(BIO_new(BIO_s_mem()));
    ASN1_TIME_print(out.get(), X509_get0_notBefore(certificate));
    BIO_puts(out.get(), " to ");
    ASN1_TIME_print(out.get(), X509_get0_notAfter(certificate));
    return text_in(out.get());
}

bool is_about_time(int refusal) {
    return refusal == X509_V_ERR_CERT_HAS_EXPIRED || refusal == X509_V_ERR_CERT_NOT_YET_VALID;
}

bool is_about_name(int refusal) {
    return refusal == X509_V_ERR_HOSTNAME_MISMATCH || refusal == X509_V_ERR_IP_ADDRESS_MISMATCH;
}

Error refused_by_us(int refusal, std::string const& shown, std::string const& server) {
    if (is_about_time(refusal)) {
        return {Errc::certificate_expired, "the certificate of " + server + " is not valid now (" + shown +
                                               "); check the clock of this machine, else the server has to renew it"};
    }
    if (is_about_name(refusal)) {
        return {Errc::wrong_name, server + " shows a certificate for another name (" + shown +
                                      "); use that name, or have the certificate made for this one"};
    }
    return {Errc::unknown_ca,
            server + " shows a certificate that the trusted CA has not signed (" + shown + ", " +
                X509_verify_cert_error_string(refusal) +
                "): somebody else answers there or in between, or the trusted CA is another server's"};
}

bool is_about_own_certificate(int alert) {
    return (alert >= 41 && alert <= 49) || alert == kDecryptError || alert == kCertificateRequired;
}

}  // namespace

int note_refusal(int accepted, X509_STORE_CTX* verification) {
    if (accepted == 1) return 1;
    auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& refusal = *static_cast<TlsSession::Refusal*>(SSL_get_app_data(ssl));
    refusal.error = X509_STORE_CTX_get_error(verification);
    auto* const certificate = X509_STORE_CTX_get_current_cert(verification);
    if (certificate == nullptr) return 0;
    refusal.shown = is_about_time(refusal.error)   ? validity_of(certificate)
                    : is_about_name(refusal.error) ? names_of(certificate)
                                                   : "issued by " + issuer_of(certificate);
    return 0;
}

std::optional<Error> TlsSession::failure(std::string const& server) const {
    if (!failed_) return std::nullopt;
    if (refusal_.error != X509_V_OK) return refused_by_us(refusal_.error, refusal_.shown, server);
    auto const verified = static_cast<int>(SSL_get_verify_result(ssl_.get()));
    if (!established_ && verified != X509_V_OK) return refused_by_us(verified, "not the pinned one", server);
    auto const alert = reason_ - kAlerts;
    if (is_about_own_certificate(alert)) {
        return Error(Errc::certificate_refused, server + " does not accept the certificate of this machine, or wants " +
                                                    "one (" + SSL_alert_desc_string_long(alert) +
                                                    "); have it made again by the CA of that server");
    }
    // The other side has gone; that is not for TLS to explain.
    if (reason_ == 0 || reason_ == SSL_R_UNEXPECTED_EOF_WHILE_READING) return std::nullopt;
    if (alert == kProtocolVersion || (!established_ && alert < 0)) {
        return Error(Errc::not_tls,
                     server + " does not speak TLS 1.3; check address and port, and that it is https there");
    }
    return Error(Errc::tampered,
                 "what arrives from " + server +
                     " is not what was sent there: something in between alters it, or one side is broken");
}

}  // namespace lanyard::http
