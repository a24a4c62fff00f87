// The node's side of app.sock and the clients that applications use, on one real socket.
#include "node/platform/app_socket.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/ip/tcp.hpp>

#include "tests/integration/node/app_socket_fixture.h"

namespace lanyard::platform {
namespace {

TEST_F(AppSocketTest, HearsAnApplicationAndForgetsItWhenItsConnectionEnds) {
    Client client;
    while_node_runs([&] {
        EXPECT_TRUE(client.connect(home.root())) << client.refusal();
        EXPECT_TRUE(client.enroll(false)) << client.refusal();
        EXPECT_TRUE(client.busy("prints invoices", 600s)) << client.refusal();
    });
    EXPECT_NE(spoken.busy(app).find("prints invoices, for 10 min at most"), std::string::npos) << spoken.busy(app);
    EXPECT_NE(spoken.busy(app).find("(pid " + std::to_string(getpid()) + ")"), std::string::npos);
    while_node_runs([&] { EXPECT_TRUE(client.idle()); });
    EXPECT_EQ(spoken.busy(app), "");
    while_node_runs([&] { EXPECT_TRUE(client.busy("again")); });
    client.close();
    run_until([&] { return spoken.busy(app).empty(); });
}

TEST_F(AppSocketTest, AsksAndHandsOverByTheCppClient) {
    Client client;
    std::string const page(64 * 1024, 'p');
    while_node_runs([&] {
        client.connect(home.root());
        EXPECT_TRUE(client.enroll(true)) << client.refusal();
        EXPECT_FALSE(client.ready()) << "nobody asked";
        EXPECT_NE(client.refusal(), "");
        EXPECT_TRUE(client.connected()) << "to be refused is not the end";
    });
    spoken.ask(app, 60s, true, "2.0.0");
    while_node_runs([&] {
        // What the node said waits while the client speaks.
        EXPECT_TRUE(client.busy("a call"));
        auto const event = client.next(kPatience);
        ASSERT_TRUE(event);
        auto const& asked = std::get<contract::PrepareStop>(*event);
        EXPECT_TRUE(asked.last_word);
        EXPECT_EQ(asked.to_version, "2.0.0");
        EXPECT_GT(asked.limit, 50s);
        EXPECT_TRUE(client.not_yet(20s, "a call"));
        EXPECT_TRUE(client.ready(contract::Token{3, page})) << client.refusal();
    });
    auto const consent = spoken.consent(app);
    ASSERT_EQ(consent.word, drain::Contract::Word::yes);
    EXPECT_EQ(consent.token.value().bytes(), page);
    EXPECT_EQ(consent.token.value().version(), 3u);
    spoken.call_off(app);
    spoken.hand_over(app, "1.0.0", *consent.token, "0.9.0");
    while_node_runs([&] {
        EXPECT_TRUE(std::holds_alternative<contract::CalledOff>(client.next(kPatience).value()));
        auto const resume = std::get<contract::Resume>(client.next(kPatience).value());
        EXPECT_EQ(resume.token.bytes, page);
        EXPECT_EQ(resume.token.version, 3u);
        EXPECT_EQ(resume.from_version, "0.9.0");
        EXPECT_TRUE(client.resumed(true));
        EXPECT_FALSE(client.next(0ms)) << "there is nothing more";
    });
    EXPECT_EQ(spoken.takeover(app).word, drain::Contract::Word::yes);
    socket.stop();
    while_node_runs([&] { EXPECT_TRUE(std::holds_alternative<contract::Gone>(client.next(kPatience).value())); });
    EXPECT_FALSE(client.connected());
}

TEST_F(AppSocketTest, TakesListeningSocketsAndNothingElse) {
    asio::ip::tcp::acceptor listening(io, {asio::ip::address_v4::loopback(), 0});
    asio::ip::tcp::socket none(io, asio::ip::tcp::v4());
    auto const port = listening.local_endpoint().port();
    Client client;
    while_node_runs([&] {
        client.connect(home.root());
        client.enroll(true);
    });
    spoken.ask(app, 60s, false, "2.0.0");
    while_node_runs([&] {
        EXPECT_FALSE(client.ready(std::nullopt, {{none.native_handle(), "http"}}));
        EXPECT_NE(client.refusal().find("no TCP socket that listens"), std::string::npos) << client.refusal();
        EXPECT_TRUE(client.ready(std::nullopt, {{listening.native_handle(), "http"}})) << client.refusal();
    });
    auto const sockets = spoken.consent(app).sockets;
    ASSERT_EQ(sockets.size(), 1u);
    EXPECT_EQ(sockets.front().name, "http");
    EXPECT_EQ(sockets.front().port, port);
    EXPECT_EQ(sockets.front().address, "127.0.0.1");
    EXPECT_EQ(keeper.inodes().size(), 1u);
    listening.close();
    asio::ip::tcp::socket visitor(io);
    boost::system::error_code failed;
    visitor.connect({asio::ip::address_v4::loopback(), port}, failed);
    EXPECT_FALSE(failed) << "the copy keeps the port open";
}

TEST_F(AppSocketTest, LetsWhatWasSaidForAProcessEndWithIt) {
    pid_t const child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    {
        support::OtherProcess const other(child);
        while_node_runs([&] {
            Client client;
            client.connect(home.root());
            EXPECT_TRUE(client.enroll(false, "", static_cast<std::uint64_t>(child))) << client.refusal();
            EXPECT_TRUE(client.busy("copies"));
        });
        io.restart();
        io.run_for(50ms);
        EXPECT_NE(spoken.busy(app).find("copies"), std::string::npos) << "the connection has ended, not the process";
        while_node_runs([&] {
            Client again;
            again.connect(home.root());
            EXPECT_TRUE(again.enroll(false, "", static_cast<std::uint64_t>(child))) << again.refusal();
            EXPECT_TRUE(again.busy("copies more"));
        });
        EXPECT_NE(spoken.busy(app).find("copies more"), std::string::npos) << spoken.busy(app);
    }
    run_until([&] { return spoken.busy(app).empty(); });
    while_node_runs([&] {
        Client client;
        client.connect(home.root());
        EXPECT_FALSE(client.enroll(false, "", 4'194'304'999)) << "there is no such process";
    });
}

TEST_F(AppSocketTest, EndsAConnectionThatAnnouncesTooMuch) {
    while_node_runs([&] {
        Rude const rude(home / "app.sock");
        rude.write(std::string("\x00\x02\x00\x01", 4));
        EXPECT_EQ(rude.read_all(), "");
    });
}

TEST_F(AppSocketTest, SaysWhatIsNoMessageAndListensOn) {
    while_node_runs([&] {
        Rude const rude(home / "app.sock");
        rude.write(std::string("\x00\x00\x00\x03\xff\xff\xff", 7));
        v1::AppMessage message;
        message.mutable_registration();
        rude.write(frame_of(message) + std::string("\xff", 1));  // and an endless one
    });
    Client client;
    while_node_runs([&] {
        EXPECT_TRUE(client.connect(home.root()));
        EXPECT_TRUE(client.enroll(false));
    });
}

TEST_F(AppSocketTest, LetsNobodyBeSpokenForBeforeARegistration) {
    while_node_runs([&] {
        Rude const rude(home / "app.sock");
        v1::AppMessage busy;
        busy.mutable_busy()->set_reason("prints");
        rude.write(frame_of(busy));
        v1::AppMessage registration;
        registration.mutable_registration()->set_pid(4'194'304'999);
        rude.write(frame_of(registration));
        EXPECT_NE(rude.read_some(2).find("does not exist"), std::string::npos) << "the first word made it nobody";
    });
    EXPECT_EQ(spoken.busy(app), "");
}

TEST_F(AppSocketTest, HearsAFloodAFewHundredMessagesASecond) {
    Rude const rude(home / "app.sock");
    rude.write(std::string(1000 * 4, '\0'));  // a thousand empty messages
    io.restart();
    io.run_for(500ms);
    auto const answers = rude.frames_there();
    EXPECT_GT(answers, 0u);
    EXPECT_LE(answers, 200u);
    Client other;
    while_node_runs(
        [&] { EXPECT_TRUE(other.connect(home.root()) && other.enroll(false)) << "it is slower, not deaf"; });
}

TEST_F(AppSocketTest, MakesNothingElseWritableForEverybody) {
    support::write_file(home / "secret", "a secret");
    std::filesystem::permissions(home / "secret", std::filesystem::perms::owner_read);
    socket.stop();
    std::filesystem::create_symlink(home / "secret", home / "app.sock");
    AppSocket again({io, spoken, keeper, events}, app, home.root(), std::nullopt);
    again.listen();
    EXPECT_EQ(events.count("contract.failed"), 1);
    EXPECT_EQ(std::filesystem::status(home / "secret").permissions(), std::filesystem::perms::owner_read);
}

TEST_F(AppSocketTest, DoesNotKeepWhatAnApplicationNeverReads) {
    std::optional<Rude> rude;
    while_node_runs([&] {
        rude.emplace(home / "app.sock");
        v1::AppMessage message;
        message.mutable_registration()->set_attends(true);
        rude->write(frame_of(message));
    });
    v1::Token token;
    token.set_bytes(std::string(64 * 1024, 'x'));
    for (int i = 0; i < 200; ++i) {
        spoken.hand_over(app, "", token, "1.0.0");
        io.restart();
        io.poll();
    }
    EXPECT_EQ(spoken.takeover(app).word, drain::Contract::Word::waiting);
    std::string got;
    while_node_runs([&] { got = rude->read_all(); });
    EXPECT_LT(got.size(), 200u * 64 * 1024) << "it was cut";
}

TEST_F(AppSocketTest, IsItsUsersOnlyAndComesBackWhenSomebodyRemovedIt) {
    struct stat is {};
    ASSERT_EQ(stat((home / "app.sock").c_str(), &is), 0);
    EXPECT_EQ(is.st_mode & 0777, 0600u);
    std::filesystem::remove(home / "app.sock");
    socket.listen();
    Client client;
    while_node_runs([&] { EXPECT_TRUE(client.connect(home.root())) << client.refusal(); });
    socket.stop();
    EXPECT_FALSE(std::filesystem::exists(home / "app.sock"));
}

TEST_F(AppSocketTest, SaysThatItsDirectoryCannotBeLookedAt) {
    support::Scratch other;
    std::filesystem::create_directories(other.root());
    std::filesystem::create_symlink(other / "loop", other / "loop");
    AppSocket lost({io, spoken, keeper, events}, app, other / "loop", std::nullopt);
    EXPECT_NO_THROW(lost.listen());
    EXPECT_NE(events.text("contract.failed").find("its directory cannot be looked at"), std::string::npos);
}

TEST_F(AppSocketTest, SaysOnceWhyItCannotListen) {
    support::Scratch other;
    support::write_file(other / "app.sock", "a file");
    AppSocket blocked({io, spoken, keeper, events}, app, other.root(), std::nullopt);
    blocked.listen();
    blocked.listen();
    EXPECT_EQ(events.count("contract.failed"), 1);
    EXPECT_EQ(support::read_file(other / "app.sock"), "a file");
    AppSocket too_long({io, spoken, keeper, events}, app, other / std::string(120, 'd'), std::nullopt);
    std::filesystem::create_directories(other / std::string(120, 'd'));
    too_long.listen();
    EXPECT_EQ(events.count("contract.failed"), 2);
    AppSocket not_there({io, spoken, keeper, events}, app, other / "nothing", std::nullopt);
    not_there.listen();
    EXPECT_EQ(events.count("contract.failed"), 2) << "before the first install there is no directory";
}

}  // namespace
}  // namespace lanyard::platform
