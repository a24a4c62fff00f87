#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <map>

#include "proto/http/client.h"
#include "proto/schema/lanyard/v1/check.pb.h"
#include "proto/schema/lanyard/v1/report.pb.h"
#include "seeder/announce/front.h"
#include "tests/support/loop.h"
#include "tests/support/recorded_events.h"
#include "tests/support/scratch.h"
#include "tests/support/test_fleet.h"

namespace lanyard::announce {
namespace {

using namespace std::chrono_literals;
using support::run_until;

std::string const kInfoHash(20, 'h');

std::string id(unsigned number) {
    auto const digits = std::to_string(number);
    return std::string(32 - digits.size(), '0') + digits;
}

// One application at a version that the test sets.
class OneRelease final : public Releases {
public:
    std::uint64_t number = 1;
    std::string version = "1.1.0";
    bool broken = false;
    int asked = 0;

    std::uint64_t revision() override { return number; }
    Result<std::optional<v1::AvailableRelease>> find_higher(v1::RunningApp const& running,
                                                            v1::Platform const&) override {
        ++asked;
        if (broken) return fail(std::make_error_code(std::errc::io_error), "the disk is gone");
        if (running.app() != "editor" || running.version() >= version) return std::optional<v1::AvailableRelease>();
        v1::AvailableRelease release;
        release.set_app("editor");
        release.set_version(version);
        release.set_target_path("editor/stable/" + version);
        return std::optional(release);
    }
};

store::Database open(std::filesystem::path const& file) {
    std::array const migrations = {fleet::fleet_schema(), fleet::sequence_schema()};
    auto database = store::Database::open(file, migrations);
    if (!database) throw std::runtime_error(database.error().detail);
    return std::move(*database);
}

class AnnounceTest : public testing::Test {
protected:
    AnnounceTest() {
        tracker.set_live({kInfoHash});
        recorder.start();
        start(http::RateLimit{1e6, 1e6, 100});
    }

    void start(http::RateLimit rate_limit) {
        FrontSettings settings;
        settings.public_dir = scratch / "public";
        settings.swarm_port = 8431;
        settings.rate_limit = rate_limit;
        settings.admin = [](http::Request) -> asio::awaitable<http::Response> {
            co_return http::Response::text(403, "whoever it is");
        };
        settings.is_operator = [this](http::Caller const& caller) {
            return caller.certificate && caller.certificate->common_name == an_operator;
        };
        client.reset();
        front = std::make_unique<Front>(io, events, releases, tracker, recorder, door, settings);
        if (auto const shown = front->use_tls(certificates.server()); !shown) {
            throw std::runtime_error(shown.error().detail);
        }
        auto const listening = front->listen("127.0.0.1", 0);
        if (!listening) throw std::runtime_error(listening.error().detail);
        http::Url const url{"127.0.0.1", front->port(), http::Url::Scheme::https};
        client = std::make_unique<http::Client>(io, url, std::nullopt, certificates.stranger());
    }

    // From now on with the certificate of this key.
    void show(identity::Key const& key) {
        http::Url const url{"127.0.0.1", front->port(), http::Url::Scheme::https};
        client = std::make_unique<http::Client>(io, url, std::nullopt, certificates.node(key));
    }
    http::ClientResponse send(http::Method method, std::string path, std::string body = "") {
        auto answer = run_until(io, client->send(request_of(method, std::move(path), std::move(body))));
        EXPECT_TRUE(answer) << answer.error().detail;
        return std::move(answer).value_or(http::ClientResponse());
    }
    static http::ClientRequest request_of(http::Method method, std::string path, std::string body = "") {
        http::ClientRequest request;
        request.method = method;
        request.path = std::move(path);
        request.body = std::move(body);
        request.timeout = 60s;
        return request;
    }
    http::ClientResponse get(std::string path) { return send(http::Method::get, std::move(path)); }
    template <class Message>
    http::ClientResponse post(std::string path, Message const& message) {
        return send(http::Method::post, std::move(path), message.SerializeAsString());
    }

    static v1::CheckRequest check_of(std::string const& version = "1.0.0", unsigned node = 1) {
        v1::CheckRequest check;
        check.set_node_id(id(node));
        check.set_node_name("pc-" + std::to_string(node));
        check.mutable_platform()->set_os("linux");
        check.mutable_platform()->set_arch("amd64");
        auto& app = *check.add_apps();
        app.set_app("editor");
        app.set_channel("stable");
        app.set_version(version);
        return check;
    }
    static v1::CheckResponse message_of(http::ClientResponse const& answer) {
        EXPECT_EQ(answer.status, 200u) << answer.body;
        v1::CheckResponse response;
        EXPECT_TRUE(response.ParseFromString(answer.body));
        return response;
    }

    // Begins a check that is held; `ended` counts those that have been answered.
    void begin_check(v1::CheckRequest const& check, http::Client& from) {
        auto request = request_of(http::Method::post, "/v1/check", check.SerializeAsString());
        asio::co_spawn(
            io, from.send(std::move(request)),
            [this](std::exception_ptr, Result<http::ClientResponse> answer) { answers.push_back(std::move(answer)); });
    }
    v1::CheckRequest long_poll(unsigned node = 1) {
        auto check = check_of("1.0.0", node);
        check.set_wait_seconds(55);
        check.set_last_revision(releases.number);
        return check;
    }

    static v1::Report report_of(unsigned attempt) {
        v1::Report report;
        report.set_node_id(id(1));
        report.set_node_name("pc-1");
        report.set_attempt_id(id(attempt));
        report.set_app("editor");
        report.set_from_version("1.0.0");
        report.set_to_version("1.1.0");
        report.set_outcome(v1::OUTCOME_ROLLED_BACK);
        report.set_detail("it did not start");
        report.set_ended_at(900);
        report.set_sequence(attempt);
        return report;
    }
    static v1::SignedReport signed_of(v1::Report const& report) {
        v1::SignedReport message;
        message.set_report(report.SerializeAsString());
        message.set_signature("by the door's word");
        return message;
    }
    http::ClientResponse send_report(v1::Report const& report) { return post("/v1/report", signed_of(report)); }
    static v1::AnnounceRequest announce_of(unsigned node, std::uint16_t port) {
        v1::AnnounceRequest announce;
        announce.set_node_id(id(node));
        announce.set_info_hash_v1(kInfoHash);
        announce.set_port(port);
        announce.set_bytes_left(5);
        return announce;
    }

    std::string an_operator;  // the id of one whose certificate is an operator's
    support::Scratch scratch;
    store::Database database = open(scratch / "seeder.db");
    fleet::Fleet fleet{database};
    asio::io_context io;
    async::DiskPool pool{1};
    support::RecordedEvents events;
    OneRelease releases;
    tracker::Tracker tracker{{}, 1};
    Recorder recorder{io, events, pool, fleet, [] { return std::chrono::sys_seconds(1000s); }};
    support::TestFleet certificates;
    support::OpenDoor door;
    std::unique_ptr<Front> front;
    std::unique_ptr<http::Client> client;
    std::vector<Result<http::ClientResponse>> answers;
};

TEST_F(AnnounceTest, IsHealthy) {
    auto const answer = get("/healthz");
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.body, "ok\n");
}

TEST_F(AnnounceTest, OffersWhatIsHigherAndNothingElse) {
    auto const lower = message_of(post("/v1/check", check_of("1.0.0")));
    EXPECT_EQ(lower.revision(), 1u);
    ASSERT_EQ(lower.releases_size(), 1);
    EXPECT_EQ(lower.releases(0).version(), "1.1.0");
    EXPECT_EQ(lower.releases(0).target_path(), "editor/stable/1.1.0");
    EXPECT_EQ(message_of(post("/v1/check", check_of("1.1.0"))).releases_size(), 0);
}

TEST_F(AnnounceTest, AsksTheCatalogueOnceForAllNodesUntilTheRevisionChanges) {
    for (unsigned node = 1; node <= 5; ++node) post("/v1/check", check_of("1.0.0", node));
    EXPECT_EQ(releases.asked, 1);
    ++releases.number;
    releases.version = "1.2.0";
    EXPECT_EQ(message_of(post("/v1/check", check_of("1.0.0"))).releases(0).version(), "1.2.0");
    EXPECT_EQ(releases.asked, 2);
}

TEST_F(AnnounceTest, AnswersAtOnceWhenTheNodeKnowsAnotherRevision) {
    auto check = long_poll();
    check.set_last_revision(releases.number + 7);
    auto const answer = message_of(post("/v1/check", check));
    EXPECT_EQ(answer.revision(), 1u);
    EXPECT_FALSE(answer.held());
}

TEST_F(AnnounceTest, AnswersAHeldCheckWhenTheRevisionChanges) {
    begin_check(long_poll(), *client);
    while (front->held_checks() < 1) io.run_one();
    front->revision_changed();  // a false alarm
    io.poll();
    EXPECT_TRUE(answers.empty());
    while (front->held_checks() < 1) io.run_one();
    releases.number = 2;
    releases.version = "1.3.0";
    front->revision_changed();
    while (answers.empty()) io.run_one();
    ASSERT_TRUE(answers[0]);
    auto const response = message_of(*answers[0]);
    EXPECT_EQ(response.revision(), 2u);
    EXPECT_EQ(response.releases(0).version(), "1.3.0");
}

TEST_F(AnnounceTest, AnswersAHeldCheckWhenItsTimeIsOver) {
    auto check = long_poll();
    check.set_wait_seconds(1);
    auto const answer = message_of(post("/v1/check", check));
    EXPECT_EQ(answer.revision(), 1u);
    EXPECT_TRUE(answer.held());
}

TEST_F(AnnounceTest, WakesAThousandHeldChecks) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < 2200) GTEST_SKIP() << "needs 2200 file descriptors";
    for (unsigned node = 1; node <= 1000; ++node) begin_check(long_poll(node), *client);
    while (front->held_checks() < 1000) io.run_one();
    releases.number = 2;
    front->revision_changed();
    while (answers.size() < 1000) io.run_one();
    for (auto const& answer : answers) {
        ASSERT_TRUE(answer) << answer.error().detail;
        EXPECT_EQ(message_of(*answer).revision(), 2u);
    }
    EXPECT_EQ(releases.asked, 1);
}

TEST_F(AnnounceTest, SurvivesNodesThatGoWhileTheirCheckIsHeld) {
    begin_check(long_poll(), *client);
    while (front->held_checks() < 1) io.run_one();
    client->cancel();
    while (answers.empty()) io.run_one();
    while (front->held_checks() > 0) io.run_one();
    EXPECT_EQ(releases.asked, 0) << "nobody is there to be told";
    EXPECT_EQ(get("/healthz").status, 200u);
}

TEST_F(AnnounceTest, EndsHeldChecksWhenItStopsAndMayGoThen) {
    begin_check(long_poll(), *client);
    while (front->held_checks() < 1) io.run_one();
    front.reset();
    recorder.stop();
    io.restart();
    io.run();  // returns: nothing waits any more
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_FALSE(answers[0]);
}

TEST_F(AnnounceTest, SaysThatItIsInTroubleWhenTheCatalogueIs) {
    releases.broken = true;
    auto const answer = post("/v1/check", check_of());
    EXPECT_EQ(answer.status, 503u);
    EXPECT_EQ(answer.retry_after, 30s);
    EXPECT_EQ(answer.body.find("disk"), std::string::npos) << "nodes are not told about our insides";
    EXPECT_EQ(events.text("check.failed"), "the disk is gone");
}

TEST_F(AnnounceTest, WritesDownWhoHasChecked) {
    post("/v1/check", check_of("1.0.0", 7));
    front->stop();
    recorder.stop();
    io.restart();
    io.run();
    auto const nodes = fleet.nodes();
    ASSERT_TRUE(nodes);
    ASSERT_EQ(nodes->size(), 1u);
    EXPECT_EQ(nodes->at(0).name(), "pc-7");
    EXPECT_EQ(nodes->at(0).address(), "127.0.0.1");
    EXPECT_EQ(nodes->at(0).last_seen(), 1000);
    EXPECT_EQ(nodes->at(0).apps(0).version(), "1.0.0");
}

TEST_F(AnnounceTest, TakesAReportOnceAndAcknowledgesItEachTime) {
    post("/v1/check", check_of());
    EXPECT_EQ(send_report(report_of(1)).status, 200u);
    EXPECT_EQ(send_report(report_of(1)).status, 200u);
    EXPECT_EQ(events.count("fleet.report"), 1);
    EXPECT_EQ(events.text("fleet.report"), "pc-1: editor from 1.0.0 to 1.1.0 rolled back: it did not start");
    EXPECT_EQ(fleet.nodes()->at(0).apps(0).last_outcome(), v1::OUTCOME_ROLLED_BACK);
}

TEST_F(AnnounceTest, StoresNothingOfAReportThatItDoesNotKnow) {
    auto report = report_of(1);
    auto const known = report.SerializeAsString();
    report.GetReflection()->MutableUnknownFields(&report)->AddLengthDelimited(99, std::string(50'000, 'x'));
    EXPECT_EQ(send_report(report).status, 200u);
    auto const stored = database.read([](store::Connection& connection) -> Result<std::string> {
        auto rows = connection.prepare("SELECT body FROM fleet_reports");
        return rows.next() ? rows.blob(0) : std::string();
    });
    EXPECT_EQ(stored, known);
}

TEST_F(AnnounceTest, AcknowledgesAReportOnlyWhenItIsStored) {
    auto const broken = database.write([](store::Connection& connection) -> Status {
        connection.prepare("DROP TABLE fleet_reports").run();
        return {};
    });
    ASSERT_TRUE(broken);
    auto const answer = send_report(report_of(1));
    EXPECT_EQ(answer.status, 503u);
    EXPECT_EQ(answer.retry_after, 30s);
    EXPECT_EQ(events.count("fleet.write_failed"), 1);
    EXPECT_EQ(events.count("fleet.report"), 0);
}

TEST_F(AnnounceTest, NamesTheSeederWithoutAddressAndThenTheOthers) {
    post("/v1/announce", announce_of(1, 7001));
    auto const answer = post("/v1/announce", announce_of(2, 7002));
    v1::AnnounceResponse response;
    ASSERT_TRUE(response.ParseFromString(answer.body));
    EXPECT_EQ(response.interval_seconds(), 5u);
    ASSERT_EQ(response.peers_size(), 2);
    EXPECT_TRUE(response.peers(0).seeder());
    EXPECT_EQ(response.peers(0).address(), "");
    EXPECT_EQ(response.peers(0).port(), 8431u);
    EXPECT_FALSE(response.peers(1).seeder());
    EXPECT_EQ(response.peers(1).address(), "127.0.0.1");
    EXPECT_EQ(response.peers(1).port(), 7001u);
}

TEST_F(AnnounceTest, AnswersForeignClientsInBencoding) {
    post("/v1/announce", announce_of(1, 0x1b59));
    auto const query =
        "?info_hash=" + kInfoHash + "&peer_id=-XX0001-abcdefghijkl&port=6881&left=0&uploaded=0&downloaded=0";
    auto const compact = get("/announce" + query + "&compact=1");
    EXPECT_EQ(compact.status, 200u);
    EXPECT_TRUE(compact.body.ends_with(std::string("5:peers12:\x7f\0\0\x01\x20\xef\x7f\0\0\x01\x1b\x59", 22) + "e"))
        << compact.body;
    auto const listed = get("/announce" + query + "&compact=0");
    EXPECT_NE(listed.body.find("5:peersld2:ip9:127.0.0.14:porti8431eed2:ip9:127.0.0.14:porti7001eee"),
              std::string::npos)
        << listed.body;
}

TEST_F(AnnounceTest, TellsForeignClientsWhyItRefuses) {
    EXPECT_EQ(get("/announce").body, "d14:failure reason26:info_hash must be 20 bytese");
    EXPECT_TRUE(get("/announce?info_hash=%").body.starts_with("d14:failure reason"));
    auto const unknown = get("/announce?info_hash=" + std::string(20, 'u') + "&peer_id=-XX0001-abcdefghijkl&port=1");
    EXPECT_TRUE(unknown.body.starts_with("d14:failure reason")) << unknown.body;
    EXPECT_EQ(unknown.status, 200u);
}

TEST_F(AnnounceTest, ServesTheFilesOfPublicOnly) {
    support::write_file(scratch / "public/metadata/timestamp.pb", "signed");
    support::write_file(scratch / "public/metadata/secret.txt", "secret");
    support::write_file(scratch / "public/packages" / std::string(64, 'a'), std::string(300'000, 'p'));
    EXPECT_EQ(get("/metadata/timestamp.pb").body, "signed");
    EXPECT_EQ(get("/metadata/1.root.pb").status, 404u);
    EXPECT_EQ(get("/metadata/secret.txt").status, 404u);
    EXPECT_EQ(get("/metadata/").status, 404u);
    EXPECT_EQ(get("/seeder.db").status, 404u);
    EXPECT_EQ(get("/metadata/%2e%2e/%2e%2e/seeder.db").status, 404u);
    auto request = request_of(http::Method::get, "/packages/" + std::string(64, 'a'));
    request.max_body = 1'000'000;
    auto const package = run_until(io, client->send(request));
    ASSERT_TRUE(package);
    EXPECT_EQ(package->body, std::string(300'000, 'p'));
}

TEST_F(AnnounceTest, AnswersTheWrongMethodAndUnknownPaths) {
    for (auto const* path : {"/v1/check", "/v1/report", "/v1/announce", "/v1/enroll"})
        EXPECT_EQ(get(path).status, 405u) << path;
    for (auto const* path : {"/healthz", "/announce", "/metadata/timestamp.pb"}) {
        EXPECT_EQ(send(http::Method::post, path).status, 405u) << path;
    }
    for (auto const* path : {"/", "/v1", "/v1/check/", "/v2/check", "/index.html"}) {
        EXPECT_EQ(get(path).status, 404u) << path;
        EXPECT_EQ(send(http::Method::post, path).status, 404u) << path;
    }
}

TEST_F(AnnounceTest, RefusesMalformedMessagesWithASentence) {
    std::string const nonsense = "\xff\xff\xff\xff";
    for (auto const* path : {"/v1/check", "/v1/report", "/v1/announce", "/v1/enroll"}) {
        auto const answer = send(http::Method::post, path, nonsense);
        EXPECT_EQ(answer.status, 400u) << path;
        EXPECT_TRUE(answer.body.starts_with("The body is not a lanyard.v1.")) << answer.body;
        bool const asks = std::string_view(path) == "/v1/enroll";
        EXPECT_EQ(send(http::Method::post, path, "").status, asks ? 200u : 400u) << "an empty message names no node";
    }
    auto check = check_of();
    check.set_node_name("pc\n1");
    EXPECT_EQ(post("/v1/check", check).body, "node_name holds a character that cannot be shown; remove it\n");
    auto report = report_of(1);
    report.set_attempt_id("1");
    EXPECT_EQ(send_report(report).status, 400u);
    auto announce = announce_of(1, 1);
    announce.set_port(65536);
    EXPECT_EQ(post("/v1/announce", announce).status, 400u);
    announce = announce_of(1, 1);
    announce.set_info_hash_v1("short");
    EXPECT_EQ(post("/v1/announce", announce).status, 400u);
    announce.set_info_hash_v1(std::string(20, 'u'));
    EXPECT_EQ(post("/v1/announce", announce).status, 404u);
    EXPECT_EQ(events.count("fleet.report"), 0);
}

TEST_F(AnnounceTest, AnswersControlPathsOverTlsOnlyAndPublicOnesAlsoWithout) {
    support::write_file(scratch / "public/metadata/timestamp.pb", "signed");
    http::Client plain(io, http::Url{"127.0.0.1", front->port()});
    for (auto const* path : {"/v1/check", "/v1/report", "/v1/announce", "/v1/enroll"}) {
        auto const answer = run_until(io, plain.send(request_of(http::Method::post, path, "any")));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 403u) << path;
        EXPECT_NE(answer->body.find("https://"), std::string::npos) << answer->body;
    }
    for (auto const* path : {"/healthz", "/metadata/timestamp.pb", "/announce"}) {
        auto const answer = run_until(io, plain.send(request_of(http::Method::get, path)));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 200u) << path;
    }
    EXPECT_TRUE(fleet.nodes()->empty());
}

TEST_F(AnnounceTest, AnswersNothingToANodeThatIsNotAdmitted) {
    door.locked_out = id(1);
    EXPECT_EQ(post("/v1/check", check_of()).status, 403u);
    EXPECT_EQ(send_report(report_of(1)).status, 403u);
    EXPECT_EQ(post("/v1/announce", announce_of(1, 7001)).status, 403u);
    EXPECT_EQ(releases.asked, 0);
    EXPECT_EQ(post("/v1/check", check_of("1.0.0", 2)).status, 200u);
}

TEST_F(AnnounceTest, EndsAHeldCheckWhenItsNodeIsRevokedAndNoOther) {
    begin_check(long_poll(1), *client);
    begin_check(long_poll(2), *client);
    while (front->held_checks() < 2) io.run_one();
    door.locked_out = id(1);
    front->admission_changed();
    while (answers.empty()) io.run_one();
    ASSERT_TRUE(answers[0]);
    EXPECT_EQ(answers[0]->status, 403u);
    while (front->held_checks() < 1) io.run_one();
    EXPECT_EQ(answers.size(), 1u);
}

TEST_F(AnnounceTest, CountsNothingOfAForgedReport) {
    post("/v1/check", check_of());
    door.genuine = false;
    EXPECT_EQ(send_report(report_of(1)).status, 400u);
    EXPECT_EQ(events.count("report.refused"), 1);
    EXPECT_EQ(events.count("fleet.report"), 0);
    door.genuine = true;
    EXPECT_EQ(send_report(report_of(1)).status, 200u);
    EXPECT_EQ(events.count("fleet.report"), 1);
}

TEST_F(AnnounceTest, RefusesAReplayedReportAndCountsNothingOfIt) {
    EXPECT_EQ(send_report(report_of(5)).status, 200u);
    auto replayed = report_of(6);
    replayed.set_sequence(5);
    EXPECT_EQ(send_report(replayed).status, 409u);
    EXPECT_EQ(events.count("report.refused"), 1);
    EXPECT_EQ(events.count("fleet.report"), 1);
}

TEST_F(AnnounceTest, AnswersWhoAsksTooOftenWithTooManyRequests) {
    start(http::RateLimit{0.001, 3, 100});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/healthz").status, 200u);
    auto const answer = get("/healthz");
    EXPECT_EQ(answer.status, 429u);
    EXPECT_EQ(answer.retry_after, 1s);
}

TEST_F(AnnounceTest, LetsOperatorsAskAsOftenAsTheyNeedToAndNoOtherCertificateOfTheFleet) {
    auto const known = *identity::Key::generate();
    an_operator = identity::node_id_of(known.public_key());
    start(http::RateLimit{0.001, 3, 100});
    show(known);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(get("/v1/admin/command").status, 403u);
    show(*identity::Key::generate());
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/v1/admin/command").status, 403u);
    EXPECT_EQ(get("/v1/admin/command").status, 429u);
    show(known);
    EXPECT_EQ(get("/v1/admin/command").status, 403u) << "who is known is let ask, whatever others do at that address";
    EXPECT_EQ(get("/healthz").status, 429u);
}

}  // namespace
}  // namespace lanyard::announce
