#include "node/platform/app_connection.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "node/platform/linux_processes.h"

namespace lanyard::platform {
namespace {

// An application that does not read must not make the node keep what it is told.
constexpr std::size_t kMostUnread = 1024 * 1024;
// Nor must one that never stops to talk keep the node from its work: what is more waits.
constexpr unsigned kMostMessages = 200;  // in kRound, of one application
constexpr std::chrono::seconds kRound{1};
constexpr std::chrono::milliseconds kUntilClosed{100};

v1::NodeMessage answer_of(v1::Answer answer) {
    v1::NodeMessage message;
    *message.mutable_answer() = std::move(answer);
    return message;
}

void close_all(Closer& closer, std::vector<Descriptor> descriptors) {
    for (auto& descriptor : descriptors) closer.close(std::move(descriptor));
}

}  // namespace

std::size_t AppTalk::room_for(AppConnection const& one) const {
    std::size_t taken = 0;
    for (auto const& known : open) {
        auto const other = known.lock();
        if (other && other.get() != &one) taken += other->descriptors();
    }
    return kMaxFrameDescriptors - std::min(taken, kMaxFrameDescriptors);
}

bool AppTalk::too_fast() {
    auto const now = parts.now();
    if (now - round >= kRound) {
        round = now;
        heard = 0;
    }
    return ++heard > kMostMessages;
}

AppConnection::~AppConnection() {
    close();
    reader_.refuse_waiting();
    close_all(all_->closer, reader_.refused());
    close_all(all_->closer, std::move(frame_.descriptors));
    if (own_ && !all_->stopped) all_->parts.contract.go(*own_);
}

// What the other side sent and nobody has read is closed with the socket.
void AppConnection::close() {
    if (!socket_.is_open()) return;
    boost::system::error_code failed;
    auto const number = socket_.release(failed);
    if (!failed) all_->closer.close(Descriptor(number));
}

asio::awaitable<void> AppConnection::serve(std::shared_ptr<AppConnection> self) {
    auto& socket = self->socket_;
    boost::system::error_code failed;
    asio::steady_timer pause(self->all_->parts.io);
    while (socket.is_open()) {
        auto frame = self->reader_.next();
        if (frame) {
            self->sort_out(std::move(*frame));
            pause.expires_after(self->all_->too_fast() ? kRound : std::chrono::seconds(0));
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
            self->hear();
            continue;
        }
        co_await socket.async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, failed));
        if (failed || !socket.is_open()) break;
        if (self->all_->closer.is_full()) {
            pause.expires_after(kUntilClosed);
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
            continue;
        }
        if (!self->receive()) break;
    }
    self->close();
}

bool AppConnection::receive() {
    // Nobody knows yet whether it will ever say something: it holds nothing here.
    auto const room = party_ ? all_->room_for(*this) : 0;
    bool const goes_on = reader_.receive(socket_.native_handle(), room);
    close_all(all_->closer, reader_.refused());
    return goes_on;
}

// A message may have to wait for its turn: what it brought and is of no use is not kept until then.
void AppConnection::sort_out(FrameReader::Frame frame) {
    frame_ = std::move(frame);
    message_.Clear();
    unheard_.clear();
    if (!message_.ParseFromString(frame_.bytes)) unheard_ = "it is no message of the contract";
    frame_.bytes.clear();
    if (unheard_.empty() && !frame_.descriptors.empty() && !message_.has_ready()) {
        unheard_ = "descriptors come with Ready only";
    }
    if (!unheard_.empty()) close_all(all_->closer, std::exchange(frame_.descriptors, {}));
}

void AppConnection::hear() {
    if (all_->stopped) return close();
    if (!unheard_.empty()) return refuse(unheard_);
    if (!party_) {
        if (!message_.has_registration()) return refuse("the first message must be a registration");
        auto const party = begin(message_.registration());
        if (!party) return refuse(party.error().detail);
        party_ = *party;
    }
    auto descriptors = std::exchange(frame_.descriptors, {});
    drain::HeldSockets sockets;
    std::string why;
    for (auto& descriptor : descriptors) {
        auto socket = all_->parts.keeper.adopt(std::move(descriptor));
        if (socket) {
            sockets.push_back(std::move(*socket));
        } else if (why.empty()) {
            why = "a descriptor cannot be held: " + socket.error().detail;
        }
    }
    close_all(all_->closer, std::move(descriptors));
    if (!why.empty()) return refuse(std::move(why));
    say(answer_of(all_->parts.contract.hear(*party_, message_, std::move(sockets))));
}

Result<drain::Contract::Party> AppConnection::begin(v1::Registration const& registration) {
    auto& contract = all_->parts.contract;
    auto const pid = static_cast<std::uint64_t>(peer_.pid);
    if (registration.pid() != 0) return all_->others->party_of(registration.pid(), peer_.uid);
    auto process = process_of(pid, "/proc").value_or(drain::Process{pid, "an application"});
    auto const weak = weak_from_this();
    own_ = contract.come(all_->app, std::move(process), [weak](v1::NodeMessage const& said) {
        if (auto const self = weak.lock()) self->say(said);
    });
    return *own_;
}

void AppConnection::refuse(std::string why) {
    v1::Answer answer;
    answer.set_refused(std::move(why));
    say(answer_of(std::move(answer)));
}

void AppConnection::say(v1::NodeMessage const& message) {
    auto bytes = frame_of(message);
    if (unwritten_.size() + bytes.size() > kMostUnread) return close();
    bool const idle = unwritten_.empty();
    unwritten_ += bytes;
    if (!idle || !socket_.is_open()) return;
    auto writing = write(shared_from_this());
    asio::co_spawn(all_->parts.io, std::move(writing), asio::detached);
}

asio::awaitable<void> AppConnection::write(std::shared_ptr<AppConnection> self) {
    auto& socket = self->socket_;
    auto& unwritten = self->unwritten_;
    while (socket.is_open() && !unwritten.empty()) {
        auto const written =
            ::send(socket.native_handle(), unwritten.data(), unwritten.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (written > 0) {
            unwritten.erase(0, static_cast<std::size_t>(written));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) break;
        boost::system::error_code failed;
        co_await socket.async_wait(Socket::wait_write, asio::redirect_error(asio::use_awaitable, failed));
        if (failed) break;
    }
    // What cannot be written ends the connection.
    if (!unwritten.empty()) self->close();
}

}  // namespace lanyard::platform
