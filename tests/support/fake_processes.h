#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/drain/port_sensor.h"
#include "node/drain/process_runner.h"

namespace lanyard::support {

// Says how commands end without running them. A line without a script ends well at once.
class FakeRunner final : public drain::ProcessRunner {
public:
    using Script = std::function<Result<drain::Ending>()>;

    std::map<std::string, Script> scripts;
    std::vector<drain::Command> commands;
    std::vector<std::chrono::milliseconds> deadlines;
    std::vector<std::filesystem::path> logs;  // of detached commands
    std::vector<std::string> launched;
    std::vector<std::uint64_t> ended;
    std::optional<std::chrono::milliseconds> hurried;

    asio::awaitable<Result<drain::Ending>> run(drain::Command command, std::chrono::milliseconds deadline) override {
        co_return play(command, deadline);
    }
    asio::awaitable<Result<drain::Ending>> run_detached(drain::Command command, std::filesystem::path log,
                                                        std::chrono::milliseconds deadline) override {
        logs.push_back(log);
        co_return play(command, deadline);
    }
    void launch_detached(drain::Command const& command, std::filesystem::path const&) noexcept override {
        launched.push_back(command.line);
    }
    void hurry(std::chrono::milliseconds limit) override { hurried = limit; }
    void end(std::uint64_t left_running) override { ended.push_back(left_running); }

    std::vector<std::string> lines() const {
        std::vector<std::string> all;
        for (auto const& command : commands) all.push_back(command.line);
        return all;
    }

private:
    Result<drain::Ending> play(drain::Command const& command, std::chrono::milliseconds deadline) {
        commands.push_back(command);
        deadlines.push_back(deadline);
        auto const script = scripts.find(command.line);
        return script == scripts.end() ? drain::Ending() : script->second();
    }
};

// Ports that are open because a test says so.
class FakePorts final : public drain::PortSensor {
public:
    std::set<std::uint16_t> open;
    bool readable = true;
    std::function<void()> on_look = [] {};      // called before the answer is made
    std::vector<drain::ListeningSocket> known;  // what sockets() gives of those that are asked for
    std::uint64_t now = 1'000;

    Result<drain::Ports> listening(drain::Ports const& ports) override {
        on_look();
        if (!readable) return fail(std::make_error_code(std::errc::permission_denied), "no ports today");
        drain::Ports found;
        for (auto const port : ports) {
            if (open.contains(port)) found.push_back(port);
        }
        return found;
    }
    Result<std::vector<drain::ListeningSocket>> sockets(drain::Ports const& ports) override {
        if (!readable) return fail(std::make_error_code(std::errc::permission_denied), "no sockets today");
        std::vector<drain::ListeningSocket> found;
        for (auto const& socket : known) {
            if (std::find(ports.begin(), ports.end(), socket.port) != ports.end()) found.push_back(socket);
        }
        return found;
    }
    std::uint64_t ticks() override { return now; }
};

}  // namespace lanyard::support
