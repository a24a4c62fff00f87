#include "proto/http/answer.h"

#include <algorithm>
#include <array>

#include "proto/http/response_head.h"
#include "proto/http/served_file.h"

namespace lanyard::http {
namespace {

using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::size_t kFileBlock = 128 * 1024;
constexpr std::size_t kProgress = 64 * 1024;
constexpr std::size_t kMostDrained = 1024 * 1024;
constexpr std::chrono::milliseconds kDrainTime = 2s;

}  // namespace

asio::awaitable<bool> Answerer::send(Connection& connection, Response response, AnswerShape shape) {
    if (response.file) {
        bool const sent = co_await send_file(connection, std::move(response), std::move(shape));
        co_return sent;
    }
    HeadContext context;
    context.content_length = response.body.size();
    context.keep_alive = shape.keep_alive;
    auto const head = response_head(response, context);
    if (shape.head_only) response.body.clear();
    bool const sent = co_await write(connection, head, response.body);
    co_return sent;
}

asio::awaitable<bool> Answerer::send_file(Connection& connection, Response response, AnswerShape shape) {
    if (!disk_) disk_.emplace(1);
    auto open = [path = *response.file] { return ServedFile::open(path); };
    auto const file = co_await disk_->run(std::move(open));
    if (!connection.is_open()) co_return false;
    if (!file) {
        auto missing = Response::text(404, "There is no such file.");
        bool const sent = co_await send(connection, std::move(missing), std::move(shape));
        co_return sent;
    }
    HeadContext context;
    context.keep_alive = shape.keep_alive;
    context.file_size = file->size();
    context.range = parse_range(response.status == 200 ? shape.range : std::string(), file->size());
    if (context.range->kind == ByteRange::Kind::part) response.status = 206;
    if (context.range->kind == ByteRange::Kind::unsatisfiable) response.status = 416;
    context.content_length = context.range->length;

    std::string head = response_head(response, context);
    auto offset = context.range->first;
    auto left = shape.head_only ? 0 : context.range->length;
    bool sent = true;
    if (left == 0) {
        std::string_view const nothing;
        sent = co_await write(connection, head, nothing);
    }
    while (left > 0 && sent && connection.is_open()) {
        auto const wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, kFileBlock));
        auto read = [file, offset, wanted] { return file->read(offset, wanted); };
        auto const block = co_await disk_->run(std::move(read));
        // The length has been promised: a file that has become shorter can only end the connection.
        if (block.size() != wanted) co_return false;
        sent = co_await write(connection, head, block);
        head.clear();
        offset += wanted;
        left -= wanted;
    }
    co_return sent&& left == 0;
}

asio::awaitable<bool> Answerer::send_continue(Connection& connection) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    constexpr std::string_view kNothing;
    bool const sent = co_await write(connection, kContinue, kNothing);
    co_return sent;
}

asio::awaitable<bool> Answerer::write(Connection& connection, std::string_view first, std::string_view second) {
    connection.within(write_time_);
    std::size_t since = 0;
    while (!first.empty() || !second.empty()) {
        error_code error;
        auto const sent = co_await connection.stream.write_some(first, second, error);
        if (error) co_return false;
        auto const of_first = std::min(sent, first.size());
        first.remove_prefix(of_first);
        second.remove_prefix(sent - of_first);
        since += sent;
        if (since < kProgress) continue;
        since = 0;
        connection.within(write_time_);
    }
    connection.without_limit();
    co_return true;
}

asio::awaitable<void> Answerer::part(Connection& connection) {
    error_code error;
    connection.stream.end_writing();
    connection.within(kDrainTime);
    std::array<char, 4096> thrown_away;
    std::size_t drained = 0;
    while (!error && !connection.timed_out() && drained < kMostDrained) {
        auto const buffer = asio::buffer(thrown_away);
        auto const got =
            co_await connection.stream.socket.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
        drained += got;
    }
}

}  // namespace lanyard::http
