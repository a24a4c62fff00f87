#include "seeder/announce/front.h"

#include <algorithm>
#include <map>

#include "proto/async/bell.h"
#include "proto/schema/lanyard/v1/check.pb.h"
#include "proto/schema/lanyard/v1/report.pb.h"
#include "seeder/announce/offers.h"
#include "seeder/announce/parse.h"
#include "seeder/announce/public_file.h"
#include "seeder/announce/refusal.h"
#include "seeder/announce/swarm_desk.h"
#include "seeder/fleet/errc.h"

namespace lanyard::announce {
namespace {

using namespace std::chrono_literals;
using http::Method;
using http::Request;
using http::Response;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kRetryAfterBusy = 1s;
constexpr std::chrono::seconds kRetryAfterTrouble = 30s;

Response busy(unsigned status, std::string_view why, std::chrono::seconds retry_after) {
    auto response = Response::text(status, why);
    response.retry_after = retry_after;
    return response;
}

Response wrong_method(char const* right) {
    return Response::text(405, std::string("This path is for ") + right + " only.");
}

Response malformed(std::string const& what) { return Response::text(400, "The body is not a " + what + "."); }

std::string describe(v1::Report const& report) {
    auto const from = report.from_version().empty() ? "nothing" : report.from_version();
    auto const how = report.outcome() == v1::OUTCOME_COMMITTED     ? "committed"
                     : report.outcome() == v1::OUTCOME_ROLLED_BACK ? "rolled back"
                                                                   : "failed";
    auto const why = report.detail().empty() ? std::string() : ": " + report.detail();
    return report.node_name() + ": " + report.app() + " from " + from + " to " + report.to_version() + " " + how + why;
}

bool is_control(std::string_view path) {
    return path == "/v1/check" || path == "/v1/report" || path == "/v1/announce" || path == "/v1/enroll";
}

}  // namespace

http::ServerLimits limits_for(std::size_t open_files) {
    constexpr std::size_t kForOthers = 256;
    constexpr std::size_t kLeast = 64;
    http::ServerLimits limits;
    auto const for_others = std::max(kForOthers, open_files / 4);
    auto const left = open_files > for_others + kLeast ? open_files - for_others : kLeast;
    limits.connections = std::min(limits.connections, left);
    limits.connections_per_address = std::min(limits.connections_per_address, std::max(kLeast, left / 10));
    limits.connections_per_shared_address =
        std::min(limits.connections_per_shared_address, std::max(limits.connections_per_address, left / 2));
    return limits;
}

// What answers. Handlers that are suspended keep it alive when the Front has gone, and then touch nothing else.
class Front::Desk {
public:
    Desk(asio::io_context& io, events::Events& events, Releases& releases, tracker::Tracker& tracker,
         Recorder& recorder, Admission& admission, FrontSettings settings)
        : io_(io),
          events_(events),
          releases_(releases),
          recorder_(recorder),
          admission_(admission),
          offers_(releases),
          swarm_(tracker, admission, settings.swarm_port),
          admin_(std::move(settings.admin)),
          is_operator_(std::move(settings.is_operator)),
          public_dir_(std::move(settings.public_dir)),
          rates_(settings.rate_limit),
          shared_addresses_(settings.limits.shared_addresses),
          bell_(io) {}

    static asio::awaitable<Response> answer(std::shared_ptr<Desk> self, Request request);

    void wake() { bell_.ring(); }
    std::size_t held() const { return bell_.waiting(); }
    void stop() {
        stopped_ = true;
        wake();
    }

private:
    asio::awaitable<Response> check(Request request);
    asio::awaitable<Response> report(Request request);
    asio::awaitable<Response> enroll(Request request);
    asio::awaitable<Response> announce(Request request);
    asio::awaitable<Response> post(Request request);
    asio::awaitable<void> hold(v1::CheckRequest const& check, Request const& request);
    Result<v1::Report> read_report(Request const& request);
    Response answer_check(v1::CheckRequest const& check);
    Response answer_get(Request const& request);

    asio::io_context& io_;
    events::Events& events_;
    Releases& releases_;
    Recorder& recorder_;
    Admission& admission_;
    Offers offers_;
    SwarmDesk swarm_;
    http::Server::Handler admin_;
    std::function<bool(http::Caller const&)> is_operator_;
    std::filesystem::path public_dir_;
    http::RateLimiter rates_;
    http::Networks shared_addresses_;
    async::Bell bell_;
    bool stopped_ = false;
};

asio::awaitable<Response> Front::Desk::answer(std::shared_ptr<Desk> self, Request request) {
    if (self->stopped_) co_return busy(503, "The seeder is stopping.", kRetryAfterTrouble);
    bool const is_admin = self->admin_ && request.path.starts_with("/v1/admin/");
    bool const is_known = request.caller.way == http::Caller::Way::local ||
                          (is_admin && self->is_operator_ && self->is_operator_(request.caller));
    auto const& address = request.remote_address;
    auto const machines = self->shared_addresses_.contain(address) ? http::kMachinesAtASharedAddress : 1.0;
    if (!is_known && !self->rates_.allow(address, Steady::now(), machines)) {
        co_return busy(429, "This address asks too often.", kRetryAfterBusy);
    }
    if (is_admin) {
        auto response = co_await self->admin_(std::move(request));
        co_return response;
    }
    if (!is_control(request.path)) co_return self->answer_get(request);
    if (request.caller.way == http::Caller::Way::plain) {
        co_return Response::text(403, "This path is answered over TLS only: the seeder's URL begins with https://.");
    }
    if (request.method != Method::post) co_return wrong_method("POST");
    auto response = co_await self->post(std::move(request));
    co_return response;
}

asio::awaitable<Response> Front::Desk::post(Request request) {
    if (request.path == "/v1/check") return check(std::move(request));
    if (request.path == "/v1/report") return report(std::move(request));
    if (request.path == "/v1/enroll") return enroll(std::move(request));
    return announce(std::move(request));
}

asio::awaitable<Response> Front::Desk::announce(Request request) { co_return swarm_.announce(request, Steady::now()); }

Response Front::Desk::answer_get(Request const& request) {
    auto const file = public_file(request.path);
    bool const is_known = file || request.path == "/healthz" || request.path == "/announce";
    if (!is_known) return Response::text(404, "There is no such path.");
    if (request.method != Method::get) return wrong_method("GET");
    if (request.path == "/healthz") return Response::text(200, "ok");
    if (request.path == "/announce") return swarm_.announce_foreign(request, Steady::now());
    Response response;
    response.file = public_dir_ / *file;
    return response;
}

asio::awaitable<Response> Front::Desk::check(Request request) {
    v1::CheckRequest check;
    if (!parse(check, request.body)) co_return malformed("lanyard.v1.CheckRequest");
    // It may be held for long, and there may be thousands of it.
    std::string().swap(request.body);
    if (auto const admitted = admission_.admit(request.caller, check.node_id()); !admitted) {
        co_return refusal(admitted.error());
    }
    auto const noted = recorder_.note_check(check, request.remote_address);
    if (!noted && kind_of(noted.error().code) == Kind::usage) co_return Response::text(400, noted.error().detail);
    co_await hold(check, request);
    if (stopped_) co_return busy(503, "The seeder is stopping.", kRetryAfterTrouble);
    if (request.hangup->happened) co_return Response();
    // It may have been revoked meanwhile.
    if (auto const admitted = admission_.admit(request.caller, check.node_id()); !admitted) {
        co_return refusal(admitted.error());
    }
    co_return answer_check(check);
}

asio::awaitable<void> Front::Desk::hold(v1::CheckRequest const& check, Request const& request) {
    auto const hangup = request.hangup;
    auto const last_revision = check.last_revision();
    auto const until = Steady::now() + std::min(std::chrono::seconds(check.wait_seconds()), kLongestPoll);
    auto const timer = std::make_shared<asio::steady_timer>(io_);
    hangup->then = [timer] { timer->cancel(); };
    auto const is_over = [&] {
        return stopped_ || hangup->happened || !admission_.admit(request.caller, check.node_id());
    };
    while (!is_over() && releases_.revision() == last_revision && Steady::now() < until) {
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now());
        co_await bell_.wait(left, *timer);
    }
}

Response Front::Desk::answer_check(v1::CheckRequest const& check) {
    v1::CheckResponse response;
    response.set_revision(releases_.revision());
    // Nothing has changed, so hold() let the whole time pass.
    response.set_held(check.wait_seconds() > 0 && releases_.revision() == check.last_revision());
    for (auto const& running : check.apps()) {
        auto const found = offers_.find(running, check.platform());
        if (!found) {
            events_.error("check.failed", found.error().detail);
            return busy(503, "The seeder cannot read its catalogue; its log says why.", kRetryAfterTrouble);
        }
        if (*found) *response.add_releases() = **found;
    }
    return Response::protobuf(response.SerializeAsString());
}

asio::awaitable<Response> Front::Desk::report(Request request) {
    auto report = read_report(request);
    if (!report) co_return refusal(report.error());
    auto const told = describe(*report);
    auto const who = report->node_id();
    auto const taken = co_await recorder_.take_report(std::move(*report), std::move(request.remote_address));
    if (!taken && kind_of(taken.error().code) == Kind::usage) co_return Response::text(400, taken.error().detail);
    if (!taken) co_return busy(503, taken.error().detail, kRetryAfterTrouble);
    if (*taken == fleet::Taken::replayed) {
        events_.warning("report.refused", who + ": replayed or out of order: " + told);
        co_return Response::text(409,
                                 "A report with this number or a higher one has been taken from this node already.");
    }
    if (*taken == fleet::Taken::fresh) events_.info("fleet.report", told);
    co_return Response::protobuf(std::string());
}

// Whose it claims to be is believed when both the caller's certificate and the signature say the same.
Result<v1::Report> Front::Desk::read_report(Request const& request) {
    v1::SignedReport message;
    v1::Report report;
    if (!parse(message, request.body) || !parse(report, message.report())) {
        return fail(fleet::Errc::malformed, "The body is not a lanyard.v1.SignedReport.");
    }
    if (auto const admitted = admission_.admit(request.caller, report.node_id()); !admitted) return pass_on(admitted);
    auto const genuine = admission_.signed_by(report.node_id(), message.report(), message.signature());
    if (genuine) return report;
    events_.warning("report.refused", report.node_id() + ": forged: " + genuine.error().detail);
    return fail(fleet::Errc::malformed, "The report is not signed by the key of its node.");
}

asio::awaitable<Response> Front::Desk::enroll(Request request) {
    v1::SignedEnrollRequest message;
    if (!parse(message, request.body)) co_return malformed("lanyard.v1.SignedEnrollRequest");
    auto const answer = co_await admission_.enroll(std::move(message), std::move(request.remote_address));
    if (answer) co_return Response::protobuf(answer->SerializeAsString());
    auto const kind = kind_of(answer.error().code);
    if (kind == Kind::usage || kind == Kind::trust) co_return refusal(answer.error());
    co_return busy(503, answer.error().detail, kRetryAfterTrouble);
}

Front::Front(asio::io_context& io, events::Events& events, Releases& releases, tracker::Tracker& tracker,
             Recorder& recorder, Admission& admission, FrontSettings settings)
    : desk_(std::make_shared<Desk>(io, events, releases, tracker, recorder, admission, settings)),
      server_(
          io, events, [desk = desk_](Request request) { return Desk::answer(desk, std::move(request)); },
          settings.limits) {}

Front::~Front() { stop(); }

Status Front::listen(std::string const& address, std::uint16_t port) { return server_.listen(address, port); }
std::uint16_t Front::port() const { return server_.port(); }
void Front::revision_changed() { desk_->wake(); }
std::size_t Front::held_checks() const { return desk_->held(); }

void Front::stop() {
    desk_->stop();
    server_.stop();
}

}  // namespace lanyard::announce
