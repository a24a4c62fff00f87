#include "seeder/console/admin_desk.h"

#include <unistd.h>

#include <deque>

#include "seeder/authority/operators.h"
#include "seeder/console/posix_files.h"
#include "seeder/console/uploads.h"
#include "tests/unit/seeder/console/console_test.h"

namespace lanyard::console::admin_desk_test {
namespace {

using authority::Role;
using http::Caller;

constexpr std::uint32_t kNobody = 65'534;

class AdminDeskTest : public HouseTest {
protected:
    // The fingerprint of a fresh operator's certificate.
    std::string operator_with(Role role) {
        auto const name = std::string("the-") + text(role);
        auto const print = identity::sha256(name);
        authority::Operators operators(opened.database);
        auto const at = kNow.time_since_epoch().count();
        EXPECT_TRUE(operators.add({name, role, print, at, at + 3600, std::nullopt}, kNow));
        restart();
        return print;
    }
    // With what is in the database now.
    void restart() {
        doors.push_back(std::make_unique<Gatekeeper>(io, events, pool, databases.emplace_back(must_open()), opened.ca,
                                                     http::Networks(), [this] { return now; }));
        ASSERT_TRUE(doors.back()->begin());
        desk = std::make_unique<AdminDesk>(io, pool, *doors.back(), dir, "", [this] { return now; });
    }
    store::Database must_open() { return support::must(open_database(dir)); }

    http::Response ask(Caller caller, v1::AdminRequest const& request) {
        return send(std::move(caller), "/v1/admin/command", "", request.SerializeAsString());
    }
    http::Response send(Caller caller, std::string path, std::string query, std::string body,
                        http::Method method = http::Method::post) {
        http::Request request;
        request.method = method;
        request.path = std::move(path);
        request.query = std::move(query);
        request.body = std::move(body);
        request.remote_address = "10.0.0.7";
        request.caller = std::move(caller);
        return support::run_until(io, desk->answer(std::move(request)));
    }
    static v1::AdminResponse message_of(http::Response const& response) {
        EXPECT_EQ(response.status, 200u) << response.body;
        v1::AdminResponse message;
        EXPECT_TRUE(message.ParseFromString(response.body));
        return message;
    }
    static Caller user(std::uint32_t uid, std::uint32_t gid = kNobody) {
        Caller caller;
        caller.way = Caller::Way::local;
        caller.uid = uid;
        caller.gid = gid;
        return caller;
    }
    std::vector<authority::AuditEntry> audit() { return *authority::Audit(opened.database).latest(100); }

    // One request of each kind, by the least role that it needs.
    static std::vector<std::pair<Role, v1::AdminRequest>> every_request() {
        std::vector<std::pair<Role, v1::AdminRequest>> all(14);
        all[0].second.mutable_status();
        all[1].second.mutable_list_releases();
        all[2].second.mutable_show_release();
        all[3].second.mutable_list_nodes();
        all[4].second.mutable_list_tokens();
        all[5].second.mutable_node()->set_verb(v1::NodeOrder::SHOW);
        for (int i = 0; i < 6; ++i) all[i].first = Role::viewer;
        all[6] = {Role::publisher, {}};
        all[6].second.mutable_publish();
        all[7] = {Role::publisher, {}};
        all[7].second.mutable_withdraw_release();
        for (int i = 8; i < 14; ++i) all[i].first = Role::administrator;
        all[8].second.mutable_node()->set_verb(v1::NodeOrder::REVOKE);
        all[9].second.mutable_new_token()->set_uses(1);
        all[10].second.mutable_revoke_token();
        all[11].second.mutable_audit()->set_limit(1);
        all[12].second.mutable_node()->set_verb(v1::NodeOrder::FORGET);
        all[13].second.mutable_node()->set_verb(v1::NodeOrder::FORGET);
        all[13].second.mutable_node()->set_waiting_at("10.0.0.7");
        return all;
    }

    std::deque<store::Database> databases;
    std::vector<std::unique_ptr<Gatekeeper>> doors;
    std::unique_ptr<AdminDesk> desk;
};

TEST_F(AdminDeskTest, LetsEachRoleDoWhatItMayAndNothingMore) {
    for (auto const role : {Role::viewer, Role::publisher, Role::administrator}) {
        auto const print = operator_with(role);
        for (auto const& [least, request] : every_request()) {
            auto const answer = ask(by_certificate("whatever", print), request);
            EXPECT_EQ(answer.status, role < least ? 403u : 200u) << text(role) << ": " << request.DebugString();
        }
    }
}

TEST_F(AdminDeskTest, WritesDownWhoWasRefusedFromWhereAndWhat) {
    auto const print = operator_with(Role::viewer);
    v1::AdminRequest order;
    order.mutable_withdraw_release()->set_app("shop");
    order.mutable_withdraw_release()->set_version("1.0.0");
    EXPECT_EQ(ask(by_certificate("x", print), order).status, 403u);
    auto const lines = audit();
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_TRUE(lines[0].refused);
    EXPECT_EQ(lines[0].actor.who, "operator the-viewer");
    EXPECT_EQ(lines[0].actor.source, "10.0.0.7");
    EXPECT_EQ(lines[0].what, "withdraw shop 1.0.0");
}

TEST_F(AdminDeskTest, WritesDownWhatWasDoneAndWhatFailed) {
    auto const print = operator_with(Role::administrator);
    v1::AdminRequest order;
    order.mutable_new_token()->set_uses(3);
    order.mutable_new_token()->set_valid_seconds(600);
    EXPECT_EQ(message_of(ask(by_certificate("x", print), order)).exit_code(), 0u);
    order.mutable_new_token()->set_uses(0);
    EXPECT_EQ(message_of(ask(by_certificate("x", print), order)).exit_code(), 2u);
    auto const lines = audit();
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[1].what, "make a token of 3 uses, valid 600 s");
    EXPECT_EQ(lines[1].outcome, "done");
    EXPECT_TRUE(lines[0].outcome.starts_with("failed: ")) << lines[0].outcome;
}

TEST_F(AdminDeskTest, KnowsNobodyWithoutACertificateOfAnOperator) {
    restart();
    v1::AdminRequest status;
    status.mutable_status();
    Caller plain;
    EXPECT_EQ(ask(plain, status).status, 403u);
    Caller bare;
    bare.way = Caller::Way::tls;
    EXPECT_EQ(ask(bare, status).status, 401u);
    auto const key = *identity::Key::generate();
    ASSERT_TRUE(enroll(key, token_secret()));
    EXPECT_EQ(ask(by_certificate(identity::node_id_of(key.public_key())), status).status, 403u)
        << "a node is no operator";
    EXPECT_GE(audit().size(), 3u);
}

TEST_F(AdminDeskTest, KnowsAnOperatorNoMoreWhoWasRevokedOrWhoseTimeIsOver) {
    auto const print = operator_with(Role::administrator);
    v1::AdminRequest status;
    status.mutable_status();
    EXPECT_EQ(ask(by_certificate("x", print), status).status, 200u);
    now += std::chrono::hours(2);
    EXPECT_EQ(ask(by_certificate("x", print), status).status, 403u);
    now = kNow;
    ASSERT_TRUE(authority::Operators(opened.database).revoke("the-operator", kNow));
    restart();
    EXPECT_EQ(ask(by_certificate("x", print), status).status, 403u);
}

TEST_F(AdminDeskTest, HearsRootAndTheOwnerAtTheSocketAndRefusesOtherUsersAndWritesThemDown) {
    restart();
    v1::AdminRequest order;
    order.mutable_new_token()->set_uses(1);
    order.mutable_new_token()->set_valid_seconds(600);
    EXPECT_EQ(message_of(ask(user(0), order)).exit_code(), 0u);
    EXPECT_EQ(message_of(ask(user(geteuid()), order)).exit_code(), 0u);
    EXPECT_EQ(ask(user(kNobody), order).status, 403u);
    EXPECT_TRUE(audit().front().refused);
    EXPECT_EQ(audit().front().actor.source, "socket");
    EXPECT_FALSE(audit().back().refused);
}

TEST_F(AdminDeskTest, HearsMembersOfTheGroupThatSeederTomlNames) {
    restart();
    v1::AdminRequest status;
    status.mutable_status();
    AdminDesk open(io, pool, *doors.back(), dir, "daemon", [this] { return now; });
    auto const ask_it = [&](std::uint32_t gid) {
        http::Request request;
        request.method = http::Method::post;
        request.path = "/v1/admin/command";
        request.body = status.SerializeAsString();
        request.caller = user(kNobody, gid);
        return support::run_until(io, open.answer(std::move(request))).status;
    };
    EXPECT_EQ(ask_it(1), 200u) << "the group daemon of Debian";
    EXPECT_EQ(ask_it(kNobody), 403u);
}

TEST_F(AdminDeskTest, TakesAnUploadPieceByPieceAndGoesOnAfterABreak) {
    auto const print = operator_with(Role::publisher);
    std::string const payload(100'000, 'p');
    auto const name = identity::to_hex(identity::sha256(payload));
    auto const size = [&] {
        return send(by_certificate("x", print), "/v1/admin/upload", "name=" + name, "", http::Method::get).body;
    };
    auto const put = [&](std::size_t offset, std::string const& piece) {
        return send(by_certificate("x", print), "/v1/admin/upload",
                    "name=" + name + "&offset=" + std::to_string(offset), piece)
            .status;
    };
    EXPECT_EQ(size(), "0\n");
    EXPECT_EQ(put(0, payload.substr(0, 60'000)), 200u);
    EXPECT_EQ(put(0, payload), 409u);
    EXPECT_EQ(put(90'000, payload), 409u);
    EXPECT_EQ(size(), "60000\n");
    EXPECT_EQ(put(60'000, payload.substr(60'000)), 200u);
    Uploads uploads(dir.uploads());
    auto const whole = uploads.finish(name, payload.size());
    ASSERT_TRUE(whole) << whole.error().detail;
    EXPECT_EQ(support::read_file(*whole), payload);
}

TEST_F(AdminDeskTest, KeepsNoUploadWhoseDigestIsAnotherAndTakesNoNameThatIsAPath) {
    auto const print = operator_with(Role::publisher);
    auto const name = identity::to_hex(identity::sha256("something else"));
    auto const caller = by_certificate("x", print);
    EXPECT_EQ(send(caller, "/v1/admin/upload", "name=" + name + "&offset=0", "payload").status, 200u);
    Uploads uploads(dir.uploads());
    EXPECT_FALSE(uploads.finish(name, 6));
    EXPECT_FALSE(uploads.finish(name, 7));
    EXPECT_EQ(*uploads.size(name), 0u);
    for (auto const* query : {"", "name=", "name=../../seeder.db", "name=x&offset=0", "offset=0", "name=%"}) {
        EXPECT_EQ(send(caller, "/v1/admin/upload", query, "payload").status, 400u) << query;
    }
    EXPECT_EQ(send(caller, "/v1/admin/upload", "name=" + name + "&offset=-1", "payload").status, 400u);
    auto const viewer = operator_with(Role::viewer);
    EXPECT_EQ(send(by_certificate("x", viewer), "/v1/admin/upload", "name=" + name + "&offset=0", "p").status, 403u);
}

TEST_F(AdminDeskTest, LetsTheNextPublishHaveItsTurnThoughOneEndsInABug) {
    restart();
    int calls = 0;
    AdminDesk faulty(io, pool, *doors.back(), dir, "", [&] {
        if (++calls == 1) throw std::runtime_error("a bug");
        return now;
    });
    auto const publish = [&] {
        v1::AdminRequest order;
        order.mutable_publish()->set_upload(std::string(64, 'a'));
        http::Request request;
        request.method = http::Method::post;
        request.path = "/v1/admin/command";
        request.body = order.SerializeAsString();
        request.caller = user(0);
        return support::run_until(io, faulty.answer(std::move(request)));
    };
    EXPECT_EQ(message_of(publish()).exit_code(), 1u);
    EXPECT_EQ(message_of(publish()).exit_code(), 2u) << "nothing was uploaded; but it was looked at";
}

TEST_F(AdminDeskTest, PublishesInTheRoleThatTheOrderNames) {
    auto const print = operator_with(Role::publisher);
    v1::AdminRequest order;
    auto& release = *order.mutable_publish();
    std::string const payload = "payload";
    release.set_upload(identity::to_hex(identity::sha256(payload)));
    release.set_length(payload.size());
    release.set_app("shop");
    release.set_version("1.0.0");
    release.set_channel("stable");
    release.set_platform("any/any");
    release.set_role("shop-team");
    auto const caller = by_certificate("x", print);
    ASSERT_EQ(send(caller, "/v1/admin/upload", "name=" + release.upload() + "&offset=0", payload).status, 200u);
    auto const answer = message_of(ask(caller, order));
    EXPECT_EQ(answer.exit_code(), 3u);
    EXPECT_NE(answer.err().find("'shop-team'"), std::string::npos) << answer.err() << ": nobody has delegated to it";
    EXPECT_EQ(audit().front().what, "publish shop 1.0.0 in the role shop-team");
}

TEST_F(AdminDeskTest, RefusesWhatIsNoCommand) {
    auto const print = operator_with(Role::administrator);
    auto const caller = by_certificate("x", print);
    EXPECT_EQ(send(caller, "/v1/admin/command", "", "\xff\xff\xff").status, 400u);
    EXPECT_EQ(send(caller, "/v1/admin/nosuch", "", "").status, 404u);
    EXPECT_EQ(send(caller, "/v1/admin/command", "", "", http::Method::get).status, 405u);
    auto const empty = message_of(ask(caller, v1::AdminRequest()));
    EXPECT_EQ(empty.exit_code(), 2u);
}

TEST_F(AdminDeskTest, EndsAPublishWhenItIsStoppedAndKeepsWhatWasUploaded) {
    auto const print = operator_with(Role::publisher);
    std::string const payload(200'000, 'p');
    auto const name = identity::to_hex(identity::sha256(payload));
    ASSERT_EQ(send(by_certificate("x", print), "/v1/admin/upload", "name=" + name + "&offset=0", payload).status, 200u);
    v1::AdminRequest order;
    auto& publish = *order.mutable_publish();
    publish.set_app("shop");
    publish.set_version("1.0.0");
    publish.set_channel("stable");
    publish.set_platform("linux/amd64");
    publish.set_upload(name);
    publish.set_length(payload.size());

    PosixDisk disk;
    auto turn = disk.lock(dir.publish_lock());  // another publish holds it up
    ASSERT_TRUE(turn);
    http::Request request;
    request.method = http::Method::post;
    request.path = "/v1/admin/command";
    request.body = order.SerializeAsString();
    request.caller = by_certificate("x", print);
    std::optional<http::Response> response;
    asio::co_spawn(io, support::keep_result(desk->answer(std::move(request)), response), asio::detached);
    io.restart();
    io.poll();
    EXPECT_FALSE(desk->idle());
    desk->stop();
    EXPECT_EQ(ask(by_certificate("x", print), order).status, 503u);
    while (!response) io.run_one();
    EXPECT_TRUE(desk->idle());

    auto const message = message_of(*response);
    EXPECT_EQ(message.exit_code(), static_cast<unsigned>(Kind::network));
    EXPECT_NE(message.err().find("being stopped"), std::string::npos) << message.err();
    EXPECT_EQ(audit().front().what, "publish shop 1.0.0");
    EXPECT_NE(audit().front().outcome.find("failed: "), std::string::npos) << audit().front().outcome;
    EXPECT_EQ(*Uploads(dir.uploads()).size(name), payload.size());
}

}  // namespace
}  // namespace lanyard::console::admin_desk_test
