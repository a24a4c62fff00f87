#include "seeder/announce/swarm_desk.h"

#include "proto/schema/lanyard/v1/check.pb.h"
#include "seeder/announce/parse.h"
#include "seeder/announce/refusal.h"
#include "seeder/fleet/inputs.h"
#include "seeder/tracker/foreign.h"

namespace lanyard::announce {
namespace {

using http::Response;

constexpr std::uint32_t kHighestPort = 65535;

asio::ip::address address_of(http::Request const& request) {
    boost::system::error_code gone;  // then the answer goes nowhere too
    return asio::ip::make_address(request.remote_address, gone);
}

Response bencoded(std::string body) {
    Response response;
    response.content_type = "text/plain";
    response.body = std::move(body);
    return response;
}

std::optional<tracker::Endpoint> seeder_for(http::Request const& request, std::uint16_t swarm_port) {
    boost::system::error_code gone;
    auto const address = asio::ip::make_address(request.local_address, gone);
    if (gone || swarm_port == 0) return std::nullopt;
    return tracker::Endpoint{address, swarm_port};
}

v1::AnnounceResponse message_of(tracker::Answer const& answer, std::uint16_t swarm_port) {
    v1::AnnounceResponse message;
    message.set_interval_seconds(static_cast<std::uint32_t>(answer.interval.count()));
    if (swarm_port != 0) {
        auto& seeder = *message.add_peers();
        seeder.set_port(swarm_port);
        seeder.set_seeder(true);
    }
    for (auto const& endpoint : answer.peers) {
        auto& peer = *message.add_peers();
        peer.set_address(endpoint.address.to_string());
        peer.set_port(endpoint.port);
    }
    return message;
}

}  // namespace

Response SwarmDesk::announce(http::Request const& request, tracker::Tracker::Time now) {
    v1::AnnounceRequest message;
    if (!parse(message, request.body)) {
        return Response::text(400, "The body is not a lanyard.v1.AnnounceRequest.");
    }
    if (!fleet::is_id(message.node_id())) return Response::text(400, "node_id must be 32 lower-case hex digits.");
    if (auto const admitted = admission_.admit(request.caller, message.node_id()); !admitted) {
        return refusal(admitted.error());
    }
    if (message.port() > kHighestPort) return Response::text(400, "port must not be above 65535.");
    tracker::Announce announce;
    announce.info_hash = message.info_hash_v1();
    announce.key = message.node_id();
    announce.address = address_of(request);
    announce.port = static_cast<std::uint16_t>(message.port());
    announce.left = message.bytes_left();
    announce.stopped = message.stopped();
    auto const answer = tracker_.announce(announce, now);
    if (!answer) {
        bool const unknown = kind_of(answer.error().code) == Kind::not_found;
        return Response::text(unknown ? 404 : 400, answer.error().detail);
    }
    return Response::protobuf(message_of(*answer, swarm_port_).SerializeAsString());
}

Response SwarmDesk::announce_foreign(http::Request const& request, tracker::Tracker::Time now) {
    auto const query = http::parse_query(request.query);
    if (!query) return bencoded(tracker::bencode_failure("the query is not percent-encoded as it should be"));
    auto const foreign = tracker::parse_foreign(*query, address_of(request));
    if (!foreign) return bencoded(tracker::bencode_failure(foreign.error().detail));
    auto const answer = tracker_.announce(foreign->announce, now);
    if (!answer) return bencoded(tracker::bencode_failure(answer.error().detail));
    return bencoded(tracker::bencode(*answer, seeder_for(request, swarm_port_), foreign->compact));
}

}  // namespace lanyard::announce
