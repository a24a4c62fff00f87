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

// Each may do what the one before may, and more.
enum class Role { viewer = 1, publisher, administrator };

char const* text(Role role);  // "viewer", "publisher", "operator"
Result<Role> parse_role(std::string_view text);

struct Operator {
    std::string name;
    Role role = Role::viewer;
    std::string fingerprint;       // of the certificate, 32 raw bytes
    std::int64_t made_at = 0;      // Unix seconds
    std::int64_t valid_until = 0;  // the same
    std::optional<std::int64_t> revoked_at;
};

// Operators with a certificate, in the database. The certificate is what they come with; what it allows stands here.
class Operators {
public:
    explicit Operators(store::Database& database) : database_(database) {}

    // 1 to 64 of A-Z a-z 0-9 . _ -, and not the id of a node.
    static Status check_name(std::string_view name);

    // A name is given again only when its holder was revoked or has expired.
    Status add(Operator const& added, std::chrono::sys_seconds now);
    Result<std::vector<Operator>> list();  // by name
    Status revoke(std::string const& name, std::chrono::sys_seconds now);

private:
    store::Database& database_;
};

// Reads rows of `SELECT name, role, fingerprint, made_at, valid_until, revoked_at FROM authority_operators`.
Operator operator_in(store::Statement const& row);

}  // namespace lanyard::authority
