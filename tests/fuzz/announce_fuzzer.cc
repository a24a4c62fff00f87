// GET /announce as a foreign BitTorrent client sends it. Each line is a query; the first byte of the input says how
// often the clock moves and where the requests come from.
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <string>

#include "proto/http/message.h"
#include "seeder/tracker/foreign.h"
#include "seeder/tracker/tracker.h"
#include "tests/fuzz/fuzz.h"

using namespace lanyard;
using fuzz::must;

namespace {

constexpr std::size_t kMostPeers = 3;

tracker::Settings small() {
    tracker::Settings settings;
    settings.most_peers = kMostPeers;
    settings.participants = 4;
    settings.participants_per_address = 2;
    settings.participants_per_network = 3;
    return settings;
}

asio::ip::address address_of(unsigned choice) {
    static asio::ip::address const addresses[] = {
        asio::ip::make_address("127.0.0.1"), asio::ip::make_address("10.0.0.1"), asio::ip::make_address("10.0.0.2"),
        asio::ip::make_address("fd00::1"),   asio::ip::make_address("fd00::2"),  asio::ip::make_address("::1")};
    return addresses[choice % std::size(addresses)];
}

// BEP 3, BEP 23, BEP 7: 6 and 18 bytes a peer.
void check_answer(std::string const& bencoded, bool compact) {
    must(bencoded.front() == 'd' && bencoded.back() == 'e', "an answer is a dictionary");
    if (!compact) return;
    auto const at = bencoded.find("5:peers");
    must(at != std::string::npos, "an answer has peers");
    auto const length = std::strtoul(bencoded.c_str() + at + 7, nullptr, 10);
    must(length % 6 == 0 && length <= 6 * (kMostPeers + 1), "peers are 6 bytes each, and no more than may be");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    unsigned choice = data[0];
    auto rest = fuzz::text(data + 1, size - 1);
    tracker::Tracker tracker(small(), 1);
    tracker.set_live({std::string(20, 'a'), std::string(20, '\xff')});
    tracker::Tracker::Time now{};
    while (!rest.empty()) {
        auto const end = rest.find('\n');
        auto const line = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        auto const query = http::parse_query(line);
        if (!query) continue;
        auto const foreign = tracker::parse_foreign(*query, address_of(choice));
        choice = choice * 5 + 1;
        if (choice & 64) now += std::chrono::seconds(choice & 255);
        if (!foreign) {
            auto const refusal = tracker::bencode_failure(foreign.error().detail);
            must(refusal.starts_with("d14:failure reason") && refusal.back() == 'e', "a refusal is a dictionary");
            continue;
        }
        must(foreign->announce.port != 0, "who announces can be reached");
        auto const answer = tracker.announce(foreign->announce, now);
        if (!answer) continue;
        must(answer->peers.size() <= kMostPeers, "an answer is bounded");
        tracker::Endpoint const seeder{address_of(1), 8431};
        check_answer(tracker::bencode(*answer, seeder, foreign->compact), foreign->compact);
    }
    return 0;
}
