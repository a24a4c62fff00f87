#include "node/check/seeder_client.h"

#include <fmt/format.h>

#include "manifests/trust/errc.h"
#include "node/check/errc.h"
#include "proto/http/errc.h"

namespace lanyard::check {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxAnswer = 256 * 1024;
constexpr auto kTimeout = 15s;
constexpr auto kFileTimeout = 60s;  // 5 MB of metadata over a branch's thin link

template <class Message>
Result<Message> parse(Result<std::string> const& body, char const* what) {
    if (!body) return pass_on(body);
    Message message;
    if (!message.ParseFromString(*body)) {
        return fail(
            Errc::malformed_answer,
            fmt::format("the seeder's answer to {} cannot be read: is the URL that of a lanyard-seeder?", what));
    }
    return message;
}

// 4xx is the seeder's considered answer to this request; whatever else is wrong may pass.
std::error_code errc_of(unsigned status) {
    // Not for good: an operator may accept the node yet.
    if (status == 401 || status == 403) return Errc::not_admitted;
    if (status == 404) return http::Errc::not_found;
    if (status == 429 || status >= 500) return http::Errc::busy;
    return http::Errc::refused;
}

Error refusal(http::ClientResponse const& answer, std::string const& path) {
    return {errc_of(answer.status),
            fmt::format("the seeder answered {} with status {}: {}", path, answer.status, answer.body.substr(0, 200))};
}

// Not when something else is wrong with the seeder than that it does not answer: that must be seen.
bool is_for_mirrors(Error const& error) {
    return kind_of(error.code) == Kind::network && error.code != http::Errc::too_large;
}

}  // namespace

SeederClient::SeederClient(asio::io_context& io, http::Url const& seeder,
                           std::optional<std::string> const& local_address, std::vector<http::Url> const& mirrors,
                           std::optional<http::ClientTls> const& tls)
    : io_(io), local_address_(local_address), http_(std::make_shared<http::Client>(io, seeder, local_address, tls)) {
    for (auto const& mirror : mirrors) mirrors_.emplace_back(io, mirror, local_address);
}

void SeederClient::use_tls(http::ClientTls const& tls) {
    http_ = std::make_shared<http::Client>(io_, url(), local_address_, tls);
}

void SeederClient::cancel() {
    http_->cancel();
    for (auto& mirror : mirrors_) mirror.cancel();
}

asio::awaitable<Result<v1::CheckResponse>> SeederClient::check(v1::CheckRequest request) {
    auto const timeout = kTimeout + std::chrono::seconds(request.wait_seconds());
    auto const body = co_await post("/v1/check", request.SerializeAsString(), timeout);
    co_return parse<v1::CheckResponse>(body, "a check");
}

asio::awaitable<Result<v1::AnnounceResponse>> SeederClient::announce(v1::AnnounceRequest request) {
    auto const body = co_await post("/v1/announce", request.SerializeAsString(), kTimeout);
    co_return parse<v1::AnnounceResponse>(body, "an announce");
}

asio::awaitable<Status> SeederClient::report(v1::SignedReport report) {
    auto const body = co_await post("/v1/report", report.SerializeAsString(), kTimeout);
    if (!body) co_return pass_on(body);
    co_return Status();
}

asio::awaitable<Result<std::string>> SeederClient::fetch(std::string name, std::size_t max_bytes) {
    return fetch_public("/metadata/" + name, max_bytes);
}

asio::awaitable<Result<std::string>> SeederClient::fetch_package_file(std::string name, std::size_t max_bytes) {
    std::string path = "/packages/" + name;
    auto file = co_await fetch_public(std::move(path), max_bytes);
    // No such file is that large: asking again would change nothing.
    if (!file && file.error().code == http::Errc::too_large) {
        co_return fail(trust::Errc::endless_data,
                       fmt::format("{} is larger than the {} bytes it may have (endless data)", name, max_bytes));
    }
    co_return file;
}

asio::awaitable<Result<std::string>> SeederClient::fetch_public(std::string path, std::size_t max_bytes) {
    http::ClientRequest request;
    request.path = std::move(path);
    request.max_body = max_bytes;
    request.timeout = kFileTimeout;
    auto const from_mirror = request;
    auto answer = co_await send(std::move(request));
    for (auto& mirror : mirrors_) {
        if (answer || !is_for_mirrors(answer.error())) break;
        auto again = from_mirror;
        auto mirrored = co_await mirror.fetch(std::move(again));
        // A mirror that fails, too, is no news; that it has no such file is.
        if (mirrored || mirrored.error().code == http::Errc::not_found) answer = std::move(mirrored);
    }
    co_return answer;
}

asio::awaitable<Result<std::string>> SeederClient::post(std::string path, std::string body,
                                                        std::chrono::milliseconds timeout) {
    http::ClientRequest request;
    request.method = http::Method::post;
    request.path = std::move(path);
    request.body = std::move(body);
    request.content_type = http::kProtobufType;
    request.max_body = kMaxAnswer;
    request.timeout = timeout;
    co_return co_await send(std::move(request));
}

asio::awaitable<Result<std::string>> SeederClient::send(http::ClientRequest request) {
    auto const path = request.path;
    retry_after_.reset();
    auto const http = http_;
    auto answer = co_await http->send(std::move(request));
    if (!answer) {
        co_return tl::unexpected<Error>(
            Error(answer.error().code,
                  fmt::format("the seeder {} cannot be asked: {}", http->url().to_string(), answer.error().detail)));
    }
    if (answer->status == 429 || answer->status == 503) retry_after_ = answer->retry_after;
    if (answer->status != 200) co_return tl::unexpected<Error>(refusal(*answer, path));
    co_return std::move(answer->body);
}

}  // namespace lanyard::check
