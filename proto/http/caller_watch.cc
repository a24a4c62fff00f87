#include "proto/http/caller_watch.h"

#include <algorithm>

namespace lanyard::http {

using boost::system::error_code;

struct CallerWatch::State {
    Stream* stream;  // null when the watch is over
    boost::beast::flat_buffer* buffer;
    std::shared_ptr<Hangup> hangup;

    static void wait(std::shared_ptr<State> state);
    bool take_bytes() const;
};

void CallerWatch::State::wait(std::shared_ptr<State> state) {
    auto& socket = state->stream->socket;
    socket.async_wait(Socket::wait_read, [state = std::move(state)](error_code error) {
        if (state->stream == nullptr) return;
        if (!error && state->take_bytes()) {
            wait(state);
            return;
        }
        error_code ignored;
        state->stream->socket.close(ignored);
        state->hangup->happen();
    });
}

// False when nothing can come any more. Bytes have to be taken: an end behind them would not be seen.
bool CallerWatch::State::take_bytes() const {
    constexpr std::size_t kBlock = 4096;
    error_code error;
    do {
        auto const room = std::min(kBlock, buffer->max_size() - buffer->size());
        if (room == 0) return false;
        auto const got = stream->read_now(buffer->prepare(room), error);
        buffer->commit(got);
    } while (!error && stream->has_pending());
    return !error || error == asio::error::would_block;
}

CallerWatch::CallerWatch(Stream& stream, boost::beast::flat_buffer& buffer, std::shared_ptr<Hangup> hangup)
    : state_(std::make_shared<State>(State{&stream, &buffer, std::move(hangup)})) {
    // The socket does not tell of what TLS has decrypted already.
    if (stream.has_pending()) state_->take_bytes();
    State::wait(state_);
}

CallerWatch::~CallerWatch() {
    auto* stream = std::exchange(state_->stream, nullptr);
    error_code ignored;
    stream->socket.cancel(ignored);
}

}  // namespace lanyard::http
