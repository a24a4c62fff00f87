#include "proto/swarm/peer_tally.h"

#include <algorithm>
#include <limits>

#include <libtorrent/bdecode.hpp>
#include <libtorrent/peer_connection_handle.hpp>
#include <libtorrent/socket.hpp>

namespace lanyard::swarm {
namespace {

constexpr std::size_t kMostPeers = 10'000;

class PeerCounter final : public lt::peer_plugin {
public:
    explicit PeerCounter(std::shared_ptr<PeerCount> count) : count_(std::move(count)) {}
    ~PeerCounter() override { count_->gone = true; }

    // BEP 10: "p" is where the peer that connected to us listens.
    bool on_extension_handshake(lt::bdecode_node const& handshake) override {
        auto const port = handshake.dict_find_int_value("p", 0);
        if (port > 0 && port <= std::numeric_limits<std::uint16_t>::max()) {
            count_->port = static_cast<std::uint16_t>(port);
        }
        return true;
    }

    bool on_piece(lt::peer_request const&, lt::span<char const> bytes) override {
        count_->received += static_cast<std::uint64_t>(bytes.size());
        return false;
    }

    void sent_payload(int bytes) override { count_->sent += static_cast<std::uint64_t>(bytes); }

private:
    std::shared_ptr<PeerCount> count_;
};

class Counter final : public lt::torrent_plugin {
public:
    explicit Counter(PeerCountSink sink) : sink_(std::move(sink)) {}

    std::shared_ptr<lt::peer_plugin> new_connection(lt::peer_connection_handle const& peer) override {
        auto count = std::make_shared<PeerCount>();
        count->address = peer.remote().address().to_string();
        count->port = peer.remote().port();
        sink_(count);
        return std::make_shared<PeerCounter>(std::move(count));
    }

private:
    PeerCountSink sink_;
};

}  // namespace

std::shared_ptr<lt::torrent_plugin> make_peer_counter(PeerCountSink sink) {
    return std::make_shared<Counter>(std::move(sink));
}

void PeerTally::add_to(std::map<Endpoint, Bytes>& sums, PeerCount const& count) {
    if (count.received == 0 && count.sent == 0) return;
    Endpoint const peer{count.address, count.port};
    // Whoever reconnects from ever new addresses must not fill our memory: the rest share one entry.
    auto& bytes = sums.size() < kMostPeers || sums.contains(peer) ? sums[peer] : sums[Endpoint()];
    bytes.received += count.received;
    bytes.sent += count.sent;
}

void PeerTally::fold() {
    std::erase_if(open_, [this](std::shared_ptr<PeerCount> const& count) {
        if (!count->gone) return false;
        add_to(ended_, *count);
        return true;
    });
}

bool PeerTally::any_open() const {
    return std::ranges::any_of(open_, [](std::shared_ptr<PeerCount> const& count) { return !count->gone; });
}

std::map<Endpoint, PeerTally::Bytes> PeerTally::sums() const {
    auto all = ended_;
    for (auto const& count : open_) add_to(all, *count);
    return all;
}

std::vector<PeerBytes> PeerTally::peers() const {
    std::vector<PeerBytes> result;
    for (auto const& [peer, bytes] : sums()) result.push_back({peer, bytes.received, bytes.sent});
    return result;
}

std::uint64_t PeerTally::sent() const {
    std::uint64_t sum = 0;
    for (auto const& [peer, bytes] : sums()) sum += bytes.sent;
    return sum;
}

std::uint64_t PeerTally::exchanged() const {
    std::uint64_t sum = 0;
    for (auto const& [peer, bytes] : sums()) sum += bytes.sent + bytes.received;
    return sum;
}

}  // namespace lanyard::swarm
