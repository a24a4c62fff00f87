#include <algorithm>
#include <charconv>

#include "proto/http/errc.h"
#include "proto/http/message.h"
#include "proto/outcome/plain_text.h"

namespace lanyard::http {
namespace {

constexpr std::string_view kPlain = "http://";
constexpr std::string_view kTls = "https://";
constexpr std::uint16_t kTlsPort = 443;
constexpr std::size_t kLongestHost = 253;

bool is_host_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
}

// What may stand between the brackets of an IPv6 address; whether it is one is found out when it is connected to.
bool is_ipv6_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

bool is_host(std::string_view host, bool bracketed) {
    if (host.empty() || host.size() > kLongestHost) return false;
    if (bracketed) {
        return std::all_of(host.begin(), host.end(), is_ipv6_character) &&
               std::count(host.begin(), host.end(), ':') > 1;
    }
    return std::all_of(host.begin(), host.end(), is_host_name_character);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    auto const* const end = text.data() + text.size();
    auto const [stopped, error] = std::from_chars(text.data(), end, port);
    if (error != std::errc() || stopped != end || port == 0) return std::nullopt;
    return port;
}

tl::unexpected<Error> malformed(std::string_view text, std::string const& why) {
    return fail(Errc::malformed_url, "'" + as_plain(text.substr(0, 100)) + "' is not a seeder's URL: " + why +
                                         "; write http://host:port or https://host:port");
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
    Url url;
    if (text.starts_with(kTls)) {
        url.scheme = Scheme::https;
        url.port = kTlsPort;
    } else if (!text.starts_with(kPlain)) {
        return malformed(text, "it does not begin with http:// or https://");
    }
    auto rest = text.substr(url.scheme == Scheme::https ? kTls.size() : kPlain.size());
    if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);

    bool const bracketed = !rest.empty() && rest.front() == '[';
    auto const host_end = bracketed ? rest.find(']') : rest.find(':');
    if (bracketed && host_end == std::string_view::npos) return malformed(text, "the bracket is not closed");
    auto const host = bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end);
    if (!is_host(host, bracketed)) return malformed(text, "the host is neither a name nor an IP address");

    url.host = host;
    rest = host_end == std::string_view::npos ? std::string_view() : rest.substr(host_end + (bracketed ? 1 : 0));
    if (rest.empty()) return url;
    auto const port = rest.front() == ':' ? parse_port(rest.substr(1)) : std::nullopt;
    if (!port) return malformed(text, "what follows the host is not a port from 1 to 65535");
    url.port = *port;
    return url;
}

std::string Url::to_string() const {
    bool const is_ipv6 = host.find(':') != std::string::npos;
    return std::string(scheme == Scheme::https ? kTls : kPlain) + (is_ipv6 ? "[" + host + "]" : host) + ":" +
           std::to_string(port);
}

}  // namespace lanyard::http
