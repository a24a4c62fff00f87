#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <atomic>
#include <thread>

#include "node/platform/app_frames.h"
#include "node/platform/app_socket.h"
#include "proto/contract/lanyard_app.hpp"
#include "tests/integration/node/processes.h"
#include "tests/support/recorded_events.h"
#include "tests/support/scratch.h"

namespace lanyard::platform {

using namespace std::chrono_literals;
using contract::Client;

// Nobody waits so long when all is well.
inline constexpr auto kPatience = 30s;

class AppSocketTest : public testing::Test {
protected:
    AppSocketTest() {
        std::filesystem::create_directories(home.root());
        socket.listen();
        ::setenv("LANYARD_VERSION", "1.0.0", 1);
    }
    ~AppSocketTest() override {
        ::unsetenv("LANYARD_VERSION");
        socket.stop();
        io.run_for(100ms);
    }

    // Runs the node until `work`, done by an application in a thread of its own, has ended.
    template <class Work>
    void while_node_runs(Work work) {
        std::atomic<bool> done = false;
        std::thread application([&] {
            work();
            done = true;
        });
        io.restart();
        auto const limit = std::chrono::steady_clock::now() + kPatience;
        while (!done && std::chrono::steady_clock::now() < limit) io.run_one_for(20ms);
        application.join();
    }
    template <class Condition>
    void run_until(Condition condition) {
        io.restart();
        auto const limit = std::chrono::steady_clock::now() + kPatience;
        while (!condition() && std::chrono::steady_clock::now() < limit) io.run_one_for(20ms);
        EXPECT_TRUE(condition());
    }

    release::AppId app = release::AppId::parse("billing").value();
    support::Scratch home;
    asio::io_context io;
    support::RecordedEvents events;
    LinuxSocketKeeper keeper;
    std::chrono::steady_clock::duration ahead{0};  // of the real time
    drain::Contract spoken{std::chrono::steady_clock::now, [] {}};
    drain::SteadyClock clock = [this] { return std::chrono::steady_clock::now() + ahead; };
    AppSocket socket{{io, spoken, keeper, events, clock}, app, home.root(), std::nullopt};
};

// A connection that writes what it likes.
class Rude {
public:
    explicit Rude(std::filesystem::path const& place) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        place.string().copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
        void const* const any = &address;
        EXPECT_EQ(::connect(fd_.get(), static_cast<sockaddr const*>(any), sizeof address), 0);
    }
    void write(std::string const& bytes) const { (void)::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
    void write(std::string const& bytes, std::vector<int> const& descriptors) const {
        void const* const any = bytes.data();
        EXPECT_EQ(lanyard_send_all(fd_.get(), static_cast<unsigned char const*>(any), bytes.size(), descriptors.data(),
                                   static_cast<int>(descriptors.size())),
                  0);
    }
    // Waits for so many frames, and gives their bytes.
    std::string read_some(std::size_t frames) const {
        FrameReader reader;
        std::string all;
        while (frames > 0) {
            pollfd waiting{fd_.get(), POLLIN, 0};
            if (::poll(&waiting, 1, 20'000) != 1 || !reader.receive(fd_.get())) break;
            for (auto frame = reader.next(); frame; frame = reader.next()) {
                all += frame->bytes;
                if (frames > 0) --frames;
            }
        }
        return all;
    }
    // How many have come.
    std::size_t frames_there() const {
        FrameReader reader;
        std::size_t frames = 0;
        pollfd waiting{fd_.get(), POLLIN, 0};
        while (::poll(&waiting, 1, 0) == 1 && reader.receive(fd_.get())) {
            while (reader.next()) ++frames;
        }
        return frames;
    }
    // What comes until the other side closes.
    std::string read_all() const {
        std::string all;
        std::array<char, 4096> block{};
        for (;;) {
            auto const got = ::recv(fd_.get(), block.data(), block.size(), 0);
            if (got <= 0) return all;
            all.append(block.data(), static_cast<std::size_t>(got));
        }
    }

private:
    Descriptor fd_;
};

}  // namespace lanyard::platform
