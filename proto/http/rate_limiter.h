#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lanyard::http {

struct RateLimit {
    double per_second = 200;
    double burst = 400;
    std::size_t addresses = 10'000;  // that are told apart; when there are more, the rest share one bucket
};

// A token bucket for each address; IPv6 counts by its first 64 bits, of which a machine may have the rest as it likes.
class RateLimiter {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit RateLimiter(RateLimit limit) : limit_(limit) {}

    // Whether a request of `address` (textual) may be answered now; counts it if so. `machines`: that stand behind the
    // address, which then may have so many times the limit.
    bool allow(std::string_view address, Time now, double machines = 1);

private:
    struct Bucket {
        double tokens;
        Time filled;
        double machines;
    };

    Bucket& bucket_of(std::string_view address, Time now, double machines);
    bool is_full(Bucket const& bucket, Time now) const;

    RateLimit limit_;
    std::unordered_map<std::string, Bucket> buckets_;
    Time next_search_{};
};

}  // namespace lanyard::http
