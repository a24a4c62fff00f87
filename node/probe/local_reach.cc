#include "node/probe/local_reach.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string_view>

#include "node/probe/errc.h"
#include "proto/http/client.h"

namespace lanyard::probe {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

// A page of metrics is a health page to many.
constexpr std::size_t kMostBody = 4 * 1024 * 1024;
constexpr std::string_view kScheme = "http://";

struct Address {
    std::string server;
    std::string path;
};

Address split(std::string const& url) {
    auto const end = std::min(url.find_first_of("/?#", kScheme.size()), url.size());
    auto path = url.substr(end, url.find('#', end) - end);
    if (path.empty() || path.front() != '/') path.insert(0, "/");
    return {url.substr(0, end), path};
}

}  // namespace

class LocalReach::Seat {
public:
    Seat(std::shared_ptr<UnderWay> all, std::function<void()> end)
        : all_(std::move(all)), place_(all_->insert(all_->end(), std::move(end))) {}
    ~Seat() { all_->erase(place_); }
    Seat(Seat const&) = delete;
    Seat& operator=(Seat const&) = delete;

private:
    std::shared_ptr<UnderWay> all_;
    UnderWay::iterator place_;
};

void LocalReach::cancel() {
    for (auto const& end : *under_way_) end();
}

asio::awaitable<Status> LocalReach::tcp(std::uint16_t port, std::chrono::milliseconds limit) {
    // Shared: a timer that has expired may call back after this coroutine has gone.
    auto const socket = std::make_shared<tcp::socket>(io_);
    asio::steady_timer timer(io_, limit);
    timer.async_wait([socket](error_code const& stopped) {
        error_code ignored;
        if (!stopped) socket->close(ignored);
    });
    tcp::endpoint const there(asio::ip::address_v4::loopback(), port);
    Seat const seat(under_way_, [socket] {
        error_code ignored;
        socket->close(ignored);
    });
    error_code error;
    co_await socket->async_connect(there, asio::redirect_error(asio::use_awaitable, error));
    timer.cancel();
    if (!error) co_return Status();
    co_return fail(Errc::no_answer,
                   fmt::format("port {} of 127.0.0.1 does not accept a connection: {}", port,
                               error == asio::error::operation_aborted ? "no answer in time" : error.message()));
}

asio::awaitable<Status> LocalReach::http(std::string url, std::chrono::milliseconds limit) {
    auto const address = split(url);
    auto const server = http::Url::parse(address.server);
    if (!server) co_return fail(Errc::no_answer, fmt::format("{} cannot be asked: {}", url, server.error().detail));
    http::ClientRequest request;
    request.path = address.path;
    request.max_body = kMostBody;
    request.timeout = limit;
    http::Client client(io_, *server);
    Seat const seat(under_way_, [&client] { client.cancel(); });
    auto const answer = co_await client.send(std::move(request));
    if (!answer) co_return fail(Errc::no_answer, fmt::format("{}: {}", url, answer.error().detail));
    if (answer->status >= 200 && answer->status < 300) co_return Status();
    co_return fail(Errc::no_answer, fmt::format("{} answers with status {}", url, answer->status));
}

}  // namespace lanyard::probe
