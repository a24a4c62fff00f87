#include "proto/http/client.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <deque>
#include <list>

#include "proto/http/errc.h"
#include "proto/http/server.h"
#include "tests/support/loop.h"
#include "tests/support/recorded_events.h"

namespace lanyard::http {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

// Says what it is told to, whatever it is asked: one line of the script a connection, then the end of the connection.
class ScriptedServer {
public:
    static constexpr char const* kSilence = "";

    ScriptedServer(asio::io_context& io, std::deque<std::string> script)
        : acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), script_(std::move(script)) {
        asio::co_spawn(io, serve(), asio::detached);
    }

    Url url() const { return {"127.0.0.1", acceptor_.local_endpoint().port()}; }
    std::vector<std::string> const& requests() const { return requests_; }
    std::size_t accepted() const { return accepted_; }
    void stop() {
        acceptor_.close();
        sockets_.clear();
    }

private:
    asio::awaitable<void> serve() {
        boost::system::error_code error;
        while (!script_.empty()) {
            auto& socket = sockets_.emplace_back(acceptor_.get_executor());
            co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
            if (error) co_return;
            ++accepted_;
            std::string request(4096, '\0');
            auto const buffer = asio::buffer(request);
            auto const got = co_await socket.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
            requests_.push_back(request.substr(0, got));
            auto const answer = script_.front();
            script_.pop_front();
            if (answer == kSilence) continue;
            auto const bytes = asio::buffer(answer);
            co_await asio::async_write(socket, bytes, asio::redirect_error(asio::use_awaitable, error));
            socket.shutdown(tcp::socket::shutdown_both, error);
            socket.close(error);
        }
    }

    tcp::acceptor acceptor_;
    std::deque<std::string> script_;
    std::list<tcp::socket> sockets_;
    std::vector<std::string> requests_;
    std::size_t accepted_ = 0;
};

std::string ok(std::string const& body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class HttpClientTest : public testing::Test {
protected:
    static ClientRequest get(std::string path = "/x") {
        ClientRequest request;
        request.path = std::move(path);
        return request;
    }
    Result<ClientResponse> send(Client& client, ClientRequest request) {
        return support::run_until(io, client.send(std::move(request)));
    }
    // Of one request to a server that answers `bytes`.
    Result<ClientResponse> answer_to(std::string bytes, ClientRequest request = get()) {
        ScriptedServer server(io, {std::move(bytes)});
        Client client(io, server.url());
        auto answer = send(client, std::move(request));
        server.stop();
        io.poll();
        return answer;
    }
    std::error_code failure_of(std::string bytes, ClientRequest request = get()) {
        auto const answer = answer_to(std::move(bytes), std::move(request));
        return answer ? std::error_code() : answer.error().code;
    }

    static asio::awaitable<Response> answer_text() { co_return Response::text(200, "fine"); }

    asio::io_context io;
};

TEST_F(HttpClientTest, AsksFromTheAddressItWasGiven) {
    std::string from;
    support::RecordedEvents events;
    Server server(io, events, [&from](Request request) {
        from = request.remote_address;
        return answer_text();
    });
    ASSERT_TRUE(server.listen("127.0.0.1", 0));
    Client client(io, Url{"127.0.0.1", server.port()}, "127.0.0.9");
    ASSERT_TRUE(send(client, get()));
    EXPECT_EQ(from, "127.0.0.9");
    server.stop();
    client.cancel();
    io.poll();
}

TEST_F(HttpClientTest, SendsMethodPathHostAndBody) {
    ScriptedServer server(io, {ok("answer")});
    Client client(io, server.url());
    auto request = get("/v1/check?a=b");
    request.method = Method::post;
    request.body = "body";
    request.content_type = kProtobufType;
    auto const answer = send(client, request);
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->status, 200u);
    EXPECT_EQ(answer->body, "answer");
    auto const sent = server.requests().at(0);
    EXPECT_TRUE(sent.starts_with("POST /v1/check?a=b HTTP/1.1\r\nHost: 127.0.0.1:")) << sent;
    EXPECT_NE(sent.find("\r\nContent-Type: application/x-protobuf\r\nContent-Length: 4\r\n\r\nbody"),
              std::string::npos);
}

TEST_F(HttpClientTest, TakesAnyCompleteAnswer) {
    EXPECT_EQ(answer_to("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")->status, 404u);
    EXPECT_EQ(answer_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n")->body, "ab");
    EXPECT_EQ(answer_to("HTTP/1.0 200 OK\r\n\r\nuntil the end")->body, "until the end");
}

TEST_F(HttpClientTest, DoesNotFollowRedirects) {
    auto const answer = answer_to("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 302u);
}

TEST_F(HttpClientTest, RefusesAnAnswerOverTheLimitHoweverItIsSent) {
    auto request = get();
    request.max_body = 10;
    EXPECT_EQ(failure_of(ok("12345678901"), request), Errc::too_large);
    EXPECT_EQ(failure_of("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", request), Errc::too_large);
    EXPECT_EQ(failure_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "a\r\n1234567890\r\n1\r\n1\r\n0\r\n\r\n",
                         request),
              Errc::too_large);
    EXPECT_EQ(failure_of("HTTP/1.0 200 OK\r\n\r\n12345678901", request), Errc::too_large);
    EXPECT_EQ(answer_to(ok("1234567890"), request)->body, "1234567890");
}

TEST_F(HttpClientTest, RefusesWhatIsNotHttp) {
    EXPECT_EQ(failure_of("SSH-2.0-OpenSSH\r\n\r\n"), Errc::malformed_answer);
    EXPECT_EQ(failure_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
              Errc::malformed_answer);
    EXPECT_EQ(failure_of("HTTP/1.1 100 Continue\r\n\r\n"), Errc::malformed_answer);
    EXPECT_EQ(failure_of("HTTP/1.1 200 OK\r\nA: " + std::string(20'000, 'a') + "\r\n\r\n"), Errc::malformed_answer);
}

TEST_F(HttpClientTest, CallsABrokenAnswerUnreachable) {
    EXPECT_EQ(failure_of("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nhalf"), Errc::unreachable);
    EXPECT_EQ(failure_of("HTTP/1.1 200"), Errc::unreachable);
}

TEST_F(HttpClientTest, SaysHowToMendAnUnreachableServer) {
    ScriptedServer gone(io, {});
    auto const url = gone.url();
    gone.stop();
    Client client(io, url);
    auto const answer = send(client, get());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unreachable);
    EXPECT_EQ(answer.error().detail, "cannot reach " + url.to_string() +
                                         " (Connection refused); check that the seeder runs and its address is right");
}

TEST_F(HttpClientTest, ResolvesAName) {
    ScriptedServer server(io, {ok("named")});
    Client client(io, {"localhost", server.url().port});
    auto const answer = send(client, get());
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->body, "named");
}

TEST_F(HttpClientTest, CutsAServerThatDoesNotAnswer) {
    auto request = get();
    request.timeout = 40ms;
    ScriptedServer silent(io, {ScriptedServer::kSilence});
    Client client(io, silent.url());
    auto const answer = send(client, request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::timed_out);
    silent.stop();
    io.poll();
}

// A byte now and then, for as long as somebody listens.
asio::awaitable<void> drip(tcp::acceptor& acceptor) {
    boost::system::error_code error;
    tcp::socket socket(acceptor.get_executor());
    co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    asio::steady_timer pause(socket.get_executor());
    std::string const head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    auto const buffer = asio::buffer(head);
    co_await asio::async_write(socket, buffer, asio::redirect_error(asio::use_awaitable, error));
    while (!error) {
        pause.expires_after(1ms);
        co_await pause.async_wait(asio::use_awaitable);
        auto const byte = asio::buffer("x", 1);
        co_await asio::async_write(socket, byte, asio::redirect_error(asio::use_awaitable, error));
    }
}

TEST_F(HttpClientTest, CutsAServerThatSendsAByteNowAndThen) {
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    asio::co_spawn(io, drip(acceptor), asio::detached);
    Client client(io, Url{"127.0.0.1", acceptor.local_endpoint().port()});
    auto request = get();
    request.max_body = 1'000'000;
    request.timeout = 100ms;
    auto const answer = send(client, request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::timed_out);
    io.run();  // the server has noticed, too
}

TEST_F(HttpClientTest, ReadsRetryAfterInSecondsUpToAnHour) {
    auto const after = [this](std::string const& value) {
        return answer_to("HTTP/1.1 429 Busy\r\nContent-Length: 0\r\nRetry-After: " + value + "\r\n\r\n")->retry_after;
    };
    EXPECT_EQ(after("17"), 17s);
    EXPECT_EQ(after("99999"), 3600s);
    EXPECT_EQ(after("99999999999999999999999"), 3600s);
    EXPECT_EQ(after("-1"), std::nullopt);
    EXPECT_EQ(after("Fri, 31 Dec 1999 23:59:59 GMT"), std::nullopt);
}

TEST_F(HttpClientTest, RefusesToSendAPathThatWouldForgeAHeader) {
    Client client(io, {"127.0.0.1", 1});
    for (auto const* path : {"", "x", "/a b", "/a\r\nX: y", "/\x80"}) {
        auto const answer = send(client, get(path));
        ASSERT_FALSE(answer) << path;
        EXPECT_EQ(answer.error().code, Errc::malformed_url) << path;
    }
}

TEST_F(HttpClientTest, FetchTurnsStatusesIntoErrorsThatQuoteTheAnswer) {
    auto const fetch = [this](std::string const& head) {
        ScriptedServer server(io, {"HTTP/1.1 " + head + "\r\nContent-Length: 8\r\n\r\nBecause\n"});
        Client client(io, server.url());
        auto fetched = support::run_until(io, client.fetch(get()));
        server.stop();
        io.poll();
        return fetched;
    };
    EXPECT_EQ(*fetch("200 OK"), "Because\n");
    EXPECT_EQ(fetch("404 No").error().code, Errc::not_found);
    EXPECT_EQ(fetch("429 No").error().code, Errc::busy);
    EXPECT_EQ(fetch("503 No").error().code, Errc::busy);
    auto const refused = fetch("400 No").error();
    EXPECT_EQ(refused.code, Errc::refused);
    EXPECT_TRUE(refused.detail.ends_with("/x answers 400: Because")) << refused.detail;
}

// The other side is our own server.
class HttpPairTest : public HttpClientTest {
protected:
    HttpPairTest() {
        EXPECT_TRUE(server.listen("127.0.0.1", 0));
        client = std::make_unique<Client>(io, Url{"127.0.0.1", server.port()});
    }

    asio::awaitable<Response> answer(Request request) {
        if (request.path == "/held") {
            ++held;
            boost::system::error_code ignored;
            co_await hold.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            --held;
        }
        co_return Response::text(200, request.path);
    }

    static ServerLimits one_connection() {
        ServerLimits limits;
        limits.connections = 1;
        return limits;
    }

    asio::steady_timer hold{io, asio::steady_timer::time_point::max()};
    int held = 0;
    support::RecordedEvents events;
    Server server{io, events, [this](Request request) { return answer(std::move(request)); }, one_connection()};
    std::unique_ptr<Client> client;
};

TEST_F(HttpPairTest, KeepsItsConnection) {
    for (int i = 0; i < 3; ++i) {
        auto const answer = send(*client, get());
        ASSERT_TRUE(answer) << "the server allows one connection only: " << answer.error().detail;
        EXPECT_EQ(answer->body, "/x\n");
    }
}

TEST_F(HttpPairTest, CancelEndsTheExchangeAndTheClientStaysUsable) {
    std::optional<Result<ClientResponse>> ended;
    asio::co_spawn(io, client->send(get("/held")),
                   [&](std::exception_ptr, Result<ClientResponse> result) { ended = std::move(result); });
    while (held < 1) io.run_one();
    client->cancel();
    while (!ended) io.run_one();
    ASSERT_FALSE(*ended);
    EXPECT_EQ(ended->error().code, Errc::unreachable);
    hold.cancel();
    while (held > 0) io.run_one();
    EXPECT_TRUE(send(*client, get()));
}

TEST_F(HttpPairTest, MayBeDestroyedDuringAnExchange) {
    std::optional<Result<ClientResponse>> ended;
    asio::co_spawn(io, client->send(get("/held")),
                   [&](std::exception_ptr, Result<ClientResponse> result) { ended = std::move(result); });
    while (held < 1) io.run_one();
    client.reset();
    while (!ended) io.run_one();
    EXPECT_FALSE(*ended);
}

TEST_F(HttpClientTest, AsksOnceMoreWhenAKeptConnectionHasGoneStale) {
    // The scripted server closes each connection after its answer without saying so.
    ScriptedServer server(io, {ok("1"), ok("2"), ok("3")});
    Client client(io, server.url());
    EXPECT_EQ(send(client, get())->body, "1");
    EXPECT_EQ(send(client, get())->body, "2");
    auto request = get();
    request.method = Method::post;
    request.body = std::string(2000, 'x');
    EXPECT_EQ(send(client, request)->body, "3");
    EXPECT_EQ(server.accepted(), 3u);
}

TEST_F(HttpClientTest, DoesNotAskAgainOnANewConnection) {
    ScriptedServer server(io, {" ", ok("never asked for")});
    Client client(io, server.url());
    EXPECT_FALSE(send(client, get()));
    EXPECT_EQ(server.accepted(), 1u);
    server.stop();
    io.poll();
}

}  // namespace
}  // namespace lanyard::http
