#pragma once

#include "node/drain/command_app_control.h"
#include "node/drain/contract.h"
#include "node/drain/handover_store.h"
#include "node/drain/rightful_ports.h"
#include "node/drain/socket_keeper.h"
#include "proto/events/events.h"

namespace lanyard::drain {

// AppControl that speaks with the application where it can (contract.proto), holds its listening sockets where its
// policy says so, and hands both its sockets and its token to the release that is started. One for each application;
// one io_context thread.
class AttendedAppControl final : public AppControl {
public:
    struct Parts {
        CommandAppControl& commands;  // does the work
        Contract& contract;
        SocketKeeper& keeper;
        HandoverStore& store;
        RightfulPorts& ports;
        Downtime& downtime;
        async::Alarm& alarm;
        events::Events& events;
        SteadyClock now;
        std::function<void(AppRelease const&)> before_start = [](AppRelease const&) {
        };  // it can be reached from now on
        // Whether sockets that this user has made are the application's.
        std::function<bool(std::uint32_t)> is_own = [](std::uint32_t) { return true; };
    };

    explicit AttendedAppControl(Parts parts) : parts_(std::move(parts)) {}

    asio::awaitable<Status> prepare(AppRelease release, release::Target next, bool last_word) override;
    void settle(AppRelease const& release) override;
    asio::awaitable<Status> stop(AppRelease const& release) override;
    asio::awaitable<Status> wait_for_stop(AppRelease const& release) override;
    asio::awaitable<Status> start(AppRelease const& release) override;
    void hurry() override;
    void launch(AppRelease const& release) noexcept override;

private:
    asio::awaitable<Contract::Consent> wait_for_consent(AppRelease const& release, bool last_word);
    asio::awaitable<Status> wait_for_takeover(AppRelease const& release);
    void record(AppRelease const& release);
    HeldSockets copies_of(AppRelease const& release) const;
    void hold(HeldSockets sockets);
    void add_handed_out(AppRelease const& release, HeldSockets sockets);
    std::optional<std::string> why_not_held(std::uint16_t port, std::size_t held) const;
    void let_go();
    void was_stopped();
    void call_off(AppRelease const& release);
    Status keep(AppRelease const& release, std::optional<v1::Token> token);
    v1::Handover const& handover(AppRelease const& release);
    void hand_over(AppRelease const& release);
    bool waits_for_takeover(AppRelease const& release);

    Parts parts_;
    std::vector<ListeningSocket> before_;  // of the application, before it was stopped
    HeldSockets held_;
    std::optional<v1::Handover> handover_;  // as it is kept; nothing: not read yet
    bool hurried_ = false;
};

}  // namespace lanyard::drain
