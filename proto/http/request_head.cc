#include "proto/http/request_head.h"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

#include "proto/http/request_target.h"

namespace lanyard::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;
using beast::http::verb;

bool equal(beast::string_view a, beast::string_view b) { return beast::iequals(a, b); }

// Beast takes a list of equal numbers, too.
bool is_number(beast::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == beast::string_view::npos;
}

// What could mean two lengths to two programs is refused, also where RFC 7230 would let it pass.
bool has_one_length(RequestMessage const& header) {
    auto const encodings = header.count(field::transfer_encoding);
    auto const lengths = header.count(field::content_length);
    if (encodings == 0) return lengths == 0 || (lengths == 1 && is_number(header[field::content_length]));
    return encodings == 1 && lengths == 0 && header.version() == 11 &&
           equal(header[field::transfer_encoding], "chunked");
}

}  // namespace

tl::expected<RequestHead, unsigned> judge_head(RequestMessage const& header, std::optional<std::uint64_t> length,
                                               std::uint64_t most_body) {
    // Beast checks it too, but some of its paths lose the error (see client.cc).
    if (length.value_or(0) > most_body) return tl::unexpected(413u);
    auto const hosts = header.count(field::host);
    if (hosts > 1 || (hosts == 0 && header.version() == 11) || !has_one_length(header)) return tl::unexpected(400u);
    auto const method = header.method();
    if (method != verb::get && method != verb::head && method != verb::post) return tl::unexpected(405u);
    auto const expected = header[field::expect];
    if (!expected.empty() && !equal(expected, "100-continue")) return tl::unexpected(417u);

    auto const raw = header.target();
    auto target = parse_target(std::string_view(raw.data(), raw.size()));
    if (!target) return tl::unexpected(target.error());
    RequestHead head;
    head.method = method == verb::post ? Method::post : Method::get;
    head.path = std::move(target->path);
    head.query = std::move(target->query);
    head.head_only = method == verb::head;
    head.keep_alive = header.keep_alive();
    head.wants_continue = header.count(field::expect) > 0;
    // There is no validator in our answers that a condition could name: then RFC 7233 wants the whole file.
    if (method == verb::get && header.count(field::if_range) == 0) head.range = header[field::range].to_string();
    return head;
}

unsigned refusal_of(boost::system::error_code const& error, bool had_target) {
    using Error = beast::http::error;
    if (error == Error::body_limit) return 413;
    if (error == Error::header_limit || error == Error::buffer_overflow) return had_target ? 431 : 414;
    bool const is_malformed = error.category() == beast::http::make_error_code(Error::bad_chunk).category() &&
                              error != Error::end_of_stream && error != Error::partial_message;
    return is_malformed ? 400 : 0;
}

}  // namespace lanyard::http
