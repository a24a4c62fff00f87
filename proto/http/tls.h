#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proto/async/asio.h"
#include "proto/http/message.h"
#include "proto/outcome/result.h"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;

namespace lanyard::http {

class TlsContext;

// TLS 1.3 on one non-blocking socket. No call waits: it says what has to be waited for.
class TlsSession {
public:
    enum class Need {
        nothing,  // done
        readable,
        writable,
        end,     // the other side has said that nothing follows
        failed,  // also when the other side has just gone
    };
    struct Step {
        Need need = Need::nothing;
        std::size_t bytes = 0;
    };
    // Of the other side's certificate, by this side.
    struct Refusal {
        int error = 0;      // X509_V_ERR_*
        std::string shown;  // what the certificate says of itself
    };
    using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;

    ~TlsSession();
    TlsSession(TlsSession const&) = delete;
    TlsSession& operator=(TlsSession const&) = delete;

    Need handshake();
    Step read(asio::mutable_buffer space);
    Step write(std::string_view bytes);  // not empty; after `writable` call it again with the same bytes
    bool has_pending() const;            // decrypted bytes that no event of the socket tells of
    void say_goodbye();                  // close_notify

    // Of the other side, verified; only after the handshake.
    std::optional<Certificate> peer() const;

    // Why it failed, for people; nothing when the connection has merely broken. `server`: what was connected to.
    std::optional<Error> failure(std::string const& server) const;

private:
    friend class TlsContext;
    TlsSession(std::shared_ptr<TlsContext> context, ssl_st* ssl, Socket& socket);

    Need need_after(int result);

    std::shared_ptr<TlsContext> context_;
    std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_;
    bool established_ = false;
    bool failed_ = false;
    int reason_ = 0;  // of OpenSSL
    Refusal refusal_;
};

// Keys, certificates and rules of the sessions of one server, or of one client and its server.
class TlsContext : public std::enable_shared_from_this<TlsContext> {
public:
    // Both fail with unusable_certificate.
    static Result<std::shared_ptr<TlsContext>> for_server(ServerTls const& tls);
    static Result<std::shared_ptr<TlsContext>> for_client(ClientTls const& tls);

    ~TlsContext();
    TlsContext(TlsContext const&) = delete;
    TlsContext& operator=(TlsContext const&) = delete;

    // The session uses `socket`, which must outlive it.
    std::unique_ptr<TlsSession> accept(TlsSession::Socket& socket);
    // `host`: the name or IP address that the server's certificate must carry. Resumes the last session if it can.
    std::unique_ptr<TlsSession> connect(TlsSession::Socket& socket, std::string const& host);

private:
    explicit TlsContext(bool server);

    Status use_own(std::string const& chain_pem, std::string const& key_pem);
    Status ask_for_clients_of(std::string const& ca_pem);
    Status trust(std::string const& ca_pem);
    Status pin(std::string const& sha256);
    static int note_session(ssl_st* ssl, ssl_session_st* session);

    std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
    std::unique_ptr<ssl_session_st, void (*)(ssl_session_st*)> last_session_;
    std::string pin_;
};

}  // namespace lanyard::http
