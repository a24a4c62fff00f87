#include "seeder/tracker/foreign.h"

#include <algorithm>
#include <charconv>

#include "seeder/tracker/errc.h"

namespace lanyard::tracker {
namespace {

constexpr std::size_t kInfoHashSize = 20;
constexpr std::size_t kPeerIdSize = 20;

template <class Number>
std::optional<Number> number(std::map<std::string, std::string> const& query, std::string const& name) {
    auto const found = query.find(name);
    if (found == query.end()) return std::nullopt;
    auto const& text = found->second;
    Number value{};
    auto const [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || stopped != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string text(std::map<std::string, std::string> const& query, std::string const& name) {
    auto const found = query.find(name);
    return found == query.end() ? std::string() : found->second;
}

std::string string(std::string const& bytes) { return std::to_string(bytes.size()) + ":" + bytes; }

std::string integer(std::int64_t value) { return "i" + std::to_string(value) + "e"; }

void add_compact(std::string& v4, std::string& v6, Endpoint const& peer) {
    auto const add = [&peer](std::string& to, auto const& address) {
        for (auto const byte : address.to_bytes()) to += static_cast<char>(byte);
        to += static_cast<char>(peer.port >> 8);
        to += static_cast<char>(peer.port & 0xff);
    };
    if (peer.address.is_v4()) {
        add(v4, peer.address.to_v4());
    } else {
        add(v6, peer.address.to_v6());
    }
}

}  // namespace

Result<ForeignAnnounce> parse_foreign(std::map<std::string, std::string> const& query,
                                      asio::ip::address const& address) {
    ForeignAnnounce foreign;
    foreign.announce.info_hash = text(query, "info_hash");
    foreign.announce.key = text(query, "peer_id");
    foreign.announce.address = address;
    if (foreign.announce.info_hash.size() != kInfoHashSize) {
        return fail(Errc::malformed_announce, "info_hash must be 20 bytes");
    }
    if (foreign.announce.key.size() != kPeerIdSize) return fail(Errc::malformed_announce, "peer_id must be 20 bytes");
    auto const port = number<std::uint16_t>(query, "port");
    if (!port || *port == 0) return fail(Errc::malformed_announce, "port must be a number from 1 to 65535");
    foreign.announce.port = *port;

    auto const event = text(query, "event");
    if (!event.empty() && event != "started" && event != "completed" && event != "stopped" && event != "paused") {
        return fail(Errc::malformed_announce, "event must be started, completed or stopped");
    }
    foreign.announce.stopped = event == "stopped";
    // Some clients leave it out before they know the length: they are not complete then.
    foreign.announce.left = number<std::uint64_t>(query, "left").value_or(1);
    auto const wanted = number<std::size_t>(query, "numwant");
    if (wanted) foreign.announce.most_peers = *wanted;
    foreign.compact = text(query, "compact") != "0";
    return foreign;
}

std::string bencode(Answer const& answer, std::optional<Endpoint> const& seeder, bool compact) {
    auto peers = answer.peers;
    if (seeder) peers.insert(peers.begin(), *seeder);
    auto const interval = integer(answer.interval.count());
    // The keys of a bencoded dictionary stand in the order of their bytes.
    std::string out = "d8:complete" + integer(static_cast<std::int64_t>(answer.complete)) + "10:incomplete" +
                      integer(static_cast<std::int64_t>(answer.incomplete)) + "8:interval" + interval +
                      "12:min interval" + interval + "5:peers";
    if (!compact) {
        out += "l";
        for (auto const& peer : peers) {
            out += "d2:ip" + string(peer.address.to_string()) + "4:port" + integer(peer.port) + "e";
        }
        return out + "ee";
    }
    std::string v4;
    std::string v6;
    for (auto const& peer : peers) add_compact(v4, v6, peer);
    out += string(v4);
    if (!v6.empty()) out += "6:peers6" + string(v6);
    return out + "e";
}

std::string bencode_failure(std::string const& reason) { return "d14:failure reason" + string(reason) + "e"; }

}  // namespace lanyard::tracker
