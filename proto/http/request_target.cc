#include "proto/http/request_target.h"

#include <algorithm>

#include "proto/http/percent.h"

namespace lanyard::http {
namespace {

bool is_unsafe_character(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\'; }

}  // namespace

tl::expected<RequestTarget, unsigned> parse_target(std::string_view raw) {
    if (raw.size() > kLongestTarget) return tl::unexpected(414u);
    if (raw.empty() || raw.front() != '/') return tl::unexpected(400u);
    auto const question = raw.find('?');
    auto path = percent_decode(raw.substr(0, question));
    if (!path) return tl::unexpected(400u);
    if (path->find("..") != std::string::npos || path->find("//") != std::string::npos ||
        std::any_of(path->begin(), path->end(), is_unsafe_character)) {
        return tl::unexpected(404u);
    }
    RequestTarget target;
    target.path = std::move(*path);
    if (question != std::string_view::npos) target.query = raw.substr(question + 1);
    return target;
}

}  // namespace lanyard::http
