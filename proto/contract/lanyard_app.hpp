// The application's contract with lanyard-node, for programs in C++17 and later. Needs lanyard_app.h beside it, and
// nothing else; what the messages mean is said there. Not for use by several threads at once.
#pragma once

#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "proto/contract/lanyard_app.h"

namespace lanyard::contract {

struct Token {
    std::uint32_t version = 0;  // of the form of `bytes`
    std::string bytes;
};

// Stop to take on work, finish what is under way within this time, then say ready().
struct PrepareStop {
    std::chrono::seconds limit{0};
    bool last_word = false;  // it is stopped then whatever it says
    std::string to_version;
};
// There will be no stop: go on as before.
struct CalledOff {};
// Go on with this; to be answered with resumed().
struct Resume {
    Token token;
    std::string from_version;
};
// The node has gone. What was asked is off; connect again later.
struct Gone {};
using Event = std::variant<PrepareStop, CalledOff, Resume, Gone>;

struct NamedSocket {
    int descriptor;
    std::string name;
};

// One connection. What says something gives false when it does not hold: refusal() says why.
class Client {
public:
    Client() { app_.fd = -1; }
    ~Client() { close(); }
    Client(Client const&) = delete;
    Client& operator=(Client const&) = delete;

    // `directory` empty: that of LANYARD_DIR.
    bool connect(std::string const& directory = "") {
        close();
        return note(lanyard_app_connect(&app_, directory.empty() ? nullptr : directory.c_str()));
    }
    bool connected() const { return app_.fd >= 0; }
    // To be polled; next() must have said that there is nothing more.
    int descriptor() const { return app_.fd; }
    void close() {
        if (app_.fd >= 0) lanyard_app_close(&app_);
    }

    // `version` empty: that of LANYARD_VERSION.
    bool enroll(bool attends, std::string const& version = "", std::uint64_t pid = 0) {
        return note(lanyard_app_register(&app_, version.empty() ? nullptr : version.c_str(), pid, attends ? 1 : 0));
    }
    bool busy(std::string const& reason, std::chrono::seconds limit = std::chrono::seconds(0)) {
        return note(lanyard_app_busy(&app_, reason.c_str(), static_cast<std::uint32_t>(limit.count())));
    }
    bool idle() { return note(lanyard_app_idle(&app_)); }
    bool ready(std::optional<Token> const& token = std::nullopt, std::vector<NamedSocket> const& sockets = {}) {
        std::vector<int> numbers;
        std::vector<char const*> names;
        for (auto const& socket : sockets) {
            numbers.push_back(socket.descriptor);
            names.push_back(socket.name.c_str());
        }
        Token const given = token.value_or(Token());
        return note(lanyard_app_ready(&app_, given.version, given.bytes.data(), given.bytes.size(), numbers.data(),
                                      names.data(), static_cast<int>(numbers.size())));
    }
    bool not_yet(std::chrono::seconds eta, std::string const& reason) {
        return note(lanyard_app_not_yet(&app_, static_cast<std::uint32_t>(eta.count()), reason.c_str()));
    }
    bool veto(std::string const& reason, std::chrono::seconds limit = std::chrono::seconds(0)) {
        return note(lanyard_app_veto(&app_, reason.c_str(), static_cast<std::uint32_t>(limit.count())));
    }
    bool resumed(bool accepted, std::string const& reason = "") {
        return note(lanyard_app_resumed(&app_, accepted ? 1 : 0, reason.c_str()));
    }

    // Nothing: the time is over (negative: it never is).
    std::optional<Event> next(std::chrono::milliseconds limit) {
        lanyard_event event{};
        int const got = lanyard_app_next(&app_, static_cast<int>(limit.count()), &event);
        if (got == 0) return std::nullopt;
        std::optional<Event> result;
        if (got < 0) {
            note(got);
            result = Gone{};
        } else if (event.kind == LANYARD_PREPARE_STOP) {
            result = PrepareStop{std::chrono::seconds(event.seconds), event.last_word != 0, event.version};
        } else if (event.kind == LANYARD_RESUME) {
            char const* const bytes = static_cast<char const*>(static_cast<void const*>(event.token));
            Token token{event.token_version, bytes ? std::string(bytes, event.token_size) : std::string()};
            result = Resume{std::move(token), event.version};
        } else {
            result = CalledOff{};
        }
        lanyard_event_free(&event);
        return result;
    }

    std::string const& refusal() const { return refusal_; }

private:
    bool note(int result) {
        if (result >= 0) return true;
        refusal_ = result == -EPERM && app_.refusal[0] != '\0' ? app_.refusal : std::strerror(-result);
        // Refused is refused; everything else is the end of the connection.
        if (result != -EPERM && result != -EINVAL) close();
        return false;
    }

    lanyard_app app_{};
    std::string refusal_;
};

}  // namespace lanyard::contract
