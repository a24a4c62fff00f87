#include "node/console/local_socket.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "node/console/errc.h"

namespace lanyard::console {
namespace {

using Socket = asio::local::stream_protocol::socket;
using Length = std::array<unsigned char, 4>;

constexpr std::uint32_t kMaxMessage = 4 * 1024 * 1024;
constexpr std::size_t kMaxConnections = 64;
constexpr std::size_t kMaxSocketPath = 107;  // sockaddr_un, less its terminator

Length encode(std::size_t length) {
    return {static_cast<unsigned char>(length >> 24), static_cast<unsigned char>(length >> 16),
            static_cast<unsigned char>(length >> 8), static_cast<unsigned char>(length)};
}

std::uint32_t decode(Length const& length) {
    return std::uint32_t{length[0]} << 24 | std::uint32_t{length[1]} << 16 | std::uint32_t{length[2]} << 8 | length[3];
}

std::string frame(google::protobuf::Message const& message) {
    auto const body = message.SerializeAsString();
    auto const length = encode(body.size());
    std::string bytes(length.begin(), length.end());
    return bytes + body;
}

Status check_path(std::filesystem::path const& socket) {
    if (socket.string().size() <= kMaxSocketPath) return {};
    return fail(Errc::unusable_state, fmt::format("the path {} is longer than {} characters, which a local socket "
                                                  "cannot have: choose a shorter state directory",
                                                  socket.string(), kMaxSocketPath));
}

}  // namespace

struct LocalServer::Impl : std::enable_shared_from_this<LocalServer::Impl> {
    Impl(asio::io_context& context, events::Events& sink, Handler given)
        : io(context), events(sink), handler(std::move(given)), acceptor(context) {}

    asio::awaitable<void> accept() {
        auto const self = shared_from_this();
        while (acceptor.is_open()) {
            auto socket = std::make_shared<Socket>(io);
            boost::system::error_code failed;
            co_await acceptor.async_accept(*socket, asio::redirect_error(asio::use_awaitable, failed));
            if (failed || open.size() >= kMaxConnections) {
                if (!acceptor.is_open()) break;
                asio::steady_timer pause(io, std::chrono::milliseconds(100));
                boost::system::error_code ignored;
                co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
                continue;
            }
            open.insert(socket);
            auto served = serve(socket);
            asio::co_spawn(io, std::move(served), asio::detached);
        }
    }

    asio::awaitable<void> serve(std::shared_ptr<Socket> socket) {
        auto const self = shared_from_this();
        auto const request = co_await receive(socket);
        if (request) {
            Say const say = [self, socket](v1::LocalResponse message) {
                message.set_more(true);
                return self->send(socket, std::move(message));
            };
            auto response = co_await handler(*request, say);
            co_await send(socket, std::move(response));
        }
        open.erase(socket);
    }

    asio::awaitable<std::optional<v1::LocalRequest>> receive(std::shared_ptr<Socket> socket) {
        Length length;
        boost::system::error_code failed;
        auto const head = asio::buffer(length);
        co_await asio::async_read(*socket, head, asio::redirect_error(asio::use_awaitable, failed));
        if (failed || decode(length) > kMaxMessage) co_return std::nullopt;
        std::string body(decode(length), '\0');
        auto const rest = asio::buffer(body);
        co_await asio::async_read(*socket, rest, asio::redirect_error(asio::use_awaitable, failed));
        v1::LocalRequest request;
        if (failed || !request.ParseFromString(body)) co_return std::nullopt;
        co_return request;
    }

    asio::awaitable<bool> send(std::shared_ptr<Socket> socket, v1::LocalResponse message) {
        auto const bytes = frame(message);
        auto const whole = asio::buffer(bytes);
        boost::system::error_code failed;
        co_await asio::async_write(*socket, whole, asio::redirect_error(asio::use_awaitable, failed));
        co_return !failed;
    }

    asio::io_context& io;
    events::Events& events;
    Handler handler;
    asio::local::stream_protocol::acceptor acceptor;
    std::set<std::shared_ptr<Socket>> open;
    std::filesystem::path path;
};

LocalServer::LocalServer(asio::io_context& io, events::Events& events, Handler handler)
    : impl_(std::make_shared<Impl>(io, events, std::move(handler))) {}

LocalServer::~LocalServer() { stop(); }

Status LocalServer::listen(std::filesystem::path const& socket) {
    if (auto const fits = check_path(socket); !fits) return fits;
    std::error_code ignored;
    std::filesystem::remove(socket, ignored);
    boost::system::error_code failed;
    impl_->acceptor.open(asio::local::stream_protocol(), failed);
    if (!failed) impl_->acceptor.bind(asio::local::stream_protocol::endpoint(socket.string()), failed);
    // Before anybody can connect: who may write to it may postpone, hold and install.
    std::error_code mode;
    if (!failed) {
        std::filesystem::permissions(socket, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
                                     mode);
    }
    if (!failed && !mode) impl_->acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed || mode) {
        return fail(Errc::unusable_state, fmt::format("cannot make the local socket {}: {}", socket.string(),
                                                      failed ? failed.message() : mode.message()));
    }
    impl_->path = socket;
    auto accepting = impl_->accept();
    asio::co_spawn(impl_->io, std::move(accepting), asio::detached);
    return {};
}

void LocalServer::stop() {
    boost::system::error_code ignored;
    if (!impl_->acceptor.is_open()) return;
    impl_->acceptor.close(ignored);
    for (auto const& socket : impl_->open) socket->close(ignored);
    std::error_code gone;
    std::filesystem::remove(impl_->path, gone);
}

Result<v1::LocalResponse> ask_daemon(std::filesystem::path const& socket, v1::LocalRequest const& request,
                                     std::function<void(v1::LocalResponse const&)> const& on_progress) {
    if (auto const fits = check_path(socket); !fits) return pass_on(fits);
    asio::io_context io;
    Socket connection(io);
    boost::system::error_code failed;
    connection.connect(asio::local::stream_protocol::endpoint(socket.string()), failed);
    if (failed == asio::error::access_denied) {
        return fail(Errc::unusable_state,
                    fmt::format("the node's socket {} may be opened by its owner only: run this as the same user "
                                "(or as root)",
                                socket.string()));
    }
    if (failed) return fail(Errc::not_running, fmt::format("no node runs on {}", socket.parent_path().string()));

    asio::write(connection, asio::buffer(frame(request)), failed);
    for (;;) {
        Length length{};
        if (!failed) asio::read(connection, asio::buffer(length), failed);
        if (failed || decode(length) > kMaxMessage) break;
        std::string body(decode(length), '\0');
        asio::read(connection, asio::buffer(body), failed);
        v1::LocalResponse response;
        if (failed || !response.ParseFromString(body)) break;
        if (!response.more()) return response;
        on_progress(response);
    }
    return fail(Errc::malformed_message,
                "the running node went away before it had answered: see its log, then run the "
                "command again");
}

}  // namespace lanyard::console
