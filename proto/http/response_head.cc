#include "proto/http/response_head.h"

namespace lanyard::http {
namespace {

char const* reason_phrase(unsigned status) {
    switch (status) {
        case 200:
            return "OK";
        case 206:
            return "Partial Content";
        case 400:
            return "Bad Request";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 413:
            return "Payload Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 503:
            return "Service Unavailable";
        default:
            return "Unknown";
    }
}

void add_field(std::string& head, char const* name, std::string const& value) {
    head += name;
    head += ": ";
    head += value;
    head += "\r\n";
}

void add_range(std::string& head, HeadContext const& context) {
    auto const size = std::to_string(context.file_size);
    add_field(head, "Accept-Ranges", "bytes");
    if (context.range->kind == ByteRange::Kind::unsatisfiable) add_field(head, "Content-Range", "bytes */" + size);
    if (context.range->kind != ByteRange::Kind::part) return;
    auto const last = context.range->first + context.range->length - 1;
    add_field(head, "Content-Range",
              "bytes " + std::to_string(context.range->first) + "-" + std::to_string(last) + "/" + size);
}

}  // namespace

std::string response_head(Response const& response, HeadContext const& context) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " + reason_phrase(response.status) + "\r\n";
    add_field(head, "Content-Type", response.content_type);
    add_field(head, "Content-Length", std::to_string(context.content_length));
    // HTTP/1.0 clients need to be told so, and HTTP/1.1 clients are not harmed by it.
    add_field(head, "Connection", context.keep_alive ? "keep-alive" : "close");
    if (response.status == 405) add_field(head, "Allow", "GET, HEAD, POST");
    if (response.retry_after) add_field(head, "Retry-After", std::to_string(response.retry_after->count()));
    if (context.range) add_range(head, context);
    head += "\r\n";
    return head;
}

}  // namespace lanyard::http
