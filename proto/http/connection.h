#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "proto/async/asio.h"
#include "proto/http/message.h"
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

    std::string const& remote_address() const { return remote_address_; }

private:
    friend class Connections;
    using Clock = std::chrono::steady_clock;

    Clock::time_point deadline_ = Clock::time_point::max();
    bool timed_out_ = false;
    std::string remote_address_;
    std::shared_ptr<Connections> all_;
    std::list<Connection*>::iterator place_;
};

// Every connection of a server. Looks at all deadlines a few times within the shortest limit, instead of a timer for
// each: a server holds thousands of them, and nearly none is ever cut.
class Connections : public std::enable_shared_from_this<Connections> {
public:
    Connections(asio::io_context& io, std::chrono::milliseconds shortest_limit);

    std::size_t count() const { return list_.size(); }
    std::size_t count_from(std::string const& address) const;
    void close_all();

private:
    friend class Connection;

    void watch();
    void cut_late_ones();

    asio::steady_timer timer_;
    std::chrono::milliseconds period_;
    bool watching_ = false;
    std::list<Connection*> list_;
    std::unordered_map<std::string, std::size_t> by_address_;
};

// See Request::remote_address. Empty when the client has gone already, or is local.
std::string address_of_peer(Socket const& socket);
// See Request::local_address.
std::string local_address_of(Socket const& socket);

}  // namespace lanyard::http
