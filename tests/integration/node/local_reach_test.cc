#include "node/probe/local_reach.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>

#include "node/probe/errc.h"
#include "proto/http/server.h"
#include "tests/support/loop.h"
#include "tests/support/recorded_events.h"

namespace lanyard::probe {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

class LocalReachTest : public testing::Test {
protected:
    // Serves until `task` has ended.
    static asio::awaitable<Status> then_stop(asio::awaitable<Status> task, http::Server& server) {
        auto const status = co_await std::move(task);
        server.stop();
        co_return status;
    }
    asio::awaitable<http::Response> answer(http::Request request) {
        asked.push_back(request.path + "|" + request.query);
        http::Response response = http::Response::text(status, "state");
        response.body += std::string(body_bytes, 'x');
        co_return response;
    }
    Status get(std::string const& rest) {
        http::Server server(io, events, [this](http::Request request) { return answer(std::move(request)); });
        auto const listening = server.listen("127.0.0.1", 0);
        if (!listening) return listening;
        auto const url = "http://127.0.0.1:" + std::to_string(server.port()) + rest;
        return support::run(io, then_stop(reach.http(url, 5s), server));
    }

    asio::io_context io;
    support::RecordedEvents events;
    LocalReach reach{io};
    std::vector<std::string> asked;
    unsigned status = 200;
    std::size_t body_bytes = 0;
};

TEST_F(LocalReachTest, FindsAPortThatAcceptsAndOneThatDoesNot) {
    std::uint16_t port = 0;
    {
        tcp::acceptor const acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        port = acceptor.local_endpoint().port();
        EXPECT_TRUE(support::run(io, reach.tcp(port, 5s)));
    }
    auto const refused = support::run(io, reach.tcp(port, 5s));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::no_answer);
    EXPECT_NE(refused.error().detail.find(std::to_string(port)), std::string::npos) << refused.error().detail;
}

TEST_F(LocalReachTest, DoesNotWaitForAPortThatNeverAnswers) {
    // A listener whose queue is full drops what comes next.
    tcp::acceptor acceptor(io);
    acceptor.open(tcp::v4());
    acceptor.bind(tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    acceptor.listen(0);
    auto const there = acceptor.local_endpoint();
    tcp::socket first(io);
    first.connect(there);
    auto const ignored = support::run(io, reach.tcp(there.port(), 200ms));
    ASSERT_FALSE(ignored);
    EXPECT_NE(ignored.error().detail.find("no answer in time"), std::string::npos) << ignored.error().detail;
}

TEST_F(LocalReachTest, AsksForThePathAndQueryOfTheUrl) {
    for (auto const* rest : {"", "/", "/ready?deep=1", "/ready#top", "?deep=1"}) EXPECT_TRUE(get(rest)) << rest;
    EXPECT_EQ(asked, (std::vector<std::string>{"/|", "/|", "/ready|deep=1", "/ready|", "/|deep=1"}));
}

TEST_F(LocalReachTest, TakesEveryStatusFrom200To299) {
    for (unsigned const good : {200u, 204u, 299u}) {
        status = good;
        EXPECT_TRUE(get("/")) << good;
    }
    for (unsigned const bad : {301u, 404u, 500u, 503u}) {
        status = bad;
        auto const seen = get("/");
        ASSERT_FALSE(seen) << bad;
        EXPECT_NE(seen.error().detail.find("answers with status " + std::to_string(bad)), std::string::npos);
    }
}

TEST_F(LocalReachTest, DoesNotMindALongPage) {
    body_bytes = 1'000'000;
    EXPECT_TRUE(get("/metrics"));
}

TEST_F(LocalReachTest, SaysThatNobodyListens) {
    std::uint16_t port = 0;
    {
        tcp::acceptor const acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        port = acceptor.local_endpoint().port();
    }
    auto const seen = support::run(io, reach.http("http://localhost:" + std::to_string(port) + "/", 5s));
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().code, Errc::no_answer);
}

TEST_F(LocalReachTest, CancelEndsWhatIsUnderWay) {
    // Accepted by the system, and never answered.
    tcp::acceptor const silent(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    auto const url = "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/";
    std::optional<Status> seen;
    asio::co_spawn(io, support::keep_result(reach.http(url, std::chrono::hours(1)), seen), asio::detached);
    asio::post(io, [this] { reach.cancel(); });
    io.restart();
    io.run();
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->error().code, Errc::no_answer);
}

TEST_F(LocalReachTest, RefusesAnAddressThatIsNone) {
    auto const seen = support::run(io, reach.http("http://127.0.0.1:99999/", 1s));
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().code, Errc::no_answer);
}

}  // namespace
}  // namespace lanyard::probe
