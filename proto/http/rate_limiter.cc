#include "proto/http/rate_limiter.h"

#include <algorithm>

#include "proto/http/networks.h"

namespace lanyard::http {
namespace {

constexpr std::chrono::seconds kSearchInterval{1};
constexpr char const* kAllOthers = "";

double seconds(std::chrono::steady_clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

bool RateLimiter::allow(std::string_view address, Time now, double machines) {
    auto& bucket = bucket_of(address, now, machines);
    auto const more = seconds(now - bucket.filled) * limit_.per_second * bucket.machines;
    bucket.tokens = std::min(limit_.burst * bucket.machines, bucket.tokens + more);
    bucket.filled = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
}

RateLimiter::Bucket& RateLimiter::bucket_of(std::string_view address, Time now, double machines) {
    auto const key = neighbourhood_of(address);
    auto const found = buckets_.find(key);
    if (found != buckets_.end()) return found->second;
    if (buckets_.size() >= limit_.addresses && now >= next_search_) {
        next_search_ = now + kSearchInterval;
        // One that is full again says nothing about its address any more.
        std::erase_if(buckets_, [&](auto const& entry) { return is_full(entry.second, now); });
    }
    bool const has_room = buckets_.size() < limit_.addresses;
    if (!has_room) machines = 1;
    auto const fresh = Bucket{limit_.burst * machines, now, machines};
    return buckets_.try_emplace(has_room ? key : kAllOthers, fresh).first->second;
}

bool RateLimiter::is_full(Bucket const& bucket, Time now) const {
    auto const more = seconds(now - bucket.filled) * limit_.per_second * bucket.machines;
    return bucket.tokens + more >= limit_.burst * bucket.machines;
}

}  // namespace lanyard::http
