#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "proto/async/asio.h"
#include "proto/http/server.h"
#include "proto/http/stream.h"

#include <boost/asio/basic_socket_acceptor.hpp>

namespace lanyard::http {

using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, asio::io_context::executor_type>;

class Connections;

// One accepted socket and the time by which what it waits for must have happened.
class Connection {
public:
    Connection(std::shared_ptr<Connections> all, Socket accepted);
    ~Connection();
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    Stream stream;
    Caller caller;

    bool is_open() const { return stream.socket.is_open(); }
    void within(std::chrono::milliseconds limit);
    void without_limit();
    bool timed_out() const { return timed_out_; }  // the last operation was cut by the time given to within()

    // From an answer to the first byte of the next request it may be closed, should others need its place.
    void set_idle(bool idle);

    std::string const& remote_address() const { return remote_address_; }

private:
    friend class Connections;
    using Clock = std::chrono::steady_clock;

    Clock::time_point deadline_ = Clock::time_point::max();
    bool timed_out_ = false;
    std::string remote_address_;
    std::shared_ptr<Connections> all_;
    std::list<Connection*>::iterator place_;
    std::optional<std::list<Connection*>::iterator> idle_place_;
    bool counted_ = true;
};

// Every connection of a server. Looks at all deadlines a few times within the shortest limit, instead of a timer for
// each: a server holds thousands of them, and nearly none is ever cut.
class Connections : public std::enable_shared_from_this<Connections> {
public:
    Connections(asio::io_context& io, ServerLimits const& limits);

    // Whether there is a place for one more from `address`. Closes the connection that has been idle for longest when
    // that is what it takes.
    bool admit(std::string const& address);
    void close_all();

private:
    friend class Connection;

    void watch();
    void cut_late_ones();
    std::size_t count_from(std::string const& address) const;
    void close_longest_idle();
    void uncount(Connection& connection);

    asio::steady_timer timer_;
    ServerLimits limits_;
    bool watching_ = false;
    std::list<Connection*> list_;
    std::list<Connection*> idle_;  // longest first
    std::size_t count_ = 0;        // of `list_`, less those that have been closed to make room
    std::unordered_map<std::string, std::size_t> by_address_;
};

// See Request::remote_address. Empty when the client has gone already, or is local.
std::string address_of_peer(Socket const& socket);
// See Request::local_address.
std::string local_address_of(Socket const& socket);

}  // namespace lanyard::http
