#include "node/console/local_socket.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

#include "node/console/errc.h"
#include "tests/support/recorded_events.h"
#include "tests/support/scratch.h"

namespace lanyard::console {
namespace {

v1::LocalResponse saying(std::string const& text) {
    v1::LocalResponse response;
    response.set_message(text);
    return response;
}

asio::awaitable<v1::LocalResponse> count_to_three(v1::LocalRequest request, LocalServer::Say say) {
    for (int i = 1; i < 3; ++i) {
        auto progress = saying(std::to_string(i));
        co_await say(std::move(progress));
    }
    co_return saying(request.has_update() ? request.update().app() : "3");
}

// A daemon on a thread of its own.
class LocalSocketTest : public testing::Test {
protected:
    LocalSocketTest() {
        auto const listening = server.listen(path);
        EXPECT_TRUE(listening) << listening.error().detail;
        thread = std::thread([this] { io.run(); });
    }
    ~LocalSocketTest() override {
        asio::post(io, [this] {
            server.stop();
            work.reset();
        });
        thread.join();
    }

    support::Scratch scratch;
    std::filesystem::path path = scratch / "node.sock";
    asio::io_context io;
    asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
    support::RecordedEvents events;
    LocalServer server{io, events, count_to_three};
    std::thread thread;
};

TEST_F(LocalSocketTest, CarriesProgressAndThenTheAnswer) {
    v1::LocalRequest request;
    request.mutable_update()->set_app("shop");
    std::vector<std::string> progress;
    auto const answer = ask_daemon(path, request, [&](auto const& message) { progress.push_back(message.message()); });
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(progress, (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(answer->message(), "shop");
}

TEST_F(LocalSocketTest, MayBeOpenedByItsOwnerOnly) {
    auto const mode = std::filesystem::status(path).permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(LocalSocketTest, SaysThatNobodyRunsOnAnotherState) {
    auto const answer = ask_daemon(scratch / "other.sock", v1::LocalRequest(), [](auto const&) {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::not_running);
}

TEST_F(LocalSocketTest, RefusesAPathThatIsTooLong) {
    auto const answer = ask_daemon(scratch / std::string(120, 'x'), v1::LocalRequest(), [](auto const&) {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unusable_state);
}

}  // namespace
}  // namespace lanyard::console
