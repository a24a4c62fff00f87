#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>

#include "proto/http/client.h"
#include "proto/http/errc.h"
#include "proto/http/server.h"
#include "tests/support/loop.h"
#include "tests/support/recorded_events.h"
#include "tests/support/scratch.h"

namespace lanyard::http {
namespace {

class HttpLocalTest : public testing::Test {
protected:
    std::unique_ptr<Server> make() {
        return std::make_unique<Server>(io, events, [this](Request request) { return answer(std::move(request)); });
    }
    Result<std::string> fetch() {
        Client client(io, path);
        ClientRequest request;
        request.path = "/v1/key";
        return support::run_until(io, client.fetch(std::move(request)));
    }
    asio::awaitable<Response> answer(Request request) {
        requests.push_back(request);
        co_return Response::text(200, request.path);
    }
    unsigned mode() const {
        struct stat file {};
        EXPECT_EQ(stat(path.c_str(), &file), 0);
        return file.st_mode & 07777u;
    }

    support::Scratch scratch;
    std::filesystem::path path = scratch / "seeder.sock";
    asio::io_context io;
    support::RecordedEvents events;
    std::vector<Request> requests;
};

TEST_F(HttpLocalTest, TellsTheHandlerWhichUserAsks) {
    auto const server = make();
    ASSERT_TRUE(server->listen_local(path));
    EXPECT_EQ(fetch().value_or("failed"), "/v1/key\n");
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].caller.way, Caller::Way::local);
    EXPECT_EQ(requests[0].caller.uid, getuid());
    EXPECT_EQ(requests[0].caller.gid, getgid());
    EXPECT_EQ(requests[0].remote_address, "");
}

TEST_F(HttpLocalTest, IsForItsOwnerUnlessAskedOtherwise) {
    auto server = make();
    ASSERT_TRUE(server->listen_local(path));
    EXPECT_EQ(mode(), 0600u);
    server->stop();
    server = make();
    ASSERT_TRUE(server->listen_local(path, 0660));
    EXPECT_EQ(mode(), 0660u);
}

TEST_F(HttpLocalTest, ListensBesideThePort) {
    auto const server = make();
    ASSERT_TRUE(server->listen("127.0.0.1", 0));
    ASSERT_TRUE(server->listen_local(path));
    EXPECT_TRUE(fetch());
    Client client(io, Url{"127.0.0.1", server->port()});
    ClientRequest request;
    request.path = "/";
    EXPECT_TRUE(support::run_until(io, client.send(request)));
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[1].caller.way, Caller::Way::plain);
}

TEST_F(HttpLocalTest, RemovesItsFileWhenItStopsButNotAnothersOne) {
    auto const first = make();
    ASSERT_TRUE(first->listen_local(path));
    auto const second = make();
    std::filesystem::remove(path);
    ASSERT_TRUE(second->listen_local(path));
    first->stop();
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_TRUE(fetch());
    second->stop();
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(HttpLocalTest, ReplacesASocketThatNobodyListensOnAndNothingElse) {
    {
        asio::local::stream_protocol::acceptor left_behind(io, path.string());
        auto const server = make();
        auto const listening = server->listen_local(path);
        ASSERT_FALSE(listening);
        EXPECT_EQ(listening.error().code, Errc::address_in_use);
    }
    auto server = make();
    EXPECT_TRUE(server->listen_local(path));
    EXPECT_TRUE(fetch());
    server->stop();

    support::write_file(path, "a file");
    server = make();
    EXPECT_EQ(server->listen_local(path).error().code, Errc::unusable_address);
    EXPECT_EQ(support::read_file(path), "a file");
}

TEST_F(HttpLocalTest, SaysWhyAPathCannotBeUsed) {
    auto const server = make();
    auto const missing = server->listen_local(scratch / "no" / "such.sock");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::unusable_address) << missing.error().detail;
    EXPECT_EQ(server->listen_local(scratch / std::string(200, 'a')).error().code, Errc::unusable_address);
    EXPECT_EQ(server->listen_local("").error().code, Errc::unusable_address);
}

}  // namespace
}  // namespace lanyard::http
