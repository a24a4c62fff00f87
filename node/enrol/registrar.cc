#include "node/enrol/registrar.h"

#include <algorithm>

#include "node/enrol/errc.h"
#include "proto/http/errc.h"
#include "proto/outcome/plain_text.h"

namespace lanyard::enrol {
namespace {

constexpr std::size_t kMaxAnswer = 64 * 1024;
constexpr std::chrono::seconds kTimeout{40};  // the seeder may have many nodes to write down

http::ClientTls trusting(std::string const& ca_sha256) {
    http::ClientTls tls;
    tls.ca_sha256 = ca_sha256;
    return tls;
}

// The sentence in the body of an answer that is none of ours, as part of one line.
std::string sentence_of(std::string const& body) {
    constexpr std::size_t kMostShown = 300;
    auto const text = body.substr(0, std::min(body.find('\n'), kMostShown));
    return as_plain(text);
}

}  // namespace

SeederRegistrar::SeederRegistrar(asio::io_context& io, http::Url const& seeder, std::string const& ca_sha256,
                                 std::optional<std::string> const& local_address)
    : http_(io, seeder, local_address, trusting(ca_sha256)) {}

asio::awaitable<Result<v1::EnrollResponse>> SeederRegistrar::ask(v1::SignedEnrollRequest request) {
    http::ClientRequest message;
    message.method = http::Method::post;
    message.path = "/v1/enroll";
    message.body = request.SerializeAsString();
    message.content_type = http::kProtobufType;
    message.max_body = kMaxAnswer;
    message.timeout = kTimeout;
    auto const answer = co_await http_.send(std::move(message));
    if (!answer) co_return pass_on(answer, "the seeder " + http_.url().to_string() + " cannot be asked");
    if (answer->status == 400 || answer->status == 401 || answer->status == 403) {
        co_return fail(Errc::refused, "the seeder refuses this node: " + sentence_of(answer->body));
    }
    v1::EnrollResponse response;
    if (answer->status != 200) {
        co_return fail(http::Errc::busy, "the seeder cannot enrol this node now: " + sentence_of(answer->body));
    }
    if (!response.ParseFromString(answer->body)) {
        co_return fail(Errc::malformed_answer,
                       "the seeder's answer cannot be read: is the URL that of a lanyard-seeder?");
    }
    co_return response;
}

Result<v1::SignedEnrollRequest> request_of(Passport const& passport, std::string const& node_name,
                                           std::string const& token_secret) {
    v1::EnrollRequest request;
    request.set_node_id(passport.node_id());
    request.set_node_name(node_name);
    request.set_public_key(passport.key().public_key());
    request.set_token_secret(token_secret);
    v1::SignedEnrollRequest message;
    message.set_request(request.SerializeAsString());
    auto signature = passport.key().sign(identity::Purpose::enrolment, message.request());
    if (!signature) return pass_on(signature);
    message.set_signature(std::move(*signature));
    return message;
}

}  // namespace lanyard::enrol
