// What HTTP is made of besides its framing: request targets, queries, escapes, ranges, URLs. Each gets the whole input.
#include <algorithm>
#include <string>

#include "proto/http/byte_range.h"
#include "proto/http/message.h"
#include "proto/http/percent.h"
#include "proto/http/request_target.h"
#include "seeder/announce/public_file.h"
#include "tests/fuzz/fuzz.h"

using namespace lanyard;
using fuzz::must;

namespace {

void check_target(std::string_view input) {
    auto const target = http::parse_target(input);
    if (!target) {
        must(target.error() == 400 || target.error() == 404 || target.error() == 414, "a refusal is one of three");
        return;
    }
    auto const& path = target->path;
    must(path.front() == '/', "a path begins at the root");
    must(path.find("..") == std::string::npos && path.find("//") == std::string::npos, "a path does not climb");
    must(path.find('\0') == std::string::npos && path.find('\\') == std::string::npos, "a path is one everywhere");
    auto const file = announce::public_file(path);
    if (!file) return;
    auto const text = file->string();
    must(text.starts_with("metadata/") || text.starts_with("packages/"), "a public file lies in one of two folders");
    must(std::count(text.begin(), text.end(), '/') == 1 && text.size() < 100, "and has a plain name");
}

void check_query(std::string_view input) {
    auto const values = http::parse_query(input);
    auto const decoded = http::percent_decode(input);
    must(!decoded || decoded->size() <= input.size(), "decoding makes nothing longer");
    if (!values) must(!decoded, "a query with good escapes is taken");
}

void check_range(std::string_view input) {
    for (std::uint64_t const size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, ~std::uint64_t{0}}) {
        auto const range = http::parse_range(input, size);
        if (range.kind == http::ByteRange::Kind::unsatisfiable) continue;
        must(range.first <= size && range.length <= size - range.first, "a range lies in the file");
        must(range.kind == http::ByteRange::Kind::whole || range.length > 0, "a part is not empty");
    }
}

void check_url(std::string_view input) {
    auto const url = http::Url::parse(input);
    if (!url) {
        must(url.error().detail.find_first_of("\n\x1b") == std::string::npos, "a refusal disturbs no terminal");
        return;
    }
    auto const again = http::Url::parse(url->to_string());
    must(again && again->host == url->host && again->port == url->port, "a URL is written as it was read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const input = fuzz::text(data, size);
    check_target(input);
    check_query(input);
    check_range(input);
    check_url(input);
    return 0;
}
