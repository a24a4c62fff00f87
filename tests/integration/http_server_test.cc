#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "proto/http/errc.h"
#include "proto/http/server.h"
#include "tests/support/loop.h"
#include "tests/support/raw_http.h"
#include "tests/support/recorded_events.h"
#include "tests/support/scratch.h"

namespace lanyard::http {
namespace {

using namespace std::chrono_literals;
using support::RawConnection;

class HttpServerTest : public testing::Test {
protected:
    static ServerLimits small_limits() {
        ServerLimits limits;
        limits.header_bytes = 1024;
        limits.body_bytes = 1000;
        return limits;
    }

    void start(ServerLimits limits = small_limits()) {
        server = std::make_unique<Server>(
            io, events, [this](Request request) { return answer(std::move(request)); }, limits);
        auto const listening = server->listen("127.0.0.1", 0);
        ASSERT_TRUE(listening) << listening.error().detail;
    }

    // Sends `bytes` on a connection of its own and gives all that comes back until the server closes it.
    std::string ask(std::string const& bytes) {
        RawConnection connection(io, server->port());
        connection.send(bytes);
        return support::run_until(io, connection.rest());
    }
    std::string ask_closing(std::string const& request_line, std::string const& rest = "") {
        return ask(request_line + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + rest);
    }

    asio::awaitable<Response> answer(Request request) {
        requests.push_back(request);
        if (request.path == "/file") {
            Response response;
            response.file = file;
            co_return response;
        }
        if (request.path == "/bug") throw std::logic_error("a bug");
        if (request.path == "/held") {
            ++held;
            co_await hold.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            --held;
        }
        if (request.path == "/poll") {
            ++held;
            request.hangup->then = [this] { hold.cancel(); };
            co_await hold.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            --held;
        }
        if (request.path == "/busy") {
            auto response = Response::text(503, "later");
            response.retry_after = 7s;
            co_return response;
        }
        co_return Response::text(200, request.path + "?" + request.query + "#" + request.body);
    }

    support::Scratch scratch;
    std::filesystem::path file;
    asio::io_context io;
    boost::system::error_code ignored;
    asio::steady_timer hold{io, asio::steady_timer::time_point::max()};
    int held = 0;
    std::vector<Request> requests;
    support::RecordedEvents events;
    std::unique_ptr<Server> server;
};

TEST_F(HttpServerTest, HandsPathQueryBodyAndAddressToTheHandler) {
    start();
    auto const answer = ask_closing("POST /a%20b?c=%20d", "Content-Length: 4\r\n\r\nbody");
    EXPECT_EQ(answer.substr(0, 17), "HTTP/1.1 200 OK\r\n");
    EXPECT_TRUE(answer.ends_with("\r\n\r\n/a b?c=%20d#body\n")) << answer;
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].method, Method::post);
    EXPECT_EQ(requests[0].remote_address, "127.0.0.1");
    EXPECT_EQ(requests[0].local_address, "127.0.0.1");
}

TEST_F(HttpServerTest, AnswersHeadWithTheHeaderOfGetAndNoBody) {
    start();
    auto const answer = ask_closing("HEAD /x", "\r\n");
    EXPECT_NE(answer.find("Content-Length: 5\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(HttpServerTest, KeepsAConnectionForPipelinedRequestsAndClosesItWhenAsked) {
    start();
    auto const answers =
        ask("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
            "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /4 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(requests.size(), 3u);
    EXPECT_TRUE(answers.ends_with("/3?#\n")) << answers;
}

TEST_F(HttpServerTest, NoticesAClientThatGoesWhileItsRequestIsHeld) {
    auto limits = small_limits();
    limits.connections = 1;
    start(limits);
    for (auto const* sent_behind : {"", "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"}) {
        {
            RawConnection connection(io, server->port());
            connection.send("POST /poll HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
            while (held == 0) io.run_one();
            connection.send(sent_behind);
        }
        while (held > 0) io.run_one();
        EXPECT_EQ(requests.back().path, "/poll");
    }
    EXPECT_TRUE(ask_closing("GET /x", "\r\n").ends_with("/x?#\n")) << "the place is free again";
}

TEST_F(HttpServerTest, KeepsWhatIsSentWhileARequestIsHeldForAfterwards) {
    start();
    RawConnection connection(io, server->port());
    connection.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
    while (held == 0) io.run_one();
    connection.send("GET /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 3; ++i) io.poll();
    EXPECT_EQ(held, 1);
    hold.cancel();
    EXPECT_TRUE(support::run_until(io, connection.rest()).ends_with("/later?#\n"));
}

TEST_F(HttpServerTest, CutsOffWhoSendsWithoutEndWhileItsRequestIsHeld) {
    start();
    RawConnection connection(io, server->port());
    connection.send("GET /poll HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(100'000, 'x'));
    while (held == 0) io.run_one();
    while (held > 0) io.run_one();
    EXPECT_EQ(requests.size(), 1u);
}

TEST_F(HttpServerTest, ClosesTheConnectionOfAnHttp10Client) {
    start();
    EXPECT_TRUE(ask("GET /old HTTP/1.0\r\n\r\n").ends_with("/old?#\n"));
}

TEST_F(HttpServerTest, DecodesAChunkedBody) {
    start();
    auto const answer =
        ask_closing("POST /c", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
    EXPECT_TRUE(answer.ends_with("#abcde\n")) << answer;
}

TEST_F(HttpServerTest, SurvivesALastChunkThatArrivesByteByByte) {
    start();
    RawConnection connection(io, server->port());
    connection.send("POST /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (char const c : std::string("0\r\n\r\n")) {
        connection.send(std::string(1, c));
        while (io.poll() > 0) {
        }
    }
    auto const answer = support::run_until(io, connection.rest());
    EXPECT_TRUE(answer.ends_with("/c?#\n")) << answer;
}

TEST_F(HttpServerTest, SaysContinueBeforeItReadsAnExpectedBody) {
    start();
    RawConnection connection(io, server->port());
    connection.send(
        "POST /e HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(support::run_until(io, connection.until("\r\n\r\n")), "HTTP/1.1 100 Continue\r\n\r\n");
    connection.send("ok");
    EXPECT_TRUE(support::run_until(io, connection.rest()).ends_with("/e?#ok\n"));
}

TEST_F(HttpServerTest, RefusesAnExpectedBodyThatIsTooLargeWithoutAskingForIt) {
    start();
    auto const answer = ask_closing("POST /e", "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 413") << answer;
}

struct Refusal {
    char const* name;
    std::string request;
    char const* status;
};
void PrintTo(Refusal const& refusal, std::ostream* out) { *out << refusal.name; }

class HttpServerRefusalTest : public HttpServerTest, public testing::WithParamInterface<Refusal> {};

TEST_P(HttpServerRefusalTest, IsAnsweredAndTheConnectionClosed) {
    start();
    auto const answer = ask(GetParam().request);
    EXPECT_EQ(answer.substr(0, 12), std::string("HTTP/1.1 ") + GetParam().status) << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << "a second answer";
    EXPECT_TRUE(requests.empty());
}

std::string with_host(std::string const& line, std::string const& rest = "\r\n") {
    return line + " HTTP/1.1\r\nHost: a\r\n" + rest;
}

INSTANTIATE_TEST_SUITE_P(
    All, HttpServerRefusalTest,
    testing::Values(
        Refusal{"Nonsense", "nonsense\r\n\r\n", "400"},
        Refusal{"BadVersion", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", "400"},
        Refusal{"NoHost", "GET / HTTP/1.1\r\n\r\n", "400"},
        Refusal{"TwoHosts", with_host("GET /", "Host: b\r\n\r\n"), "400"},
        Refusal{"SpaceBeforeColon", with_host("POST /", "Content-Length : 4\r\n\r\nabcd"), "400"},
        Refusal{"BareLineFeed", "GET / HTTP/1.1\nHost: a\n\n", "400"},
        Refusal{"TwoLengths", with_host("POST /", "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd"), "400"},
        Refusal{"SameLengthTwice", with_host("POST /", "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd"), "400"},
        Refusal{"SignedLength", with_host("POST /", "Content-Length: +4\r\n\r\nabcd"), "400"},
        Refusal{"LengthAndChunked",
                with_host("POST /", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "400"},
        Refusal{"ChunkedAndLength",
                with_host("POST /", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"), "400"},
        Refusal{"UnknownEncoding", with_host("POST /", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), "400"},
        Refusal{"EncodingListed", with_host("POST /", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), "400"},
        Refusal{"TwoEncodings",
                with_host("POST /", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                "400"},
        Refusal{"ChunkedInHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
        Refusal{"BadChunk", with_host("POST /", "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"), "400"},
        Refusal{"AbsoluteTarget", with_host("GET http://a/"), "400"},
        Refusal{"MalformedEscape", with_host("GET /%2"), "400"}, Refusal{"DotDot", with_host("GET /a/../b"), "404"},
        Refusal{"EncodedDotDot", with_host("GET /a/%2e%2E%2fb"), "404"},
        Refusal{"DoubleSlash", with_host("GET //etc/passwd"), "404"},
        Refusal{"EncodedNul", with_host("GET /a%00b"), "404"},
        Refusal{"EncodedNewline", with_host("GET /a%0ab"), "404"}, Refusal{"Backslash", with_host("GET /a%5cb"), "404"},
        Refusal{"Delete", with_host("DELETE /"), "405"}, Refusal{"Connect", with_host("CONNECT a:1"), "405"},
        Refusal{"UnknownMethod", with_host("BREW /"), "405"},
        Refusal{"LengthOverLimit", with_host("POST /", "Content-Length: 1001\r\n\r\n" + std::string(1001, 'x')), "413"},
        Refusal{"ChunksOverLimit",
                with_host("POST /", "Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + std::string(1000, 'x') +
                                        "\r\n1\r\ny\r\n0\r\n\r\n"),
                "413"},
        Refusal{"ChunkOverLimit", with_host("POST /", "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n"), "413"},
        Refusal{"LongTarget", with_host("GET /" + std::string(2000, 'a')), "414"},
        Refusal{"Expectation", with_host("POST /", "Expect: 200-ok\r\nContent-Length: 1\r\n\r\na"), "417"},
        Refusal{"LongHeader", with_host("GET /", "A: " + std::string(2000, 'a') + "\r\n\r\n"), "431"},
        Refusal{"EndlessHeader", with_host("GET /", "A: " + std::string(200'000, 'a')), "431"}),
    [](auto const& refusal) { return std::string(refusal.param.name); });

TEST_F(HttpServerTest, RefusesATargetOver2048BytesThoughTheHeaderMayBeLonger) {
    start(ServerLimits());
    EXPECT_EQ(ask_closing("GET /" + std::string(2048, 'a'), "\r\n").substr(0, 12), "HTTP/1.1 414");
    EXPECT_EQ(ask_closing("GET /" + std::string(2047, 'a'), "\r\n").substr(0, 12), "HTTP/1.1 200");
}

TEST_F(HttpServerTest, AnswersWithTheReasonWhileALargeBodyIsStillBeingSent) {
    start();
    auto const answer = ask_closing("POST /", "Content-Length: 300000\r\n\r\n" + std::string(300'000, 'x'));
    EXPECT_TRUE(answer.ends_with("The body of the request is too large.\n")) << answer;
}

TEST_F(HttpServerTest, CutsAHeaderThatTakesTooLong) {
    auto limits = small_limits();
    limits.header_time = 40ms;
    start(limits);
    EXPECT_EQ(ask("GET / HTTP/1.1\r\nHo").substr(0, 12), "HTTP/1.1 408");
    EXPECT_EQ(ask(""), "") << "who has said nothing gets no answer";
}

TEST_F(HttpServerTest, CutsABodyThatTakesTooLong) {
    auto limits = small_limits();
    limits.body_time = 40ms;
    start(limits);
    EXPECT_EQ(ask_closing("POST /", "Content-Length: 4\r\n\r\nab").substr(0, 12), "HTTP/1.1 408");
}

TEST_F(HttpServerTest, ClosesAKeptConnectionThatStaysIdle) {
    auto limits = small_limits();
    limits.idle_time = 40ms;
    start(limits);
    EXPECT_TRUE(ask("GET /once HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("/once?#\n"));
}

TEST_F(HttpServerTest, CutsAClientThatDoesNotTakeItsAnswer) {
    auto limits = small_limits();
    limits.write_time = 40ms;
    limits.connections = 1;
    start(limits);
    file = scratch / "large";
    support::write_file(file, std::string(32 * 1024 * 1024, 'x'));
    RawConnection lazy(io, server->port());
    lazy.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
    while (ask_closing("GET /next", "\r\n").empty()) {
        // The only connection allowed is still the lazy one's.
    }
    EXPECT_LT(support::run_until(io, lazy.rest()).size(), 32u * 1024 * 1024);
}

TEST_F(HttpServerTest, ClosesConnectionsOverTheLimitAtOnce) {
    auto limits = small_limits();
    limits.connections = 2;
    start(limits);
    RawConnection first(io, server->port());
    RawConnection second(io, server->port());
    EXPECT_EQ(ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), "");
    first.send("GET /first HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(support::run_until(io, first.rest()).ends_with("/first?#\n"));
    first.close();
    EXPECT_TRUE(ask_closing("GET /third", "\r\n").ends_with("/third?#\n"));
}

TEST_F(HttpServerTest, LetsOneAddressHaveItsShareOfConnectionsOnly) {
    auto limits = small_limits();
    limits.connections_per_address = 2;
    start(limits);
    RawConnection first(io, server->port());
    RawConnection second(io, server->port());
    EXPECT_EQ(ask_closing("GET /third", "\r\n"), "");
    RawConnection elsewhere(io, server->port(), "127.0.0.2");
    elsewhere.send("GET /other HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(support::run_until(io, elsewhere.rest()).ends_with("/other?#\n"));
    EXPECT_EQ(requests.at(0).remote_address, "127.0.0.2");
}

TEST_F(HttpServerTest, SendsRetryAfterWithABusyAnswer) {
    start();
    auto const answer = ask_closing("GET /busy", "\r\n");
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 503");
    EXPECT_NE(answer.find("\r\nRetry-After: 7\r\n"), std::string::npos) << answer;
}

TEST_F(HttpServerTest, TurnsAThrowingHandlerIntoA500AndAnEventAndGoesOn) {
    start();
    auto const answer = ask_closing("GET /bug", "\r\n");
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 500");
    EXPECT_EQ(answer.find("a bug"), std::string::npos) << "the client is not told about our insides";
    EXPECT_EQ(events.count("http.handler_failed"), 1);
    EXPECT_TRUE(ask_closing("GET /next", "\r\n").ends_with("/next?#\n"));
}

TEST_F(HttpServerTest, HoldsManyRequestsAndAnswersThemAllAtOnce) {
    start();
    std::vector<std::unique_ptr<RawConnection>> clients;
    for (int i = 0; i < 100; ++i) {
        clients.push_back(std::make_unique<RawConnection>(io, server->port()));
        clients.back()->send("GET /held?" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    }
    while (held < 100) io.run_one();
    hold.cancel();
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(support::run_until(io, clients[static_cast<std::size_t>(i)]->rest())
                        .ends_with("?" + std::to_string(i) + "#\n"));
    }
}

TEST_F(HttpServerTest, SurvivesClientsThatGoWhileTheirRequestIsHeld) {
    start();
    RawConnection orderly(io, server->port());
    RawConnection rude(io, server->port());
    orderly.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
    rude.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
    while (held < 2) io.run_one();
    orderly.close();
    rude.reset();
    hold.cancel();
    while (held > 0) io.run_one();
    EXPECT_TRUE(ask_closing("GET /next", "\r\n").ends_with("/next?#\n"));
}

TEST_F(HttpServerTest, StopClosesConnectionsWhoseRequestsAreHeldAndRefusesNewOnes) {
    start();
    auto const port = server->port();
    RawConnection client(io, port);
    client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
    while (held < 1) io.run_one();
    server->stop();
    EXPECT_EQ(support::run_until(io, client.rest()), "");
    EXPECT_THROW(RawConnection(io, port), boost::system::system_error);
    hold.cancel();
    io.restart();
    io.run();  // returns: nothing of the server is left waiting
    EXPECT_EQ(held, 0);
}

TEST_F(HttpServerTest, MayBeDestroyedWhileARequestIsHeldAndAFileIsSent) {
    start();
    file = scratch / "large";
    support::write_file(file, std::string(8 * 1024 * 1024, 'x'));
    RawConnection waiting(io, server->port());
    RawConnection loading(io, server->port());
    waiting.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
    loading.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(support::run_until(io, loading.until("\r\n\r\n")).substr(0, 15), "HTTP/1.1 200 OK");
    while (held < 1) io.run_one();
    server.reset();
    hold.cancel();
    io.restart();
    io.run();
    EXPECT_EQ(held, 0);
}

TEST_F(HttpServerTest, SendsAFileAndPartsOfIt) {
    start();
    file = scratch / "file";
    std::string content;
    for (int i = 0; i < 60'000; ++i) content += std::to_string(i) + ",";
    support::write_file(file, content);
    auto const size = std::to_string(content.size());

    auto const whole = ask_closing("GET /file", "\r\n");
    EXPECT_EQ(whole.substr(0, 12), "HTTP/1.1 200");
    EXPECT_NE(whole.find("\r\nContent-Length: " + size + "\r\n"), std::string::npos);
    EXPECT_TRUE(whole.ends_with("\r\n\r\n" + content));

    auto const part = ask_closing("GET /file", "Range: bytes=10-19\r\n\r\n");
    EXPECT_EQ(part.substr(0, 12), "HTTP/1.1 206");
    EXPECT_NE(part.find("\r\nContent-Range: bytes 10-19/" + size + "\r\n"), std::string::npos) << part;
    EXPECT_TRUE(part.ends_with("\r\n\r\n" + content.substr(10, 10)));

    auto const rest = ask_closing("GET /file", "Range: bytes=200000-\r\n\r\n");
    EXPECT_TRUE(rest.ends_with("\r\n\r\n" + content.substr(200'000)));

    auto const behind = ask_closing("GET /file", "Range: bytes=" + size + "-\r\n\r\n");
    EXPECT_EQ(behind.substr(0, 12), "HTTP/1.1 416");
    EXPECT_NE(behind.find("\r\nContent-Range: bytes */" + size + "\r\n"), std::string::npos) << behind;

    auto const conditional = ask_closing("GET /file", "If-Range: \"x\"\r\nRange: bytes=0-1\r\n\r\n");
    EXPECT_EQ(conditional.substr(0, 12), "HTTP/1.1 200");
    auto const head = ask_closing("HEAD /file", "\r\n");
    EXPECT_NE(head.find("\r\nContent-Length: " + size + "\r\n"), std::string::npos);
    EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, SendsAnEmptyFile) {
    start();
    file = scratch / "empty";
    support::write_file(file, "");
    auto const answer = ask_closing("GET /file", "\r\n");
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 200");
    EXPECT_NE(answer.find("\r\nContent-Length: 0\r\n"), std::string::npos) << answer;
}

TEST_F(HttpServerTest, AnswersNotFoundForWhatIsNoRegularFile) {
    start();
    support::write_file(scratch / "target", "secret");
    std::filesystem::create_symlink(scratch / "target", scratch / "link");
    for (auto const& path : {scratch.root(), scratch / "link", scratch / "nothing"}) {
        file = path;
        EXPECT_EQ(ask_closing("GET /file", "\r\n").substr(0, 12), "HTTP/1.1 404") << path;
    }
}

TEST_F(HttpServerTest, SaysThatAPortIsInUseAndWhatToDo) {
    start();
    Server second(io, events, [this](Request request) { return answer(std::move(request)); });
    auto const listening = second.listen("127.0.0.1", server->port());
    ASSERT_FALSE(listening);
    EXPECT_EQ(listening.error().code, Errc::address_in_use);
    EXPECT_EQ(listening.error().detail, "cannot listen on 127.0.0.1 port " + std::to_string(server->port()) +
                                            ": another program listens there; stop it or choose another port");
    EXPECT_EQ(second.port(), 0);
}

TEST_F(HttpServerTest, RefusesToListenOnWhatIsNoAddressOfThisMachine) {
    Server other(io, events, [this](Request request) { return answer(std::move(request)); });
    for (auto const* address : {"seeder.lan", "", "192.0.2.1", "127.0.0.1:80"}) {
        auto const listening = other.listen(address, 0);
        ASSERT_FALSE(listening) << address;
        EXPECT_EQ(listening.error().code, Errc::unusable_address) << listening.error().detail;
    }
}

TEST_F(HttpServerTest, GivesAMappedAddressAsIPv4) {
    server = std::make_unique<Server>(io, events, [this](Request request) { return answer(std::move(request)); });
    auto const listening = server->listen("::", 0);
    if (!listening) GTEST_SKIP() << "no IPv6 here: " << listening.error().detail;
    ask_closing("GET /x", "\r\n");
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].remote_address, "127.0.0.1");
}

// Takes every file descriptor of the process but `left`, until it dies.
class NoDescriptors {
public:
    explicit NoDescriptors(std::size_t left) {
        getrlimit(RLIMIT_NOFILE, &before_);
        rlimit few = before_;
        few.rlim_cur = 256;
        setrlimit(RLIMIT_NOFILE, &few);
        for (int fd = dup(0); fd >= 0; fd = dup(0)) taken_.push_back(fd);
        for (; left > 0; --left) give_one_back();
    }
    ~NoDescriptors() {
        while (!taken_.empty()) give_one_back();
        setrlimit(RLIMIT_NOFILE, &before_);
    }

private:
    void give_one_back() {
        close(taken_.back());
        taken_.pop_back();
    }

    rlimit before_{};
    std::vector<int> taken_;
};

TEST_F(HttpServerTest, WaitsWhenThereAreNoDescriptorsLeftAndThenGoesOn) {
    start();
    io.poll();
    auto none = std::make_unique<NoDescriptors>(1);
    RawConnection client(io, server->port());  // takes the last one
    client.send("GET /late HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    int accepts = 0;
    while (accepts++ < 20 && events.count("http.accept_failed") == 0) io.run_one();
    EXPECT_EQ(events.count("http.accept_failed"), 1);
    none.reset();
    EXPECT_TRUE(support::run_until(io, client.rest()).ends_with("/late?#\n"));
    EXPECT_EQ(events.count("http.accept_failed"), 1);
}

}  // namespace
}  // namespace lanyard::http
