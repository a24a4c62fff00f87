#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace lanyard::fetch {

// Whether a download goes on. Pure: the time is an argument.
//
// Within a minute libtorrent gives up on every peer that does not answer (peer 30 s, request 15 s, inactivity 60 s),
// and the tracker names others every 15 s at the latest. What has brought nothing for two minutes will not do so by
// waiting: peers may be banned for what somebody else sent, or be known as failed. Then the download is begun anew,
// which hashes what is there; so it is done less and less often, every half an hour in the end.
class StallWatch {
public:
    using Time = std::chrono::steady_clock::time_point;

    static constexpr std::chrono::minutes kFirst{2};
    static constexpr std::chrono::minutes kCeiling{30};

    explicit StallWatch(Time now) : since_(now), tried_(now) {}

    // `received`: payload since the download was begun (anew), good or not. True: begin it anew now.
    bool look(std::uint64_t received, Time now) {
        if (received != received_) {
            received_ = received;
            since_ = tried_ = now;
            patience_ = kFirst;
            return false;
        }
        if (now - tried_ < patience_) return false;
        tried_ = now;
        patience_ = std::min(2 * patience_, kCeiling);
        received_ = 0;
        return true;
    }

    // What is on the disk is being hashed: nothing can come.
    void hold(Time now) { tried_ = now; }

    // For how long nothing has come.
    std::chrono::seconds idle(Time now) const { return std::chrono::duration_cast<std::chrono::seconds>(now - since_); }

private:
    std::uint64_t received_ = 0;
    Time since_;
    Time tried_;
    std::chrono::minutes patience_ = kFirst;
};

}  // namespace lanyard::fetch
