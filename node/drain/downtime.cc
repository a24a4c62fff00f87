#include "node/drain/downtime.h"

namespace lanyard::drain {

Result<Ports> Downtime::listening(Ports const& ports) {
    auto open = sensor_.listening(ports);
    if (!measuring_ || !open || ports.empty()) return open;
    bool const all = open->size() == ports.size();
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
