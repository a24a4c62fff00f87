#include "proto/http/connection.h"

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <cstring>

namespace lanyard::http {

using namespace std::chrono_literals;
using boost::system::error_code;

namespace {

std::string text_of(asio::ip::address const& address) {
    if (address.is_v4()) return address.to_string();
    auto v6 = address.to_v6();
    if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
    v6.scope_id(0);  // names an interface of this machine and means nothing to others
    return v6.to_string();
}

std::string text_of(asio::generic::stream_protocol::endpoint const& end) {
    asio::ip::tcp::endpoint endpoint;
    auto const family = end.protocol().family();
    if ((family != AF_INET && family != AF_INET6) || end.size() > endpoint.capacity()) return {};
    std::memcpy(endpoint.data(), end.data(), end.size());
    return text_of(endpoint.address());
}

}  // namespace

std::string address_of_peer(Socket const& socket) {
    error_code gone;
    auto const endpoint = socket.remote_endpoint(gone);
    return gone ? std::string() : text_of(endpoint);
}

std::string local_address_of(Socket const& socket) {
    error_code gone;
    auto const endpoint = socket.local_endpoint(gone);
    return gone ? std::string() : text_of(endpoint);
}

Connection::Connection(std::shared_ptr<Connections> all, Socket accepted)
    : stream(std::move(accepted)),
      remote_address_(address_of_peer(stream.socket)),
      all_(std::move(all)),
      place_(all_->list_.insert(all_->list_.end(), this)) {
    ++all_->by_address_[remote_address_];
    ++all_->count_;
    all_->watch();
}

Connection::~Connection() {
    set_idle(false);
    all_->uncount(*this);
    all_->list_.erase(place_);
}

void Connection::set_idle(bool idle) {
    if (idle_place_) all_->idle_.erase(*idle_place_);
    idle_place_.reset();
    if (idle) idle_place_ = all_->idle_.insert(all_->idle_.end(), this);
}

void Connection::within(std::chrono::milliseconds limit) {
    timed_out_ = false;
    deadline_ = Clock::now() + limit;
}

void Connection::without_limit() {
    timed_out_ = false;
    deadline_ = Clock::time_point::max();
}

Connections::Connections(asio::io_context& io, ServerLimits const& limits) : timer_(io), limits_(limits) {}

bool Connections::admit(std::string const& address) {
    auto const share = limits_.shared_addresses.contain(address) ? limits_.connections_per_shared_address
                                                                 : limits_.connections_per_address;
    auto const held = count_from(address);
    if (held >= share) return false;
    if (count_ + limits_.connections / 8 < limits_.connections) return true;
    if (held > share / 16) return false;
    if (!idle_.empty()) close_longest_idle();
    return count_ < limits_.connections;
}

void Connections::close_longest_idle() {
    auto& connection = *idle_.front();
    connection.set_idle(false);
    uncount(connection);
    error_code ignored;
    connection.stream.end_writing();
    connection.stream.socket.close(ignored);
}

void Connections::uncount(Connection& connection) {
    if (!std::exchange(connection.counted_, false)) return;
    --count_;
    auto const from = by_address_.find(connection.remote_address_);
    if (--from->second == 0) by_address_.erase(from);
}

std::size_t Connections::count_from(std::string const& address) const {
    auto const found = by_address_.find(address);
    return found == by_address_.end() ? 0 : found->second;
}

void Connections::close_all() {
    error_code ignored;
    for (auto* connection : list_) connection->stream.socket.close(ignored);
    timer_.cancel();
}

void Connections::watch() {
    if (watching_ || list_.empty()) return;
    watching_ = true;
    auto const shortest = std::min(
        {limits_.header_time, limits_.body_time, limits_.handshake_time, limits_.idle_time, limits_.write_time});
    timer_.expires_after(std::clamp<std::chrono::milliseconds>(shortest / 4, 5ms, 1s));
    timer_.async_wait([weak = weak_from_this()](error_code cancelled) {
        auto const self = weak.lock();
        if (!self) return;
        self->watching_ = false;
        if (cancelled) return;
        self->cut_late_ones();
        self->watch();
    });
}

void Connections::cut_late_ones() {
    auto const now = Connection::Clock::now();
    error_code ignored;
    for (auto* connection : list_) {
        if (now < connection->deadline_) continue;
        connection->timed_out_ = true;
        connection->stream.socket.cancel(ignored);
    }
}

}  // namespace lanyard::http
