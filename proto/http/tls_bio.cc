#include <openssl/bio.h>

#include "proto/http/tls.h"
#include "proto/http/tls_openssl.h"

// OpenSSL's own socket BIO would raise SIGPIPE when the other side has gone; Asio's sockets never do.
namespace lanyard::http {
namespace {

using Socket = TlsSession::Socket;
using boost::system::error_code;

Socket& socket_of(BIO* bio) { return *static_cast<Socket*>(BIO_get_data(bio)); }

bool must_wait(error_code error) { return error == asio::error::would_block || error == asio::error::try_again; }

int read_bytes(BIO* bio, char* space, int size) {
    error_code error;
    auto const got = socket_of(bio).read_some(asio::buffer(space, static_cast<std::size_t>(size)), error);
    BIO_clear_retry_flags(bio);
    if (must_wait(error)) BIO_set_retry_read(bio);
    return error ? -1 : static_cast<int>(got);
}

int write_bytes(BIO* bio, char const* bytes, int size) {
    error_code error;
    auto const sent = socket_of(bio).write_some(asio::buffer(bytes, static_cast<std::size_t>(size)), error);
    BIO_clear_retry_flags(bio);
    if (must_wait(error)) BIO_set_retry_write(bio);
    return error ? -1 : static_cast<int>(sent);
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* make_method() {
    auto* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "asio socket");
    BIO_meth_set_read(method, read_bytes);
    BIO_meth_set_write(method, write_bytes);
    BIO_meth_set_ctrl(method, control);
    return method;
}

}  // namespace

BIO* bio_of(Socket& socket) {
    static std::unique_ptr<BIO_METHOD, Freed<BIO_meth_free>> const method(make_method());
    auto* const bio = BIO_new(method.get());
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, &socket);
    BIO_set_init(bio, 1);
    return bio;
}

}  // namespace lanyard::http
