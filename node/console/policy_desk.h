#pragma once

#include <functional>
#include <string>

#include "node/console/desk.h"
#include "node/gate/idle_gate.h"

namespace lanyard::console {

// What is known of an application beside what the memory holds.
struct Elsewhere {
    std::function<gate::Urgency(release::AppId const&)> urgency;  // of what is on offer
    std::function<std::string(release::AppId const&)> running;    // SHA-256 in hex; empty: nothing
};

// What people say about an update, without a node: postpone, hold, unhold, update --tonight. Written into the memory,
// which the gate reads at its next look. All applications when none is named: then those for which there is nothing to
// decide are left out, unless that is all of them.
v1::LocalResponse decree(v1::LocalRequest const& request, NodeConfig const& config, gate::Rules const& rules,
                         gate::Memory& memory, Elsewhere const& elsewhere, gate::TimePoint now);
bool is_decree(v1::LocalRequest const& request);
// Elsewhere::running by the node's records. They must outlive it.
std::function<std::string(release::AppId const&)> running_by(journal::Records& records);

// Answers the questions about the policy beside those decrees: why, update --dry-run. One io_context thread.
class PolicyDesk {
public:
    struct Parts {
        NodeConfig const& config;
        Desk const& desk;
        check::Checker& checker;
        journal::Records& records;
        gate::Gate& gate;
        gate::Memory& memory;
        gate::Rules const& rules;
        std::function<gate::TimePoint()> now;
        std::function<void()> on_decree;  // the gate should look again
    };

    explicit PolicyDesk(Parts parts) : parts_(std::move(parts)) {}

    // Whether this desk is the one to ask.
    static bool answers(v1::LocalRequest const& request);
    asio::awaitable<v1::LocalResponse> answer(v1::LocalRequest request);

private:
    asio::awaitable<v1::LocalResponse> why(std::string app);
    asio::awaitable<v1::LocalResponse> dry_run(std::string app);
    // What was found, and what was refused, for these applications.
    struct Found {
        std::vector<check::Finding> findings;
        std::vector<check::Refusal> refused;
        std::string nothing;  // what it means that there is neither, and the state that goes with it
        std::string state;
    };
    asio::awaitable<v1::LocalResponse> tell(std::string app, Found found);
    asio::awaitable<v1::AppWhy> judge(AppConfig entry, Found const& found);
    Found at_desk() const;

    Parts parts_;
};

}  // namespace lanyard::console
