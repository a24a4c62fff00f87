#pragma once

#include <map>
#include <memory>
#include <set>

#include "node/drain/handover_store.h"
#include "node/drain/socket_keeper.h"

namespace lanyard::support {

// Remembers until it dies, or fails when told to.
class FakeHandovers final : public drain::HandoverStore {
public:
    std::map<release::AppId, v1::Handover> rows;
    bool failing = false;

    Status keep(release::AppId const& app, v1::Handover const& handover) override {
        if (failing) return failure();
        rows[app] = handover;
        return {};
    }
    Result<std::optional<v1::Handover>> kept(release::AppId const& app) override {
        if (failing) return failure();
        auto const row = rows.find(app);
        if (row == rows.end()) return std::optional<v1::Handover>();
        return std::optional<v1::Handover>(row->second);
    }
    Status drop(release::AppId const& app) override {
        if (failing) return failure();
        rows.erase(app);
        return {};
    }

private:
    static tl::unexpected<Error> failure() {
        return fail(std::make_error_code(std::errc::no_space_on_device), "the disk is full");
    }
};

// Gives copies that are none, and knows which of them live.
class FakeKeeper final : public drain::SocketKeeper {
public:
    std::set<std::uint16_t> untouchable;
    std::map<std::uint16_t, std::weak_ptr<int const>> copies;

    Result<drain::HeldSocket> copy(drain::ListeningSocket const& socket) override {
        if (untouchable.contains(socket.port)) {
            return fail(std::make_error_code(std::errc::permission_denied), "it may not be looked into");
        }
        drain::HeldSocket held{"", socket.address, socket.port, std::make_shared<int const>(socket.port), socket.inode};
        copies[socket.port] = held.descriptor;
        return held;
    }

    bool holds(std::uint16_t port) const {
        auto const copy = copies.find(port);
        return copy != copies.end() && !copy->second.expired();
    }
};

}  // namespace lanyard::support
