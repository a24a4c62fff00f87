#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <vector>

#include "proto/http/errc.h"
#include "proto/http/tls.h"
#include "proto/http/tls_openssl.h"

namespace lanyard::http {
namespace {

constexpr unsigned char kSessionContext[] = "lanyard";

using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

tl::unexpected<Error> unusable(std::string const& what) {
    return fail(Errc::unusable_certificate, what + "; give PEM as `openssl x509` and `openssl pkey` write it");
}

Bio reader_of(std::string const& pem) { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// Keys in files of ours have no passphrase: never ask for one on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

std::vector<X509Pointer> certificates_in(std::string const& pem) {
    std::vector<X509Pointer> found;
    auto const reader = reader_of(pem);
    while (auto* certificate = PEM_read_bio_X509(reader.get(), nullptr, no_passphrase, nullptr)) {
        found.emplace_back(certificate);
    }
    ERR_clear_error();
    return found;
}

// Instead of OpenSSL's own verification: the trusted certificate is the one of the sent chain that has the digest.
int verify_pinned(X509_STORE_CTX* verification, void* wanted) {
    auto const& pin = *static_cast<std::string const*>(wanted);
    auto* const sent = X509_STORE_CTX_get0_untrusted(verification);
    for (int at = 0; at < sk_X509_num(sent); ++at) {
        auto* const certificate = sk_X509_value(sent, at);
        if (sha256_of(certificate) != pin) continue;
        std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> const trusted(
            sk_X509_new_null(), [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
        if (!trusted || sk_X509_push(trusted.get(), certificate) == 0) return 0;
        X509_STORE_CTX_set0_trusted_stack(verification, trusted.get());
        return X509_verify_cert(verification) == 1 ? 1 : 0;
    }
    X509_STORE_CTX_set_error(verification, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
    return 0;
}

}  // namespace

TlsContext::TlsContext(bool server)
    : context_(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()), SSL_CTX_free),
      last_session_(nullptr, SSL_SESSION_free) {
    auto* const context = context_.get();
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // A held connection keeps no buffers; what is left to be written may have moved when writing goes on.
    SSL_CTX_set_mode(context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::for_server(ServerTls const& tls) {
    std::shared_ptr<TlsContext> made(new TlsContext(true));
    auto* const context = made->context_.get();
    // Tickets carry the session, encrypted with a key that only this context has: the server remembers nothing.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext);
    SSL_CTX_set_num_tickets(context, 1);
    if (auto const used = made->use_own(tls.certificate_chain_pem, tls.private_key_pem); !used) return pass_on(used);
    if (tls.client_ca_pem.empty()) return made;
    if (auto const asked = made->ask_for_clients_of(tls.client_ca_pem); !asked) return pass_on(asked);
    return made;
}

Result<std::shared_ptr<TlsContext>> TlsContext::for_client(ClientTls const& tls) {
    std::shared_ptr<TlsContext> made(new TlsContext(false));
    auto* const context = made->context_.get();
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(context, made.get());
    SSL_CTX_sess_set_new_cb(context, &TlsContext::note_session);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, note_refusal);
    auto const believed = tls.ca_sha256.empty() ? made->trust(tls.ca_pem) : made->pin(tls.ca_sha256);
    if (!believed) return pass_on(believed);
    if (tls.certificate_pem.empty()) return made;
    if (auto const used = made->use_own(tls.certificate_pem, tls.private_key_pem); !used) return pass_on(used);
    return made;
}

Status TlsContext::use_own(std::string const& chain_pem, std::string const& key_pem) {
    auto const chain = certificates_in(chain_pem);
    if (chain.empty()) return unusable("there is no certificate where this side's own should be");
    auto const reader = reader_of(key_pem);
    Key const key(PEM_read_bio_PrivateKey(reader.get(), nullptr, no_passphrase, nullptr));
    auto* const context = context_.get();
    bool used = SSL_CTX_use_certificate(context, chain.front().get()) == 1;
    for (std::size_t above = 1; above < chain.size(); ++above) {
        used = used && SSL_CTX_add1_chain_cert(context, chain[above].get()) == 1;
    }
    bool const fits = key && used && SSL_CTX_use_PrivateKey(context, key.get()) == 1;
    ERR_clear_error();
    if (!key) return unusable("the private key of the certificate cannot be read");
    if (!used) return unusable("the certificate cannot be used (a key shorter than TLS allows?)");
    if (!fits) return unusable("the private key is not the one of the certificate");
    return {};
}

Status TlsContext::ask_for_clients_of(std::string const& ca_pem) {
    auto const authorities = certificates_in(ca_pem);
    if (authorities.empty()) return unusable("there is no certificate where the CA of clients should be");
    for (auto const& authority : authorities) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), authority.get());
        SSL_CTX_add_client_CA(context_.get(), authority.get());
    }
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    return {};
}

Status TlsContext::trust(std::string const& ca_pem) {
    auto const authorities = certificates_in(ca_pem);
    if (authorities.empty()) return unusable("there is no certificate of a CA to trust");
    for (auto const& authority : authorities) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), authority.get());
    }
    return {};
}

Status TlsContext::pin(std::string const& sha256) {
    constexpr std::size_t kDigest = 32;
    if (sha256.size() != kDigest) return unusable("the digest of the CA certificate must have 32 bytes");
    pin_ = sha256;
    SSL_CTX_set_cert_verify_callback(context_.get(), verify_pinned, &pin_);
    return {};
}

int TlsContext::note_session(SSL* ssl, SSL_SESSION* session) {
    auto* const self = static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    self->last_session_.reset(session);
    return 1;  // it is ours now
}

std::unique_ptr<TlsSession> TlsContext::accept(TlsSession::Socket& socket) {
    std::unique_ptr<TlsSession> session(new TlsSession(shared_from_this(), SSL_new(context_.get()), socket));
    SSL_set_accept_state(session->ssl_.get());
    return session;
}

std::unique_ptr<TlsSession> TlsContext::connect(TlsSession::Socket& socket, std::string const& host) {
    std::unique_ptr<TlsSession> session(new TlsSession(shared_from_this(), SSL_new(context_.get()), socket));
    auto* const ssl = session->ssl_.get();
    auto* const rules = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) != 1) {
        ERR_clear_error();
        // Without a name to check, any certificate of the CA would do.
        if (X509_VERIFY_PARAM_set1_host(rules, host.data(), host.size()) != 1) return nullptr;
        // The macro for it has a cast of C.
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
    }
    SSL_set_connect_state(ssl);
    if (last_session_) SSL_set_session(ssl, last_session_.get());
    return session;
}

}  // namespace lanyard::http
