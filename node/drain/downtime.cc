#include "node/drain/downtime.h"

#include <algorithm>

namespace lanyard::drain {

Result<Ports> Downtime::listening(Ports const& ports) {
    auto open = sensor_.listening(ports);
    if (!measuring_ || !open || ports.empty()) return open;
    bool const all = std::all_of(ports.begin(), ports.end(), [&](auto port) {
        return std::find(open->begin(), open->end(), port) != open->end() ||
               std::find(kept_open_.begin(), kept_open_.end(), port) != kept_open_.end();
    });
    if (!all && !closed_since_) closed_since_ = now_();
    if (all && closed_since_) {
        total_ += now_() - *closed_since_;
        closed_since_.reset();
    }
    return open;
}

void Downtime::begin() {
    measuring_ = true;
    closed_since_.reset();
    total_ = {};
}

std::chrono::milliseconds Downtime::closed() const {
    auto const total = closed_since_ ? total_ + (now_() - *closed_since_) : total_;
    return std::chrono::duration_cast<std::chrono::milliseconds>(total);
}

std::chrono::milliseconds Downtime::end() {
    auto const measured = closed();
    begin();
    measuring_ = false;
    return measured;
}

}  // namespace lanyard::drain
