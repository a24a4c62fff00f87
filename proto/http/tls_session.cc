#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "proto/http/tls.h"
#include "proto/http/tls_openssl.h"

namespace lanyard::http {
namespace {

using boost::system::error_code;
using Need = TlsSession::Need;

std::string common_name_of(X509 const* certificate) {
    auto const* const subject = X509_get_subject_name(certificate);
    auto const at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) return {};
    unsigned char* text = nullptr;
    auto const size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (size < 0) return {};
    std::string name(text, text + size);
    OPENSSL_free(text);
    return name;
}

std::string der_of(X509 const* certificate) {
    unsigned char* bytes = nullptr;
    auto const size = i2d_X509(certificate, &bytes);
    if (size < 0) return {};
    std::string der(bytes, bytes + size);
    OPENSSL_free(bytes);
    return der;
}

bool is_valid_now(X509 const* certificate) {
    return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
           X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

X509Pointer peer_of(SSL const* ssl) { return X509Pointer(SSL_get1_peer_certificate(ssl)); }

}  // namespace

std::string sha256_of(X509 const* certificate) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
    return std::string(digest, digest + size);
}

TlsSession::TlsSession(std::shared_ptr<TlsContext> context, SSL* ssl, Socket& socket)
    : context_(std::move(context)), ssl_(ssl, SSL_free) {
    if (!ssl_) throw std::bad_alloc();
    auto* const bio = bio_of(socket);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_app_data(ssl_.get(), &refusal_);
}

TlsSession::~TlsSession() {
    // Else OpenSSL takes the connection for cut off, and will not resume its session.
    if (established_ && !failed_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

Need TlsSession::handshake() {
    ERR_clear_error();
    auto const result = SSL_do_handshake(ssl_.get());
    if (result != 1) return need_after(result);
    // A session that is resumed was verified when it began.
    auto const certificate = SSL_session_reused(ssl_.get()) ? peer_of(ssl_.get()) : nullptr;
    if (certificate && !is_valid_now(certificate.get())) {
        refusal_.error = X509_V_ERR_CERT_HAS_EXPIRED;
        failed_ = true;
        return Need::failed;
    }
    established_ = true;
    return Need::nothing;
}

TlsSession::Step TlsSession::read(asio::mutable_buffer space) {
    if (space.size() == 0) return {};
    ERR_clear_error();
    std::size_t got = 0;
    auto const result = SSL_read_ex(ssl_.get(), space.data(), space.size(), &got);
    return {result == 1 ? Need::nothing : need_after(result), got};
}

TlsSession::Step TlsSession::write(std::string_view bytes) {
    if (bytes.empty()) return {};
    ERR_clear_error();
    std::size_t sent = 0;
    auto const result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
    return {result == 1 ? Need::nothing : need_after(result), sent};
}

bool TlsSession::has_pending() const { return SSL_pending(ssl_.get()) > 0; }

void TlsSession::say_goodbye() {
    if (!established_ || failed_) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

std::optional<Certificate> TlsSession::peer() const {
    auto const certificate = peer_of(ssl_.get());
    if (!established_ || !certificate || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return std::nullopt;
    Certificate peer;
    peer.der = der_of(certificate.get());
    peer.common_name = common_name_of(certificate.get());
    peer.fingerprint = sha256_of(certificate.get());
    return peer;
}

Need TlsSession::need_after(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return Need::readable;
        case SSL_ERROR_WANT_WRITE:
            return Need::writable;
        case SSL_ERROR_ZERO_RETURN:
            return Need::end;
        case SSL_ERROR_SSL:
            reason_ = ERR_GET_REASON(ERR_peek_last_error());
            break;
        default:
            break;
    }
    failed_ = true;
    ERR_clear_error();
    return Need::failed;
}

}  // namespace lanyard::http
