#include "proto/http/message.h"

#include "proto/http/percent.h"

namespace lanyard::http {

Response Response::text(unsigned status, std::string_view message) {
    Response response;
    response.status = status;
    response.content_type = "text/plain; charset=utf-8";
    response.body = message;
    if (response.body.empty() || response.body.back() != '\n') response.body += '\n';
    return response;
}

Response Response::protobuf(std::string bytes) {
    Response response;
    response.content_type = kProtobufType;
    response.body = std::move(bytes);
    return response;
}

std::optional<std::map<std::string, std::string>> parse_query(std::string_view query) {
    std::map<std::string, std::string> values;
    while (!query.empty()) {
        auto const end = query.find('&');
        auto const pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
        if (pair.empty()) continue;
        auto const equals = pair.find('=');
        auto name = percent_decode(pair.substr(0, equals));
        auto value = percent_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
        if (!name || !value) return std::nullopt;
        values.try_emplace(std::move(*name), std::move(*value));
    }
    return values;
}

}  // namespace lanyard::http
