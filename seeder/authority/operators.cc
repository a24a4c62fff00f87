#include "seeder/authority/operators.h"

#include "seeder/authority/errc.h"
#include "seeder/authority/schema.h"

namespace lanyard::authority {
namespace {

using store::Connection;

constexpr std::size_t kLongestOperatorName = 64;
constexpr std::size_t kNodeIdDigits = 32;

}  // namespace

char const* text(Role role) {
    switch (role) {
        case Role::viewer:
            return "viewer";
        case Role::publisher:
            return "publisher";
        case Role::administrator:
            break;
    }
    return "operator";
}

Result<Role> parse_role(std::string_view role) {
    for (auto const known : {Role::viewer, Role::publisher, Role::administrator}) {
        if (role == text(known)) return known;
    }
    return fail(Errc::malformed, "'" + std::string(role) + "' is no role: use publisher, operator or viewer");
}

Status Operators::check_name(std::string_view name) {
    bool const fine = !name.empty() && name.size() <= kLongestOperatorName && name.front() != '.' &&
                      name.front() != '-' &&
                      name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
                          std::string_view::npos;
    if (!fine) {
        return fail(Errc::malformed,
                    "the name of an operator has 1 to 64 letters, digits, dots, dashes or underscores, and begins with "
                    "a letter or digit");
    }
    if (name.size() == kNodeIdDigits && name.find_first_not_of("0123456789abcdef") == std::string_view::npos) {
        return fail(Errc::malformed, "the name of an operator must not look like the id of a node: choose another");
    }
    return {};
}

Status Operators::add(Operator const& added, std::chrono::sys_seconds now) {
    if (auto const fine = check_name(added.name); !fine) return fine;
    return database_.write([&](Connection& connection) -> Status {
        auto there = connection.prepare(
            "SELECT 1 FROM authority_operators WHERE name = ? AND revoked_at IS NULL AND valid_until > ?");
        there.bind(added.name).bind(seconds_of(now));
        if (there.next()) {
            return fail(Errc::exists_already, "there is an operator '" + added.name +
                                                  "' already: revoke that one first, or choose another name");
        }
        connection
            .prepare(
                "INSERT OR REPLACE INTO authority_operators (name, role, fingerprint, made_at, valid_until, changed) "
                "VALUES (?, ?, ?, ?, ?, ?)")
            .bind(added.name)
            .bind(std::string_view(text(added.role)))
            .bind_blob(added.fingerprint)
            .bind(added.made_at)
            .bind(added.valid_until)
            .bind(next_revision(connection))
            .run();
        return {};
    });
}

Operator operator_in(store::Statement const& row) {
    Operator read{row.text(0), Role::viewer, row.blob(2), row.integer(3), row.integer(4), std::nullopt};
    if (auto const role = parse_role(row.text(1))) read.role = *role;
    if (!row.null(5)) read.revoked_at = row.integer(5);
    return read;
}

Result<std::vector<Operator>> Operators::list() {
    return database_.read([](Connection& connection) -> Result<std::vector<Operator>> {
        auto rows = connection.prepare(
            "SELECT name, role, fingerprint, made_at, valid_until, revoked_at FROM authority_operators ORDER BY name");
        std::vector<Operator> operators;
        while (rows.next()) operators.push_back(operator_in(rows));
        return operators;
    });
}

Status Operators::revoke(std::string const& name, std::chrono::sys_seconds now) {
    return database_.write([&](Connection& connection) -> Status {
        connection
            .prepare("UPDATE authority_operators SET revoked_at = ?, changed = ? WHERE name = ? AND revoked_at IS NULL")
            .bind(seconds_of(now))
            .bind(next_revision(connection))
            .bind(name)
            .run();
        if (connection.changed_rows() == 1) return {};
        return fail(Errc::unknown, "there is no operator '" + name + "' to revoke: see `lanyard-seeder operator list`");
    });
}

}  // namespace lanyard::authority
