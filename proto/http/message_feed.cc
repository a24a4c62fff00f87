#include "proto/http/message_feed.h"

namespace lanyard::http {
namespace {

using boost::system::error_code;
using Error = boost::beast::http::error;

error_code code_of(Error error) { return boost::beast::http::make_error_code(error); }

std::string_view text_of(boost::beast::flat_buffer const& buffer) {
    auto const data = buffer.data();
    return {static_cast<char const*>(data.data()), data.size()};
}

}  // namespace

bool FoldFinder::finds(std::string_view bytes) {
    for (char const byte : bytes) {
        if (over_) break;
        if (line_bytes_ == 0 && lines_ > 0 && (byte == ' ' || byte == '\t')) found_ = over_ = true;
        if (byte == '\n') {
            over_ = over_ || line_bytes_ == 0;
            line_bytes_ = 0;
            ++lines_;
        } else if (byte != '\r') {
            ++line_bytes_;
        }
    }
    return found_;
}

template <bool is_request>
MessageFeed<is_request>::MessageFeed(Parser& parser, Buffer& buffer, ReadUntil until, std::size_t header_limit)
    : parser_(parser),
      buffer_(buffer),
      until_(until),
      header_limit_(header_limit),
      looks_for_folds_(is_request && until == ReadUntil::header),
      starved_(buffer.size() == 0) {
    parser_.eager(until == ReadUntil::end);
    note_arrival(0);
}

template <bool is_request>
bool MessageFeed<is_request>::is_over() const {
    return folded_ || (until_ == ReadUntil::end ? parser_.is_done() : parser_.is_header_done());
}

template <bool is_request>
void MessageFeed<is_request>::note_arrival(std::size_t before) {
    folded_ = looks_for_folds_ && folds_.finds(text_of(buffer_).substr(before));
}

template <bool is_request>
error_code MessageFeed<is_request>::step() {
    error_code error;
    auto const used = parser_.put(buffer_.data(), error);
    buffer_.consume(used);
    used_ += used;
    starved_ = error == Error::need_more || buffer_.size() == 0 || (!error && used == 0);
    return error == Error::need_more ? error_code() : error;
}

template <bool is_request>
error_code MessageFeed<is_request>::end() {
    if (!parser_.got_some()) return code_of(Error::end_of_stream);
    error_code error;
    parser_.put_eof(error);
    return error;
}

template <bool is_request>
error_code MessageFeed<is_request>::verdict() const {
    if (folded_) return code_of(Error::bad_value);
    return until_ == ReadUntil::header && used_ > header_limit_ ? code_of(Error::header_limit) : error_code();
}

template class MessageFeed<true>;
template class MessageFeed<false>;

}  // namespace lanyard::http
