#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "proto/outcome/result.h"

namespace lanyard::http {

// "http://host[:port]" or "https://host[:port]", nothing after it but an optional "/". Host: a name or IPv4 address, or
// an IPv6 in brackets.
struct Url {
    enum class Scheme { http, https };

    std::string host;
    std::uint16_t port = 80;  // https: 443
    Scheme scheme = Scheme::http;

    static Result<Url> parse(std::string_view text);
    std::string to_string() const;
};

enum class Method { get, post };

// Happens when the client goes while a handler has its request: there is nobody to answer to any more.
struct Hangup {
    bool happened = false;
    std::function<void()> then;  // set by a handler that suspends for long; called once at most

    void happen() {
        happened = true;
        if (auto const call = std::exchange(then, nullptr)) call();
    }
};

// An X.509 certificate that has been verified.
struct Certificate {
    std::string der;
    std::string common_name;  // UTF-8; empty when there is none, or more than one
    std::string fingerprint;  // SHA-256 of `der`, 32 raw bytes
};

// How a request has come, and from whom.
struct Caller {
    enum class Way { plain, tls, local };
    Way way = Way::plain;
    std::optional<Certificate> certificate;  // way == tls: verified against the client CA
    std::uint32_t uid = 0;                   // way == local: of the process, as the kernel says
    std::uint32_t gid = 0;
};

// What a server shows, and whom it believes.
struct ServerTls {
    std::string certificate_chain_pem;  // its own, then those above it, the CA's included: joining nodes pin that one
    std::string private_key_pem;
    std::string client_ca_pem;  // empty: clients are asked for no certificate
};

// Whom a client believes, and what it shows. One of the first two is needed.
struct ClientTls {
    std::string ca_pem;     // trusted CA certificates
    std::string ca_sha256;  // 32 raw bytes: the digest of the CA certificate (DER) that must be in the server's chain
    std::string certificate_pem;  // its own, and those above it; may be empty
    std::string private_key_pem;
};

// A request as a server's handler sees it; all limits have been checked.
struct Request {
    Method method = Method::get;
    std::string path;   // percent-decoded, begins with '/', holds no "..", "//", backslash or control character
    std::string query;  // raw, without '?'
    std::string body;
    std::string remote_address;  // textual, without port; an IPv4-mapped IPv6 address is given as IPv4
    std::string local_address;   // the same of this end: the address by which the client has reached the server
    Caller caller;
    std::shared_ptr<Hangup> hangup = std::make_shared<Hangup>();
};

struct Response {
    unsigned status = 200;
    std::string content_type = "application/octet-stream";
    std::string body;
    std::optional<std::filesystem::path> file;        // sent instead of `body`
    std::optional<std::chrono::seconds> retry_after;  // sent with 429 and 503

    static Response text(unsigned status, std::string_view message);
    static Response protobuf(std::string bytes);
};

inline constexpr char const* kProtobufType = "application/x-protobuf";

// "a=1&b=%20" -> values, percent-decoded into raw bytes (BEP 3 sends binary hashes this way). First of equal names
// wins. Nothing when an escape is malformed.
std::optional<std::map<std::string, std::string>> parse_query(std::string_view query);

}  // namespace lanyard::http
