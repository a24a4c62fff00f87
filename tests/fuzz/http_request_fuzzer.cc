// What a client sends to the seeder's port, as its reader of requests takes it apart: the same whole and in pieces.
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "proto/http/message_feed.h"
#include "proto/http/request_head.h"
#include "tests/fuzz/fuzz.h"

using namespace lanyard;
using fuzz::must;

namespace {

using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
using boost::system::error_code;

constexpr std::uint32_t kMostHeader = 1024;
constexpr std::uint64_t kMostBody = 1024;
constexpr std::size_t kMostBuffered = kMostHeader + 4096;

struct Taken {
    http::RequestHead head;
    std::string body;
    std::string bytes;  // of the connection, that are this request
    bool chunked = false;
};

bool same(Taken const& a, Taken const& b) {
    return a.head.method == b.head.method && a.head.path == b.head.path && a.head.query == b.head.query &&
           a.head.range == b.head.range && a.head.head_only == b.head.head_only &&
           a.head.keep_alive == b.head.keep_alive && a.body == b.body && a.bytes == b.bytes;
}

// A connection whose bytes arrive in pieces of that size, read as RequestReader does.
class Reading {
public:
    Reading(std::string_view bytes, std::size_t piece) : all_(bytes), piece_(piece) {}

    std::vector<Taken> run() {
        std::vector<Taken> taken;
        while (auto request = next()) {
            taken.push_back(std::move(*request));
            if (!taken.back().head.keep_alive) break;
        }
        return taken;
    }

private:
    std::optional<Taken> next() {
        auto const begin = consumed();
        Parser parser;
        parser.header_limit(kMostHeader);
        parser.body_limit(kMostBody);
        if (auto const error = feed(parser, http::ReadUntil::header)) {
            auto const refusal = http::refusal_of(error, !parser.get().target().empty());
            must(refusal == 0 || refusal == 400 || refusal == 413 || refusal == 414 || refusal == 431,
                 "a refusal is one of those that are explained");
            return std::nullopt;
        }
        auto const length = parser.content_length();
        auto head = http::judge_head(parser.get(), length ? std::optional(*length) : std::nullopt, kMostBody);
        if (!head) return std::nullopt;
        if (!parser.is_done() && feed(parser, http::ReadUntil::end)) return std::nullopt;
        must(parser.is_done(), "a request that is taken is whole");
        return Taken{std::move(*head), std::move(parser.get().body()),
                     std::string(all_.substr(begin, consumed() - begin)), parser.chunked()};
    }

    error_code feed(Parser& parser, http::ReadUntil until) {
        boost::beast::http::basic_parser<true>& basic = parser;
        http::MessageFeed<true> feed(basic, buffer_, until, kMostHeader);
        while (!feed.is_over()) {
            if (feed.wants_more()) {
                if (buffer_.size() == kMostBuffered) {
                    return boost::beast::http::make_error_code(boost::beast::http::error::buffer_overflow);
                }
                auto const before = buffer_.size();
                if (!arrive()) {
                    auto const end = feed.end();
                    return end ? end : boost::beast::http::make_error_code(boost::beast::http::error::end_of_stream);
                }
                feed.note_arrival(before);
            }
            if (auto const error = feed.step()) return error;
        }
        return feed.verdict();
    }

    bool arrive() {
        auto const count = std::min({piece_, all_.size() - arrived_, kMostBuffered - buffer_.size()});
        auto const space = buffer_.prepare(count);
        std::copy_n(all_.data() + arrived_, count, static_cast<char*>(space.data()));
        buffer_.commit(count);
        arrived_ += count;
        return count > 0;
    }

    std::size_t consumed() const { return arrived_ - buffer_.size(); }

    std::string_view all_;
    std::size_t piece_;
    std::size_t arrived_ = 0;
    boost::beast::flat_buffer buffer_{kMostBuffered};
};

// How another program would read it that knows nothing of ours: lines up to the first empty one.
struct Plainly {
    std::vector<std::string> names;  // of fields, in small letters
    std::size_t header_bytes = 0;
    bool folded = false;

    explicit Plainly(std::string_view bytes) {
        bool first = true;
        for (std::size_t at = 0; at < bytes.size();) {
            auto const end = std::min(bytes.find('\n', at), bytes.size());
            auto line = bytes.substr(at, end - at);
            at = header_bytes = std::min(end + 1, bytes.size());
            if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
            if (line.empty() && !first) break;
            folded = folded || (!first && (line.front() == ' ' || line.front() == '\t'));
            if (!first) names.push_back(small(line.substr(0, line.find(':'))));
            first = first && line.empty();
        }
    }

    auto count(char const* name) const { return std::count(names.begin(), names.end(), name); }

    static std::string small(std::string_view text) {
        std::string word;
        for (char const c : text) {
            if (c != ' ' && c != '\t') word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
        return word;
    }
};

void check(Taken const& taken) {
    auto const& path = taken.head.path;
    must(path.starts_with('/'), "a path begins at the root");
    must(path.find("..") == std::string::npos && path.find("//") == std::string::npos, "a path does not climb");
    must(path.find('\0') == std::string::npos && path.find('\\') == std::string::npos, "a path is one everywhere");
    must(taken.body.size() <= kMostBody, "a body has a limit");
    must(taken.head.range.empty() || (taken.head.method == http::Method::get && !taken.head.head_only),
         "parts are for GET only");

    Plainly const plainly(taken.bytes);
    auto const lengths = plainly.count("content-length");
    auto const encodings = plainly.count("transfer-encoding");
    must(!plainly.folded, "no field goes on in another line");
    must(plainly.count("host") <= 1, "a request is for one host");
    must(lengths + encodings <= 1, "a body has one length for whoever reads it");
    must(taken.chunked == (encodings == 1), "and it is what we take it for");
    if (!taken.chunked) {
        must(taken.bytes.size() == plainly.header_bytes + taken.body.size(),
             "the next request begins where others say");
        must(lengths == 1 || taken.body.empty(), "what has no length has no body");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto input = fuzz::text(data, size);
    std::size_t const piece = input.empty() ? 1 : 1 + static_cast<unsigned char>(input.front()) % 64;
    if (!input.empty()) input.remove_prefix(1);
    auto const whole = Reading(input, input.size()).run();
    for (auto const& taken : whole) check(taken);
    for (auto const size_of_piece : {std::size_t{1}, piece}) {
        auto const pieces = Reading(input, size_of_piece).run();
        must(std::equal(whole.begin(), whole.end(), pieces.begin(), pieces.end(), same),
             "how bytes arrive changes nothing");
    }
    return 0;
}
