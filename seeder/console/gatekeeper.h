#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/async/asio.h"

#include "manifests/store/database.h"
#include "proto/async/bell.h"
#include "proto/async/disk_pool.h"
#include "proto/events/events.h"
#include "proto/http/networks.h"
#include "seeder/announce/admission.h"
#include "seeder/authority/audit.h"
#include "seeder/authority/certificates.h"
#include "seeder/authority/members.h"

namespace lanyard::console {

// Knows at every moment which nodes and operators may speak, whichever process has decided it; gives nodes their
// certificates; tells as events what operators do. On the io_context thread.
class Gatekeeper final : public announce::Admission {
public:
    using Clock = std::function<std::chrono::sys_seconds()>;

    // How soon a revocation by another process takes effect.
    static constexpr std::chrono::milliseconds kLook{200};
    static constexpr std::chrono::seconds kAskAgain{10};  // said to nodes that wait to be accepted

    // `database` must be nobody else's. Nodes of the
    // networks that are `welcome` are accepted without a token.
    Gatekeeper(asio::io_context& io, events::Events& events, async::DiskPool& pool, store::Database& database,
               authority::CertificateAuthority const& ca, http::Networks welcome, Clock clock);

    // Called when a node that might speak may not any more.
    void when_lost(std::function<void()> call) { lost_ = std::move(call); }

    // Blocking: before the io_context runs.
    Status begin();
    asio::awaitable<void> run();
    void stop();

    Status admit(http::Caller const& caller, std::string_view node_id) override;
    Status signed_by(std::string_view node_id, std::string_view report, std::string_view signature) override;
    asio::awaitable<Result<v1::EnrollResponse>> enroll(v1::SignedEnrollRequest request, std::string address) override;

    // The operator who has shown this caller's certificate.
    Result<authority::Operator> operator_of(http::Caller const& caller) const;

private:
    using Answer = Result<v1::EnrollResponse>;
    struct Waiting {
        authority::Applicant applicant;
        std::optional<Answer> answer;
    };
    using Batch = std::vector<std::shared_ptr<Waiting>>;
    struct News {
        std::vector<Answer> answers;  // one for each of the batch
        authority::Changes changes;
        std::vector<authority::AuditEntry> audit;
    };

    asio::awaitable<void> look(Batch batch);
    Result<News> work(std::vector<authority::Applicant> const& applicants);
    std::vector<Answer> answer(std::vector<authority::Applicant> const& applicants);
    Answer certify(authority::Applicant const& applicant, authority::NodeState state) const;
    void spread(News const& news);

    events::Events& events_;
    async::DiskPool& pool_;
    store::Database& database_;
    authority::CertificateAuthority const& ca_;
    http::Networks welcome_;
    Clock clock_;
    std::function<void()> lost_;

    authority::Members members_;
    Batch waiting_;
    async::Bell work_;
    async::Bell done_;
    std::optional<std::int64_t> data_version_;  // on the pool only
    std::int64_t audited_ = 0;                  // the same: the last line that was told of
    std::int64_t revision_ = 0;                 // the same
    std::string last_trouble_;
    bool stopping_ = false;
};

}  // namespace lanyard::console
