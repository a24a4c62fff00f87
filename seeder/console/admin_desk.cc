#include "seeder/console/admin_desk.h"

#include <fmt/format.h>

#include <charconv>
#include <exception>
#include <sstream>

#include "seeder/announce/errc.h"
#include "seeder/announce/parse.h"
#include "seeder/announce/refusal.h"
#include "seeder/console/errc.h"
#include "seeder/console/orders.h"
#include "seeder/console/posix_files.h"
#include "seeder/console/uploads.h"

namespace lanyard::console {
namespace {

using authority::Role;
using http::Caller;
using http::Response;

constexpr char const* kCommand = "/v1/admin/command";
constexpr char const* kUpload = "/v1/admin/upload";
constexpr std::chrono::seconds kTurn{1};
constexpr char const* kStopping = "The seeder is being stopped: nothing was done; ask again when it runs.";
// Callers whom nobody knows could keep the disk busy.
constexpr http::RateLimit kStrangers{1, 20, 1000};

Error refused(std::string why) { return {announce::Errc::not_admitted, std::move(why)}; }

std::string name_of(v1::AdminRequest const& request) {
    if (auto const order = order_in_words(request); !order.empty()) return order;
    auto const* field = v1::AdminRequest::descriptor()->FindFieldByNumber(request.command_case());
    return field ? field->name() : "an unknown command";
}

// Of "name=...&offset=...".
struct Piece {
    std::string name;
    std::uint64_t offset = 0;
};
std::optional<Piece> piece_of(std::string const& query) {
    auto const values = http::parse_query(query);
    if (!values || !values->contains("name")) return std::nullopt;
    Piece piece{values->at("name"), 0};
    if (!values->contains("offset")) return piece;
    auto const& digits = values->at("offset");
    auto const [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), piece.offset);
    if (wrong != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return piece;
}

}  // namespace

AdminDesk::AdminDesk(asio::io_context& io, async::DiskPool& pool, Gatekeeper const& gatekeeper, StateDir dir,
                     std::string operators_group, WallClock clock)
    : pool_(pool),
      gatekeeper_(gatekeeper),
      dir_(std::move(dir)),
      group_(std::move(operators_group)),
      clock_(std::move(clock)),
      turn_(io),
      strangers_(kStrangers) {}

asio::awaitable<Response> AdminDesk::answer(http::Request request) {
    auto const answering = answering_;
    if (stopping_) co_return Response::text(503, kStopping);
    authority::Actor actor{"somebody", request.remote_address};
    auto const visitor = know(request.caller, actor);
    bool const is_upload = request.path == kUpload;
    v1::AdminRequest order;
    bool const is_whole = is_upload || (request.path == kCommand && announce::parse(order, request.body));
    auto const what = is_upload ? std::string("upload") : name_of(order);
    if (!visitor) {
        auto const why = visitor.error();
        auto response = co_await refuse(actor, what, why);
        co_return response;
    }
    if (request.path != kUpload && request.path != kCommand) co_return Response::text(404, "There is no such path.");
    if (!is_upload && request.method != http::Method::post)
        co_return Response::text(405, "This path is for POST only.");
    if (!is_whole) co_return Response::text(400, "The body is not a lanyard.v1.AdminRequest.");
    auto const least = is_upload ? Role::publisher : least_role(order);
    if (visitor->role < least) {
        auto const why =
            refused(fmt::format("{} has the role {}, and this needs {}", actor.who, text(visitor->role), text(least)));
        auto response = co_await refuse(actor, what, why);
        co_return response;
    }
    if (is_upload) {
        auto response = co_await upload(std::move(request));
        co_return response;
    }
    auto response = co_await command(std::move(order), actor);
    co_return response;
}

Result<AdminDesk::Visitor> AdminDesk::know(Caller const& caller, authority::Actor& actor) const {
    if (caller.way == Caller::Way::plain) {
        return fail(announce::Errc::not_admitted, "operators are heard over TLS only: use the https:// URL");
    }
    if (caller.way == Caller::Way::tls) {
        if (caller.certificate) actor.who = "certificate of " + caller.certificate->common_name;
        auto const known = gatekeeper_.operator_of(caller);
        if (!known) return pass_on(known);
        actor.who = "operator " + known->name;
        return Visitor{actor, known->role};
    }
    actor = {"user " + user_name(caller.uid), "socket"};
    bool const may = caller.uid == 0 || caller.uid == owner_of(dir_.root()) ||
                     (!group_.empty() && is_member(caller.uid, caller.gid, group_));
    if (may) return Visitor{actor, Role::administrator};
    return fail(announce::Errc::not_admitted,
                actor.who +
                    " is neither root, nor the owner of the state directory, nor in the group that [operators] "
                    "of seeder.toml names");
}

asio::awaitable<Response> AdminDesk::refuse(authority::Actor actor, std::string what, Error why) {
    bool const is_known = actor.who.starts_with("operator ") || actor.source == "socket";
    if (is_known || strangers_.allow(actor.source, std::chrono::steady_clock::now())) {
        auto const task = [this, &actor, &what, &why]() -> Status {
            auto database = open_database(dir_);
            if (!database) return pass_on(database);
            auto const at = clock_().time_since_epoch().count();
            return authority::Audit(*database).note({0, at, actor, what, why.detail, true});
        };
        co_await pool_.run(task);
    }
    co_return announce::refusal(why);
}

asio::awaitable<Response> AdminDesk::command(v1::AdminRequest request, authority::Actor actor) {
    bool const takes_long = request.has_publish();
    while (takes_long && !under_way_.expired()) {
        co_await turn_.wait(kTurn);
        if (stopping_) co_return Response::text(503, kStopping);
    }
    std::shared_ptr<int> turn;
    if (takes_long) under_way_ = turn = std::make_shared<int>();
    auto const task = [this, &request, &actor] {
        std::ostringstream out;
        std::ostringstream err;
        Terminal terminal{out, err, false, &stopping_};
        v1::AdminResponse response;
        Status done;
        try {
            done = obey(dir_, request, actor, clock_, terminal);
        } catch (std::exception const& bug) {
            // Told like any failure, so that neither the one who asked nor the next in the queue waits for ever.
            response.set_exit_code(static_cast<std::uint32_t>(Kind::internal));
            response.set_err(std::string("The order failed by a mistake of the program: ") + bug.what());
            return response.SerializeAsString();
        }
        response.set_exit_code(done ? 0 : static_cast<std::uint32_t>(kind_of(done.error().code)));
        response.set_out(done ? out.str() : "");
        response.set_err(done ? err.str() : err.str() + done.error().detail);
        return response.SerializeAsString();
    };
    auto const answer = co_await pool_.run(task);
    turn.reset();
    if (takes_long) turn_.ring();
    co_return Response::protobuf(answer);
}

asio::awaitable<Response> AdminDesk::upload(http::Request request) {
    auto const piece = piece_of(request.query);
    if (!piece) co_return Response::text(400, "Name the upload: ?name=<sha256>&offset=<bytes that are there>.");
    bool const is_question = request.method == http::Method::get;
    auto const task = [this, &piece, &request, is_question] {
        Uploads uploads(dir_.uploads());
        return is_question ? uploads.size(piece->name) : uploads.append(piece->name, piece->offset, request.body);
    };
    auto const size = co_await pool_.run(task);
    if (size) co_return Response::text(200, std::to_string(*size));
    auto const kind = kind_of(size.error().code);
    auto const status = kind == Kind::usage ? 400u : kind == Kind::conflict ? 409u : 507u;
    co_return Response::text(status, size.error().detail);
}

}  // namespace lanyard::console
