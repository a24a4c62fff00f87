#include "seeder/console/gatekeeper.h"

#include <fmt/format.h>

#include "proto/identity/key.h"
#include "seeder/announce/errc.h"
#include "seeder/authority/errc.h"

namespace lanyard::console {
namespace {

using authority::Applicant;
using authority::NodeState;

constexpr std::size_t kMostWaiting = 1000;
constexpr std::chrono::seconds kLongestWait{30};

tl::unexpected<Error> not_admitted(Error const& why) { return fail(announce::Errc::not_admitted, why.detail); }

}  // namespace

Gatekeeper::Gatekeeper(asio::io_context& io, events::Events& events, async::DiskPool& pool, store::Database& database,
                       authority::CertificateAuthority const& ca, http::Networks welcome, Clock clock)
    : events_(events),
      pool_(pool),
      database_(database),
      ca_(ca),
      welcome_(std::move(welcome)),
      clock_(std::move(clock)),
      work_(io),
      done_(io) {}

Status Gatekeeper::begin() {
    auto const last = authority::Audit(database_).last_number();
    if (!last) return pass_on(last);
    audited_ = *last;
    auto const news = work({});
    if (!news) return pass_on(news);
    spread(*news);
    return {};
}

asio::awaitable<void> Gatekeeper::run() {
    while (!stopping_ || !waiting_.empty()) {
        auto batch = std::exchange(waiting_, {});
        co_await look(std::move(batch));
        if (waiting_.empty() && !stopping_) co_await work_.wait(kLook);
    }
}

void Gatekeeper::stop() {
    stopping_ = true;
    work_.ring();
}

asio::awaitable<void> Gatekeeper::look(Batch batch) {
    std::vector<Applicant> applicants;
    for (auto const& one : batch) applicants.push_back(one->applicant);
    auto const task = [this, &applicants] { return work(applicants); };
    auto const news = co_await pool_.run(task);
    if (!news && news.error().detail != last_trouble_) events_.error("serve.trouble", news.error().detail);
    last_trouble_ = news ? "" : news.error().detail;
    for (std::size_t at = 0; at < batch.size(); ++at) {
        batch[at]->answer = news ? news->answers[at] : Answer(pass_on(news));
    }
    if (news) spread(*news);
    done_.ring();
}

// On the disk pool.
Result<Gatekeeper::News> Gatekeeper::work(std::vector<Applicant> const& applicants) {
    News news;
    news.changes.revision = revision_;
    auto const version = database_.data_version();
    if (!version) return pass_on(version);
    if (applicants.empty() && data_version_ == *version) return news;
    if (!applicants.empty()) news.answers = answer(applicants);
    auto changes = authority::changes_since(database_, revision_);
    if (!changes) return pass_on(changes);
    auto audit = authority::Audit(database_).after(audited_);
    if (!audit) return pass_on(audit);
    news.changes = std::move(*changes);
    news.audit = std::move(*audit);
    revision_ = news.changes.revision;
    if (!news.audit.empty()) audited_ = news.audit.back().number;
    // More lines than one look takes: the next one comes for them.
    data_version_ = news.audit.size() < authority::Audit::kMostAtOnce ? version.value() : -1;
    return news;
}

std::vector<Gatekeeper::Answer> Gatekeeper::answer(std::vector<Applicant> const& applicants) {
    auto const now = clock_();
    auto const verdicts = authority::Nodes(database_).enrol(applicants, now + authority::kNodeLife, now);
    std::vector<Answer> answers;
    for (std::size_t at = 0; at < applicants.size(); ++at) {
        if (!verdicts) {
            answers.emplace_back(pass_on(verdicts));
        } else if (auto const& verdict = (*verdicts)[at]; !verdict) {
            bool const refused = verdict.error().code == authority::Errc::refused;
            answers.emplace_back(
                fail(refused ? announce::Errc::not_admitted : announce::Errc::overloaded, verdict.error().detail));
        } else {
            answers.push_back(certify(applicants[at], *verdict));
        }
    }
    return answers;
}

Gatekeeper::Answer Gatekeeper::certify(Applicant const& applicant, NodeState state) const {
    v1::EnrollResponse response;
    if (state != NodeState::accepted) {
        response.set_state(v1::ENROLL_STATE_PENDING);
        response.set_retry_seconds(static_cast<std::uint32_t>(kAskAgain.count()));
        return response;
    }
    auto certificate = ca_.certify_node(applicant.request.node_id(), applicant.request.public_key(), clock_());
    if (!certificate) return pass_on(certificate);
    response.set_state(v1::ENROLL_STATE_ACCEPTED);
    response.set_certificate(std::move(*certificate));
    return response;
}

void Gatekeeper::spread(News const& news) {
    for (auto const& entry : news.audit) {
        auto const text =
            fmt::format("{} from {}: {}: {}", entry.actor.who, entry.actor.source, entry.what, entry.outcome);
        if (entry.refused) {
            events_.warning("operator.refused", text);
        } else {
            events_.info("operator.action", text);
        }
    }
    bool any_lost = news.changes.all_anew;  // some of them may have been revoked a moment before
    for (auto const& node : news.changes.nodes) {
        if (members_.revision() == 0) break;  // at the start all of them are news, and to nobody
        auto const before = members_.state_of(node.id);
        if (before == node.state) continue;
        any_lost = any_lost || before == NodeState::accepted;
        auto const who = fmt::format("{} ({}) at {}", node.name, node.id, node.address);
        if (node.state != NodeState::pending) {
            events_.info("fleet." + std::string(text(node.state)), who + " by " + node.by);
        } else {
            events_.warning("fleet.pending", who + " waits: lanyard-seeder node accept " + node.id);
        }
    }
    members_.apply(news.changes);
    if (any_lost && lost_) lost_();
}

Status Gatekeeper::admit(http::Caller const& caller, std::string_view node_id) {
    if (!caller.certificate) {
        return fail(announce::Errc::no_certificate,
                    "this path is for nodes with a certificate of this fleet; join first");
    }
    if (caller.certificate->common_name != node_id) {
        return fail(announce::Errc::not_admitted, "the certificate is that of another node");
    }
    auto const node = members_.accepted_node(node_id);
    if (!node) return not_admitted(node.error());
    return {};
}

Status Gatekeeper::signed_by(std::string_view node_id, std::string_view report, std::string_view signature) {
    auto const node = members_.accepted_node(node_id);
    if (!node) return not_admitted(node.error());
    return identity::verify((*node)->public_key, identity::Purpose::report, report, signature);
}

asio::awaitable<Result<v1::EnrollResponse>> Gatekeeper::enroll(v1::SignedEnrollRequest message, std::string address) {
    auto request = authority::check_request(message);
    if (!request) co_return pass_on(request);
    if (stopping_ || waiting_.size() >= kMostWaiting) {
        co_return fail(announce::Errc::overloaded, "too many nodes ask to be enrolled at this moment; ask again later");
    }
    auto const waiting = std::make_shared<Waiting>();
    waiting->applicant.welcome = welcome_.contain(address);
    waiting->applicant.request = std::move(*request);
    waiting->applicant.neighbourhood = http::neighbourhood_of(address);
    waiting->applicant.address = std::move(address);
    waiting_.push_back(waiting);
    work_.ring();
    auto const until = std::chrono::steady_clock::now() + kLongestWait;
    while (!waiting->answer && std::chrono::steady_clock::now() < until) {
        co_await done_.wait(kLook);
    }
    if (!waiting->answer) co_return fail(announce::Errc::overloaded, "the seeder's disk is too slow; ask again later");
    co_return std::move(*waiting->answer);
}

Result<authority::Operator> Gatekeeper::operator_of(http::Caller const& caller) const {
    if (!caller.certificate) {
        return fail(announce::Errc::no_certificate, "this path is for operators with a certificate of this fleet");
    }
    auto const found = members_.current_operator(caller.certificate->fingerprint, clock_());
    if (!found) return not_admitted(found.error());
    return **found;
}

}  // namespace lanyard::console
