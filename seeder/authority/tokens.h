#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifests/store/database.h"
#include "proto/outcome/result.h"

namespace lanyard::authority {

struct TokenEntry {
    std::string id;  // 8 hex digits
    std::int64_t uses = 0;
    std::int64_t used = 0;
    std::string made_by;
    std::int64_t made_at = 0;      // Unix seconds
    std::int64_t valid_until = 0;  // the same
    std::optional<std::int64_t> revoked_at;
};

// The rights to be accepted that were given out. Only a hash of each secret is kept.
class Tokens {
public:
    static constexpr std::int64_t kMostUses = 100'000;
    static constexpr std::chrono::days kLongestLife{365};
    static constexpr std::int64_t kMost = 10'000;  // those that are of no use any more go first

    explicit Tokens(store::Database& database) : database_(database) {}

    Result<TokenEntry> add(std::string_view secret, std::int64_t uses, std::chrono::seconds life,
                           std::string const& made_by, std::chrono::sys_seconds now);
    Result<std::vector<TokenEntry>> list();  // newest first
    Status revoke(std::string const& id, std::chrono::sys_seconds now);

    // Takes one use of the token with this secret, or says why it gives no right. Gives its id. Within a write.
    static Result<std::string> use(store::Connection& connection, std::string_view secret,
                                   std::chrono::sys_seconds now);

private:
    store::Database& database_;
};

}  // namespace lanyard::authority
