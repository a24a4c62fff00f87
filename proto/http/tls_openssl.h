#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

// For the sources that know OpenSSL; nobody else includes it.
namespace lanyard::http {

template <auto free>
struct Freed {
    template <class T>
    void operator()(T* thing) const {
        free(thing);
    }
};
using X509Pointer = std::unique_ptr<X509, Freed<X509_free>>;

// Of its DER, 32 raw bytes.
std::string sha256_of(X509 const* certificate);

// A verify callback of SSL_CTX_set_verify: changes nothing, and keeps for TlsSession::failure() what was refused.
int note_refusal(int accepted, X509_STORE_CTX* verification);

// A BIO that reads and writes `socket`, which must be non-blocking and outlive it.
BIO* bio_of(asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>& socket);

}  // namespace lanyard::http
