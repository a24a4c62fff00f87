#pragma once

#include <gtest/gtest.h>

#include "proto/http/client.h"
#include "proto/http/errc.h"
#include "proto/http/server.h"
#include "tests/support/authority.h"
#include "tests/support/loop.h"
#include "tests/support/raw_http.h"
#include "tests/support/recorded_events.h"
#include "tests/support/scratch.h"
#include "tests/support/wiretap.h"

namespace lanyard::http {

// A server of ours that speaks TLS, and clients of ours.
class TlsFixture : public testing::Test {
protected:
    using Caught = Result<ClientResponse>;

    static support::Wish for_this_machine() { return {"seeder", "IP:127.0.0.1,DNS:localhost"}; }

    ServerTls server_tls(support::Wish const& wish = for_this_machine()) {
        auto const identity = authority.issue(wish);
        return {identity.certificate_pem + authority.pem(), identity.private_key_pem, authority.pem()};
    }

    void start(ServerTls const& tls, ServerLimits limits = {}) {
        server = std::make_unique<Server>(
            io, events, [this](Request request) { return answer(std::move(request)); }, limits);
        auto const used = server->use_tls(tls);
        ASSERT_TRUE(used) << used.error().detail;
        auto const listening = server->listen("127.0.0.1", 0);
        ASSERT_TRUE(listening) << listening.error().detail;
    }
    void start() { start(server_tls()); }

    ClientTls client_tls() const { return {authority.pem(), "", "", ""}; }
    ClientTls client_tls(support::Identity const& own) const {
        return {authority.pem(), "", own.certificate_pem, own.private_key_pem};
    }

    std::unique_ptr<Client> client_of(std::uint16_t port, std::optional<ClientTls> const& tls,
                                      std::string const& host = "127.0.0.1") {
        return std::make_unique<Client>(io, Url{host, port, Url::Scheme::https}, std::nullopt, tls);
    }
    std::unique_ptr<Client> client_of(std::optional<ClientTls> const& tls) { return client_of(server->port(), tls); }

    Caught get(Client& client, std::string const& path = "/x") {
        ClientRequest request;
        request.path = path;
        request.max_body = 64 * 1024 * 1024;
        return support::run_until(io, client.send(std::move(request)));
    }
    Caught get_once(std::optional<ClientTls> const& tls) {
        auto const client = client_of(tls);
        return get(*client);
    }
    std::string over_plain(std::string const& bytes) {
        support::RawConnection connection(io, server->port());
        connection.send(bytes);
        return support::run_until(io, connection.rest());
    }

    asio::awaitable<Response> answer(Request request) {
        requests.push_back(request);
        Response response = Response::text(200, request.path + "#" + request.body);
        if (request.path == "/file") response.file = file;
        if (request.path == "/poll") {
            ++held;
            request.hangup->then = [this] { hold.cancel(); };
            boost::system::error_code ignored;
            co_await hold.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            --held;
        }
        co_return response;
    }

    support::Authority authority;
    support::Scratch scratch;
    std::filesystem::path file;
    asio::io_context io;
    asio::steady_timer hold{io, asio::steady_timer::time_point::max()};
    int held = 0;
    std::vector<Request> requests;
    support::RecordedEvents events;
    std::unique_ptr<Server> server;
};

}  // namespace lanyard::http
