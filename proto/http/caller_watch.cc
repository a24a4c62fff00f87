#include "proto/http/caller_watch.h"

#include <algorithm>

namespace lanyard::http {

using boost::system::error_code;

struct CallerWatch::State {
    Socket* socket;  // null when the watch is over
    boost::beast::flat_buffer* buffer;
    std::shared_ptr<Hangup> hangup;

    static void wait(std::shared_ptr<State> state);
    bool take_bytes() const;
};

void CallerWatch::State::wait(std::shared_ptr<State> state) {
    auto& socket = *state->socket;
    socket.async_wait(Socket::wait_read, [state = std::move(state)](error_code error) {
        if (state->socket == nullptr) return;
        if (!error && state->take_bytes()) {
            wait(state);
            return;
        }
        error_code ignored;
        state->socket->close(ignored);
        state->hangup->happen();
    });
}

// False when nothing can come any more. Bytes have to be taken: an end behind them would not be seen.
bool CallerWatch::State::take_bytes() const {
    constexpr std::size_t kBlock = 4096;
    auto const room = std::min(kBlock, buffer->max_size() - buffer->size());
    if (room == 0) return false;
    error_code error;
    socket->non_blocking(true, error);
    if (error) return false;
    auto const got = socket->read_some(buffer->prepare(room), error);
    buffer->commit(got);
    return !error || error == asio::error::would_block || error == asio::error::try_again;
}

CallerWatch::CallerWatch(Socket& socket, boost::beast::flat_buffer& buffer, std::shared_ptr<Hangup> hangup)
    : state_(std::make_shared<State>(State{&socket, &buffer, std::move(hangup)})) {
    State::wait(state_);
}

CallerWatch::~CallerWatch() {
    auto* socket = std::exchange(state_->socket, nullptr);
    error_code ignored;
    socket->cancel(ignored);
}

}  // namespace lanyard::http
