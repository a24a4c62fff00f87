// The C client against a node that does what it should not.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <string>

// The client's own calls alone, in this file alone.
static bool out_of_memory = false;
static void* scarce_malloc(std::size_t size) { return out_of_memory ? nullptr : std::malloc(size); }
#define malloc scarce_malloc
#include "proto/contract/lanyard_app.h"
#undef malloc

namespace {

constexpr char const* kNoted = "\x00\x00\x00\x02\x0a\x00";                       // Answer{}
constexpr char const* kQuestion = "\x00\x00\x00\x06\x12\x04\x08\x3c\x20\x07";    // PrepareStop{seconds: 60, number: 7}
constexpr char const* kResume = "\x00\x00\x00\x09\x22\x07\x0a\x05\x12\x03page";  // Resume{token{bytes: "pag"}}

class LanyardApp : public testing::Test {
protected:
    LanyardApp() {
        std::array<int, 2> ends{};
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
        node = ends[1];
        app.fd = ends[0];
        app.in = static_cast<unsigned char*>(std::malloc(LANYARD_MOST_FRAME + 4));
    }
    ~LanyardApp() override {
        lanyard_app_close(&app);
        ::close(node);
        out_of_memory = false;
    }
    void node_says(char const* frame, std::size_t size) const {
        EXPECT_EQ(::write(node, frame, size), static_cast<ssize_t>(size));
    }
    std::string node_hears() const {
        std::array<char, 4096> block{};
        auto const got = ::recv(node, block.data(), block.size(), 0);
        return got > 0 ? std::string(block.data(), static_cast<std::size_t>(got)) : std::string();
    }

    lanyard_app app{};
    int node = -1;
};

TEST_F(LanyardApp, RepeatsTheNumberOfTheQuestionThatItWasGiven) {
    node_says(kQuestion, 10);
    lanyard_event event;
    ASSERT_EQ(lanyard_app_next(&app, 1000, &event), 1);
    EXPECT_EQ(event.kind, LANYARD_PREPARE_STOP);
    EXPECT_EQ(event.number, 7u);
    node_says(kNoted, 6);
    ASSERT_EQ(lanyard_app_ready(&app, 0, nullptr, 0, nullptr, nullptr, 0), 0);
    EXPECT_EQ(node_hears(), std::string("\x00\x00\x00\x04\x22\x02\x18\x07", 8));
    node_says(kNoted, 6);
    ASSERT_EQ(lanyard_app_veto(&app, nullptr, 0), 0);
    EXPECT_EQ(node_hears(), std::string("\x00\x00\x00\x04\x32\x02\x18\x07", 8));
    node_says(kNoted, 6);
    ASSERT_EQ(lanyard_app_not_yet(&app, 0, nullptr), 0);
    EXPECT_EQ(node_hears(), std::string("\x00\x00\x00\x04\x2a\x02\x18\x07", 8));
    node_says(kNoted, 6);
    ASSERT_EQ(lanyard_app_busy(&app, nullptr, 5), 0);
    EXPECT_EQ(node_hears(), std::string("\x00\x00\x00\x04\x12\x02\x10\x05", 8)) << "which answers nothing";
}

TEST_F(LanyardApp, ClosesWhenTheNodeAnnouncesTooMuch) {
    node_says("\x00\x02\x00\x01", 4);
    EXPECT_EQ(lanyard_app_idle(&app), -EPROTO);
    EXPECT_EQ(app.fd, -1) << "the answer would be taken for that of the next call";
    EXPECT_EQ(lanyard_app_idle(&app), -EPIPE);
}

TEST_F(LanyardApp, ClosesWhenAnAnswerComesToWhatItDidNotSay) {
    node_says(kNoted, 6);
    lanyard_event event;
    EXPECT_EQ(lanyard_app_next(&app, 1000, &event), -EPROTO);
    EXPECT_EQ(app.fd, -1);
}

TEST_F(LanyardApp, ClosesWhenTheNodeDoesNotReadAndOnlyAPartIsSent) {
    timeval const soon{0, 1000};
    ASSERT_EQ(setsockopt(app.fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon), 0);
    std::string const much(64 * 1024, 'x');
    while (::send(app.fd, much.data(), much.size(), MSG_DONTWAIT) > 0) {
    }
    EXPECT_EQ(lanyard_app_ready(&app, 1, much.data(), much.size(), nullptr, nullptr, 0), -ETIMEDOUT);
    EXPECT_EQ(app.fd, -1);
}

TEST_F(LanyardApp, SaysThatItHasNoMemoryForATokenAndLosesNoneInSilence) {
    node_says(kResume, 13);
    out_of_memory = true;
    lanyard_event event;
    EXPECT_EQ(lanyard_app_next(&app, 1000, &event), -ENOMEM);
    EXPECT_EQ(event.token, nullptr);
    EXPECT_EQ(app.fd, -1) << "the node hands it to the next that comes";
}

TEST_F(LanyardApp, StaysOpenWhenItIsRefused) {
    node_says("\x00\x00\x00\x04\x0a\x02\x0a\x00", 8);
    EXPECT_EQ(lanyard_app_idle(&app), 0);
    node_says("\x00\x00\x00\x06\x0a\x04\x0a\x02no", 10);
    EXPECT_EQ(lanyard_app_idle(&app), -EPERM);
    EXPECT_STREQ(lanyard_app_refusal(&app), "no");
    EXPECT_GE(app.fd, 0);
}

}  // namespace
