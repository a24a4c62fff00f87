#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/async/asio.h"
#include "proto/http/client.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/check.pb.h"
#include "proto/schema/lanyard/v1/report.pb.h"

namespace lanyard::check {

// Fetches one file of the repository, never more than `max_bytes` of it.
class MetadataSource {
public:
    virtual ~MetadataSource() = default;
    // Errc not_found of http when the repository has no such file.
    virtual asio::awaitable<Result<std::string>> fetch(std::string name, std::size_t max_bytes) = 0;
};

// The seeder as its nodes see it. One io_context thread.
class SeederClient final : public MetadataSource {
public:
    // `local_address` and `tls`: see http::Client. `mirrors` have the seeder's public files: they are asked, one after
    // the other, for a file that the seeder does not answer for. They need no trust, since whoever asks verifies what
    // comes.
    SeederClient(asio::io_context& io, http::Url const& seeder,
                 std::optional<std::string> const& local_address = std::nullopt,
                 std::vector<http::Url> const& mirrors = {}, std::optional<http::ClientTls> const& tls = std::nullopt);

    // From now on; what is under way goes on as it began.
    void use_tls(http::ClientTls const& tls);

    asio::awaitable<Result<v1::CheckResponse>> check(v1::CheckRequest request);
    asio::awaitable<Result<v1::AnnounceResponse>> announce(v1::AnnounceRequest request);
    asio::awaitable<Status> report(v1::SignedReport report);

    // metadata/<name>
    asio::awaitable<Result<std::string>> fetch(std::string name, std::size_t max_bytes) override;
    // packages/<name>; trust::Errc::endless_data when it is larger.
    asio::awaitable<Result<std::string>> fetch_package_file(std::string name, std::size_t max_bytes);

    // What the seeder asked for with its last 429 or 503; nothing after any other answer.
    std::optional<std::chrono::seconds> retry_after() const { return retry_after_; }

    void cancel();
    http::Url const& url() const { return http_->url(); }

private:
    asio::awaitable<Result<std::string>> post(std::string path, std::string body, std::chrono::milliseconds timeout);
    asio::awaitable<Result<std::string>> send(http::ClientRequest request);
    asio::awaitable<Result<std::string>> fetch_public(std::string path, std::size_t max_bytes);

    asio::io_context& io_;
    std::optional<std::string> local_address_;
    std::shared_ptr<http::Client> http_;
    std::list<http::Client> mirrors_;
    std::optional<std::chrono::seconds> retry_after_;
};

}  // namespace lanyard::check
