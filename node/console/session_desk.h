#pragma once

#include <functional>
#include <map>
#include <string>

#include "node/console/desk.h"
#include "proto/schema/lanyard/v1/session.pb.h"

namespace lanyard::console {

// Speaks with the person at the machine, through lanyard-session: tells what waits for a word of theirs, and gives the
// orders that they choose. One io_context thread.
class SessionDesk {
public:
    // The answer of the node to an order or a question, as from its local socket.
    using Order = std::function<asio::awaitable<v1::LocalResponse>(v1::LocalRequest)>;

    SessionDesk(NodeConfig const& config, Desk const& desk, Order order)
        : config_(config), desk_(desk), order_(std::move(order)) {}

    // What is ready, and waits, and about which nothing was said yet.
    asio::awaitable<v1::SessionUpdates> waiting();

    // Returns when it is done: an update when it has ended. What an operator holds back is not theirs to let through.
    asio::awaitable<v1::SessionAnswer> choose(v1::SessionChoice choice);

private:
    // Of an application whose update waits at the gate; without an app: it does not.
    asio::awaitable<v1::AppWhy> why(std::string app);

    NodeConfig const& config_;
    Desk const& desk_;
    Order order_;
    std::map<std::string, std::string> left_to_the_policy_;  // application -> version
};

// What a person is to be told; without an app: nothing, for it does not wait, or they have decided already, or it is
// not theirs to decide.
v1::SessionUpdate to_decide(v1::AppWhy const& why);

// The order that a choice means; none for WHEN_IDLE and for what this node does not know.
v1::LocalRequest order_of(v1::SessionChoice const& choice);

}  // namespace lanyard::console
