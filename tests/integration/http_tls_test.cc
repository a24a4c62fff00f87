#include "tests/integration/tls_fixture.h"

namespace lanyard::http {
namespace {

using namespace std::chrono_literals;
using support::Authority;
using support::Identity;
using support::RawConnection;
using support::Wish;

class HttpTlsTest : public TlsFixture {};

TEST_F(HttpTlsTest, AnswersPlainAndTlsOnTheSamePortAndTellsThemApart) {
    start();
    auto const answer = get_once(client_tls());
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->body, "/x#\n");
    EXPECT_TRUE(over_plain("GET /y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").ends_with("/y#\n"));
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0].caller.way, Caller::Way::tls);
    EXPECT_EQ(requests[0].remote_address, "127.0.0.1");
    EXPECT_EQ(requests[0].local_address, "127.0.0.1");
    EXPECT_EQ(requests[1].caller.way, Caller::Way::plain);
    EXPECT_FALSE(requests[1].caller.certificate);
}

TEST_F(HttpTlsTest, TellsTheHandlerWhoseCertificateTheClientShows) {
    start();
    ASSERT_TRUE(get_once(client_tls()));
    ASSERT_TRUE(get_once(client_tls(authority.issue({"node 7", ""}))));
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_FALSE(requests[0].caller.certificate);
    auto const certificate = requests[1].caller.certificate;
    ASSERT_TRUE(certificate);
    EXPECT_EQ(certificate->common_name, "node 7");
    EXPECT_EQ(certificate->fingerprint.size(), 32u);
    EXPECT_NE(certificate->der.find("node 7"), std::string::npos);
}

TEST_F(HttpTlsTest, DoesNotAskForCertificatesWithoutAClientCa) {
    auto tls = server_tls();
    tls.client_ca_pem.clear();
    start(tls);
    ASSERT_TRUE(get_once(client_tls(Authority("another").issue({"node 7", ""}))));
    EXPECT_FALSE(requests.at(0).caller.certificate);
}

TEST_F(HttpTlsTest, RefusesAClientsCertificateThatTheClientCaDidNotSignOrThatIsNotValidNow) {
    start();
    std::pair<char const*, Identity> const refused[] = {
        {"another CA", Authority().issue({"node 7", ""})},
        {"self-signed", Authority::self_signed({"node 7", ""})},
        {"expired", authority.issue({"node 7", "", "19900101000000Z", "19910101000000Z"})},
        {"of the future", authority.issue({"node 7", "", "20980101000000Z", "20990101000000Z"})}};
    for (auto const& [why, identity] : refused) {
        auto const answer = get_once(client_tls(identity));
        ASSERT_FALSE(answer) << why;
        EXPECT_EQ(answer.error().code, Errc::certificate_refused) << why << ": " << answer.error().detail;
        EXPECT_EQ(kind_of(answer.error().code), Kind::trust);
    }
    EXPECT_TRUE(requests.empty());
}

TEST_F(HttpTlsTest, FindsThePinnedCaInTheServersChain) {
    start();
    ClientTls pinned;
    pinned.ca_sha256 = authority.sha256();
    auto const answer = get_once(pinned);
    ASSERT_TRUE(answer) << answer.error().detail;

    pinned.ca_sha256 = Authority().sha256();
    auto const other = get_once(pinned);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Errc::unknown_ca) << other.error().detail;
}

TEST_F(HttpTlsTest, DoesNotFindThePinnedCaInAChainThatItDidNotSign) {
    Authority const evil;
    auto const identity = evil.issue(for_this_machine());
    start({identity.certificate_pem + evil.pem() + authority.pem(), identity.private_key_pem, ""});
    ClientTls pinned;
    pinned.ca_sha256 = authority.sha256();
    auto const answer = get_once(pinned);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unknown_ca) << answer.error().detail;
}

TEST_F(HttpTlsTest, RefusesAServerOfAnotherCaAndSaysWhoSignedIt) {
    start();
    auto tls = client_tls();
    tls.ca_pem = Authority("fleet of the neighbours").pem();
    auto const answer = get_once(tls);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unknown_ca);
    EXPECT_EQ(kind_of(answer.error().code), Kind::trust);
    EXPECT_NE(answer.error().detail.find("issued by CN = test CA"), std::string::npos) << answer.error().detail;
    EXPECT_TRUE(requests.empty());
}

TEST_F(HttpTlsTest, RefusesAServerWhoseCertificateIsForOtherNamesAndSaysWhich) {
    start(server_tls({"127.0.0.1", "DNS:seeder.lan,IP:192.0.2.1"}));
    for (auto const* host : {"127.0.0.1", "localhost"}) {
        auto const client = client_of(server->port(), client_tls(), host);
        auto const answer = get(*client);
        ASSERT_FALSE(answer) << host;
        EXPECT_EQ(answer.error().code, Errc::wrong_name);
        EXPECT_NE(answer.error().detail.find("DNS:seeder.lan, IP Address:192.0.2.1"), std::string::npos)
            << answer.error().detail;
    }
    EXPECT_TRUE(requests.empty());
}

TEST_F(HttpTlsTest, RefusesAServerWhoseCertificateHasExpiredAndSaysWhen) {
    auto wish = for_this_machine();
    wish.until = "19910203000000Z";
    start(server_tls(wish));
    auto const answer = get_once(client_tls());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::certificate_expired);
    EXPECT_NE(answer.error().detail.find("Feb  3 00:00:00 1991 GMT"), std::string::npos) << answer.error().detail;
}

TEST_F(HttpTlsTest, TakesALocalNameOfTheCertificate) {
    start();
    auto const client = client_of(server->port(), client_tls(), "localhost");
    auto const answer = get(*client);
    ASSERT_TRUE(answer) << answer.error().detail;
}

TEST_F(HttpTlsTest, SaysThatAServerDoesNotSpeakTlsAndSendsItNothingPlain) {
    start();
    auto plain = std::make_unique<Server>(io, events, [this](Request request) { return answer(std::move(request)); });
    ASSERT_TRUE(plain->listen("127.0.0.1", 0));
    ClientRequest secret;
    secret.method = Method::post;
    secret.path = "/v1/report";
    secret.body = "secret";
    auto const client = client_of(plain->port(), client_tls());
    auto const answer = support::run_until(io, client->send(secret));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::not_tls) << answer.error().detail;
    EXPECT_EQ(kind_of(answer.error().code), Kind::trust);
    EXPECT_TRUE(requests.empty());
}

TEST_F(HttpTlsTest, NeedsToBeToldWhomToBelieve) {
    start();
    auto const answer = get_once(std::nullopt);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unknown_ca);
    EXPECT_TRUE(requests.empty());
}

TEST_F(HttpTlsTest, RefusesCertificatesAndKeysThatCannotBeUsed) {
    start();
    auto const own = authority.issue({"a", ""});
    auto const other = authority.issue({"b", ""});
    ClientTls const unusable[] = {{"", "", "", ""},
                                  {"no PEM", "", "", ""},
                                  {"", "short", "", ""},
                                  {authority.pem(), "", "no PEM", own.private_key_pem},
                                  {authority.pem(), "", own.certificate_pem, "no PEM"},
                                  {authority.pem(), "", own.certificate_pem, other.private_key_pem}};
    for (auto const& tls : unusable) {
        auto const answer = get_once(tls);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, Errc::unusable_certificate) << answer.error().detail;
    }
    EXPECT_FALSE(server->use_tls({own.certificate_pem, other.private_key_pem, ""}));
    EXPECT_FALSE(server->use_tls({own.certificate_pem, own.private_key_pem, "no PEM"}));
    EXPECT_TRUE(get_once(client_tls())) << "what it had is still used";
}

TEST_F(HttpTlsTest, ShowsARenewedCertificateToThoseWhoComeThen) {
    start();
    auto const kept = client_of(client_tls());
    ASSERT_TRUE(get(*kept));
    Authority const next;
    auto const identity = next.issue(for_this_machine());
    ASSERT_TRUE(server->use_tls({identity.certificate_pem, identity.private_key_pem, ""}));
    EXPECT_TRUE(get(*kept));
    EXPECT_EQ(get_once(client_tls()).error().code, Errc::unknown_ca);
    auto tls = client_tls();
    tls.ca_pem = next.pem();
    EXPECT_TRUE(get_once(tls));
}

TEST_F(HttpTlsTest, KeepsItsConnection) {
    ServerLimits limits;
    limits.connections = 1;
    start(server_tls(), limits);
    auto const client = client_of(client_tls());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(get(*client)) << "the server allows one connection only";
}

TEST_F(HttpTlsTest, ResumesItsSessionWhenItHasToConnectAgain) {
    ServerLimits limits;
    limits.idle_time = 40ms;
    start(server_tls(), limits);
    support::Wiretap wiretap(io, server->port());
    auto const client = client_of(wiretap.port(), client_tls(authority.issue({"node 7", ""})));
    ASSERT_TRUE(get(*client));
    auto const whole = wiretap.from_server;
    // The server ends the idle connection.
    io.restart();
    while (wiretap.ended < 2) io.run_one();
    ASSERT_TRUE(get(*client));
    ASSERT_EQ(wiretap.connections, 2);
    EXPECT_LT(wiretap.from_server, whole - 700) << "two certificates of some 400 bytes are not sent again";
    EXPECT_EQ(requests.back().caller.certificate.value().common_name, "node 7") << "a resumed session knows it, too";
}

TEST_F(HttpTlsTest, SendsALargeFileAndPartsOfIt) {
    start();
    file = scratch / "large";
    std::string content;
    for (int i = 0; content.size() < 8'000'000; ++i) content += std::to_string(i) + ",";
    support::write_file(file, content);
    auto const client = client_of(client_tls());
    auto const answer = get(*client, "/file");
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_TRUE(answer->body == content);
}

TEST_F(HttpTlsTest, TakesABodyOfManyRecords) {
    start();
    ClientRequest request;
    request.method = Method::post;
    request.path = "/p";
    request.body = std::string(60'000, 'b');
    request.max_body = 100'000;
    auto const client = client_of(client_tls());
    auto const body = request.body;
    auto const answer = support::run_until(io, client->send(std::move(request)));
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->body, "/p#" + body + "\n");
}

TEST_F(HttpTlsTest, NoticesAClientThatGoesWhileItsRequestIsHeld) {
    start();
    auto client = client_of(client_tls());
    ClientRequest request;
    request.path = "/poll";
    std::optional<Caught> ended;
    asio::co_spawn(io, client->send(request), [&](std::exception_ptr, Caught result) { ended = std::move(result); });
    while (held == 0) io.run_one();
    client.reset();
    while (held > 0 || !ended) io.run_one();
    EXPECT_FALSE(*ended);
}

TEST_F(HttpTlsTest, AnswersAHeldRequest) {
    start();
    auto client = client_of(client_tls());
    ClientRequest request;
    request.path = "/poll";
    std::optional<Caught> ended;
    asio::co_spawn(io, client->send(request), [&](std::exception_ptr, Caught result) { ended = std::move(result); });
    while (held == 0) io.run_one();
    for (int i = 0; i < 10; ++i) io.poll();
    EXPECT_FALSE(ended);
    hold.cancel();
    while (!ended) io.run_one();
    ASSERT_TRUE(*ended) << ended->error().detail;
    EXPECT_EQ((*ended)->body, "/poll#\n");
}

TEST_F(HttpTlsTest, CutsAHandshakeThatTakesTooLong) {
    ServerLimits limits;
    limits.handshake_time = 40ms;
    start(server_tls(), limits);
    EXPECT_EQ(over_plain("\x16\x03\x01"), "");
    EXPECT_TRUE(get_once(client_tls()));
}

TEST_F(HttpTlsTest, RefusesGarbageAndOlderTlsInAHandshake) {
    ServerLimits limits;
    limits.handshake_time = 200ms;
    start(server_tls(), limits);
    // A ClientHello of TLS 1.2: no supported_versions.
    std::string hello("\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03", 11);
    hello += std::string(32, 'r') + std::string("\x00\x00\x04\xc0\x2b\xc0\x2f\x01\x00", 9);
    auto const alert = over_plain(hello);
    ASSERT_EQ(alert.size(), 7u);
    EXPECT_EQ(alert[0], 0x15);
    EXPECT_EQ(alert[6], 70) << "protocol_version";
    EXPECT_NO_FATAL_FAILURE(over_plain("\x16\x03\x01\x00\x05hello"));
    EXPECT_NO_FATAL_FAILURE(over_plain(std::string("\x16") + std::string(100'000, '\xff')));
    EXPECT_TRUE(requests.empty());
    EXPECT_TRUE(get_once(client_tls()));
}

TEST_F(HttpTlsTest, NoticesWhatIsAlteredOnTheWay) {
    start();
    support::Wiretap wiretap(io, server->port());
    auto const client = client_of(wiretap.port(), client_tls());
    ASSERT_TRUE(get(*client));
    wiretap.alters = true;
    auto const answer = get(*client);
    ASSERT_FALSE(answer);
    EXPECT_EQ(kind_of(answer.error().code), Kind::trust) << answer.error().detail;
}

TEST_F(HttpTlsTest, CallsAServerThatIsCutOffDuringTheHandshakeUnreachable) {
    start();
    support::Wiretap wiretap(io, server->port());
    wiretap.cuts = true;
    auto const client = client_of(wiretap.port(), client_tls());
    auto const answer = get(*client);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unreachable) << answer.error().detail;
}

TEST_F(HttpTlsTest, CountsConnectionsThatAgreeOnTlsAmongTheOthers) {
    ServerLimits limits;
    limits.connections_per_address = 2;
    start(server_tls(), limits);
    RawConnection first(io, server->port());
    RawConnection second(io, server->port());
    first.send("\x16");
    second.send("\x16");
    EXPECT_FALSE(get_once(client_tls()));
    first.close();
    while (!get_once(client_tls())) {
        // The server has to notice first.
    }
}

}  // namespace
}  // namespace lanyard::http
