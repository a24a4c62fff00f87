#include <list>

#include "proto/http/stream.h"
#include "tests/integration/tls_fixture.h"

#include <boost/asio/ip/tcp.hpp>

namespace lanyard::http {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

enum class Over { plain, tls };
void PrintTo(Over over, std::ostream* out) { *out << (over == Over::tls ? "Tls" : "Plain"); }

// One who sends what no well-behaved client sends, plain or within TLS.
class Abuser {
public:
    Abuser(asio::io_context& io, std::uint16_t port, char const* from = "127.0.0.1")
        : stream_(Socket(io.get_executor())) {
        asio::ip::tcp::endpoint const own(asio::ip::make_address(from), 0);
        stream_.socket.open(own.protocol());
        stream_.socket.bind(own);
        stream_.socket.connect(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port));
    }

    asio::awaitable<bool> agree(std::shared_ptr<TlsContext> tls) {
        error_code error;
        auto session = tls->connect(stream_.socket, "127.0.0.1");
        co_await stream_.handshake(std::move(session), error);
        co_return !error;
    }
    asio::awaitable<bool> send(std::string bytes) {
        std::string_view left = bytes;
        std::string_view const nothing;
        error_code error;
        while (!left.empty() && !error) {
            auto const sent = co_await stream_.write_some(left, nothing, error);
            left.remove_prefix(sent);
        }
        co_return !error;
    }
    // One byte and then a little later the next, without end.
    asio::awaitable<void> drip(std::string bytes) {
        asio::steady_timer timer(stream_.socket.get_executor());
        error_code ignored;
        for (std::size_t at = 0;; ++at) {
            std::string one(1, at < bytes.size() ? bytes[at] : 'x');
            bool const sent = co_await send(std::move(one));
            if (!sent) co_return;
            timer.expires_after(2ms);
            co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
    }
    // To the end of the connection, however it ends.
    asio::awaitable<std::string> rest() {
        std::string all;
        std::string block(4096, '\0');
        error_code error;
        while (!error) {
            auto const space = asio::buffer(block);
            auto const got = co_await stream_.read_some(space, error);
            all.append(block, 0, got);
        }
        co_return all;
    }
    void close() { stream_.socket.close(); }

private:
    Stream stream_;
};

class AbuseTest : public TlsFixture, public testing::WithParamInterface<Over> {
protected:
    static std::string get_of(std::string const& path) { return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n"; }

    void start(ServerLimits const& limits) {
        TlsFixture::start(server_tls(), limits);
        trusting = TlsContext::for_client(client_tls()).value();
    }
    Abuser& abuser(char const* from = "127.0.0.1") {
        auto& made = abusers.emplace_back(io, server->port(), from);
        bool const ready = GetParam() == Over::plain || support::run_until(io, made.agree(trusting));
        EXPECT_TRUE(ready);
        return made;
    }
    void send(Abuser& abuser, std::string const& bytes) { EXPECT_TRUE(support::run_until(io, abuser.send(bytes))); }
    // From another address.
    void expect_others_are_served() {
        auto const scheme = GetParam() == Over::tls ? Url::Scheme::https : Url::Scheme::http;
        Client honest(io, {"127.0.0.1", server->port(), scheme}, "127.0.0.9", client_tls());
        auto const answer = get(honest, "/honest");
        ASSERT_TRUE(answer) << answer.error().detail;
        EXPECT_EQ(answer->body, "/honest#\n");
    }
    void expect_all_end_with_408() {
        for (auto& each : abusers) {
            auto const answer = support::run_until(io, each.rest());
            EXPECT_TRUE(answer.starts_with("HTTP/1.1 408") || answer.empty()) << answer;
        }
    }

    std::shared_ptr<TlsContext> trusting;
    std::list<Abuser> abusers;
};

INSTANTIATE_TEST_SUITE_P(Over, AbuseTest, testing::Values(Over::plain, Over::tls),
                         [](auto const& over) { return over.param == Over::tls ? "Tls" : "Plain"; });

TEST_P(AbuseTest, HeadersThatComeByteByByteEndInTimeAndOthersAreServed) {
    ServerLimits limits;
    limits.header_time = 200ms;
    start(limits);
    for (int i = 0; i < 30; ++i) asio::co_spawn(io, abuser().drip("GET /slow HTTP/1.1\r\nX: "), asio::detached);
    expect_others_are_served();
    expect_all_end_with_408();
    EXPECT_EQ(requests.size(), 1u);
}

TEST_P(AbuseTest, BodiesThatComeByteByByteEndInTimeAndOthersAreServed) {
    ServerLimits limits;
    limits.body_time = 200ms;
    start(limits);
    for (int i = 0; i < 30; ++i) {
        auto& slow = abuser();
        send(slow, "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
        asio::co_spawn(io, slow.drip(""), asio::detached);
    }
    expect_others_are_served();
    expect_all_end_with_408();
    EXPECT_EQ(requests.size(), 1u);
}

TEST_P(AbuseTest, ChunksThatComeWithoutEndAreCutAtTheLimit) {
    start({});
    auto& endless = abuser();
    send(endless, "POST /endless HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::string chunks;
    for (int i = 0; i < 20'000; ++i) chunks += "4\r\nabcd\r\n";
    asio::co_spawn(io, endless.send(chunks), asio::detached);
    EXPECT_TRUE(support::run_until(io, endless.rest()).starts_with("HTTP/1.1 413"));
    EXPECT_TRUE(requests.empty());
}

TEST_P(AbuseTest, AnEndlessChunkExtensionIsCutAtTheLimit) {
    start({});
    auto& endless = abuser();
    send(endless, "POST /endless HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4;a=");
    asio::co_spawn(io, endless.send(std::string(300'000, 'x')), asio::detached);
    EXPECT_TRUE(support::run_until(io, endless.rest()).starts_with("HTTP/1.1 4"));
    EXPECT_TRUE(requests.empty());
}

TEST_P(AbuseTest, AClaimOfManyGigabytesIsRefusedAtOnce) {
    start({});
    auto& liar = abuser();
    send(liar, "POST /huge HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n");
    EXPECT_TRUE(support::run_until(io, liar.rest()).starts_with("HTTP/1.1 413"));
    EXPECT_TRUE(requests.empty());
}

TEST_P(AbuseTest, AFloodOfPipelinedRequestsLetsOthersHaveTheirTurn) {
    constexpr int kFlood = 3000;
    start({});
    auto& flood = abuser();
    std::string all;
    for (int i = 0; i < kFlood; ++i) all += get_of("/f");
    asio::co_spawn(io, flood.send(std::move(all)), asio::detached);
    std::string taken;
    asio::co_spawn(io, flood.rest(), [&](std::exception_ptr, std::string answers) { taken = std::move(answers); });
    while (requests.empty()) io.run_one();
    expect_others_are_served();
    EXPECT_LT(requests.size(), static_cast<std::size_t>(kFlood)) << "the other one had to wait for the whole flood";
    while (requests.size() < kFlood + 1) io.run_one();
}

TEST_P(AbuseTest, AnAddressThatHoldsManyIsRefusedFirstWhenPlacesGetScarce) {
    ServerLimits limits;
    limits.connections = 16;
    limits.connections_per_address = 16;
    start(limits);
    for (int i = 0; i < 14; ++i) send(abuser(), get_of("/poll"));
    while (held < 14) io.run_one();
    Abuser fifteenth(io, server->port());
    EXPECT_EQ(support::run_until(io, fifteenth.rest()), "");
    expect_others_are_served();
    expect_others_are_served();
    hold.cancel();
}

TEST_P(AbuseTest, IdleConnectionsAreClosedWhenPlacesGetScarce) {
    ServerLimits limits;
    limits.connections = 16;
    start(limits);
    for (int i = 0; i < 16; ++i) {
        auto& idle = abuser(i < 14 ? "127.0.0.2" : "127.0.0.3");
        send(idle, get_of("/x"));
        while (requests.size() < static_cast<std::size_t>(i + 1)) io.run_one();
    }
    expect_others_are_served();
    auto const first = support::run_until(io, abusers.front().rest());
    EXPECT_TRUE(first.ends_with("/x#\n")) << "the one that was idle for longest has been closed";
}

TEST_P(AbuseTest, AnAddressOfManyMachinesMayHaveMoreConnections) {
    ServerLimits limits;
    limits.connections_per_address = 2;
    limits.shared_addresses = Networks::parse({"127.0.1.0/24"}).value();
    limits.connections_per_shared_address = 4;
    start(limits);
    for (int i = 0; i < 4; ++i) send(abuser("127.0.1.7"), get_of("/poll"));
    while (held < 4) io.run_one();
    Abuser fifth(io, server->port(), "127.0.1.7");
    EXPECT_EQ(support::run_until(io, fifth.rest()), "");
    hold.cancel();
}

class HandshakeRateTest : public TlsFixture {};

TEST_F(HandshakeRateTest, AnAddressThatBeginsTlsTooOftenIsTurnedAwayAndOthersAreNot) {
    ServerLimits limits;
    limits.handshakes = {0.001, 3, 100};
    start(server_tls(), limits);
    auto const tls = client_tls();
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(get_once(tls));
    auto const fourth = get_once(tls);
    ASSERT_FALSE(fourth);
    EXPECT_EQ(fourth.error().code, Errc::unreachable) << fourth.error().detail;
    EXPECT_TRUE(over_plain("GET /y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").ends_with("/y#\n"));
    Client other(io, {"127.0.0.1", server->port(), Url::Scheme::https}, "127.0.0.9", tls);
    EXPECT_TRUE(get(other));
}

}  // namespace
}  // namespace lanyard::http
