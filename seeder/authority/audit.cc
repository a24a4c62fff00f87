#include "seeder/authority/audit.h"

namespace lanyard::authority {
namespace {

using store::Connection;

constexpr std::size_t kLongestText = 500;

constexpr char const* kColumns = "SELECT number, at, who, source, what, outcome, refused FROM authority_audit ";

std::vector<AuditEntry> read(store::Statement rows) {
    std::vector<AuditEntry> entries;
    while (rows.next()) {
        entries.push_back({rows.integer(0), rows.integer(1), Actor{rows.text(2), rows.text(3)}, rows.text(4),
                           rows.text(5), rows.integer(6) != 0});
    }
    return entries;
}

}  // namespace

Status Audit::note(AuditEntry const& entry) {
    return database_.write([&](Connection& connection) -> Status {
        connection
            .prepare("INSERT INTO authority_audit (at, who, source, what, outcome, refused) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(entry.at)
            .bind(entry.actor.who.substr(0, kLongestText))
            .bind(entry.actor.source.substr(0, kLongestText))
            .bind(entry.what.substr(0, kLongestText))
            .bind(entry.outcome.substr(0, kLongestText))
            .bind(std::int64_t{entry.refused})
            .run();
        connection
            .prepare(
                "DELETE FROM authority_audit WHERE refused = ?1 AND number <= "
                "(SELECT number FROM authority_audit WHERE refused = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)")
            .bind(std::int64_t{entry.refused})
            .bind(entry.refused ? kMostRefusals : kMostOrders)
            .run();
        return {};
    });
}

Result<std::vector<AuditEntry>> Audit::latest(std::uint32_t limit) {
    return database_.read([&](Connection& connection) -> Result<std::vector<AuditEntry>> {
        auto rows = connection.prepare(std::string(kColumns) + "ORDER BY number DESC LIMIT ?");
        rows.bind(std::int64_t{limit});
        return read(std::move(rows));
    });
}

Result<std::vector<AuditEntry>> Audit::after(std::int64_t number) {
    return database_.read([&](Connection& connection) -> Result<std::vector<AuditEntry>> {
        auto rows = connection.prepare(std::string(kColumns) + "WHERE number > ? ORDER BY number LIMIT 100");
        rows.bind(number);
        return read(std::move(rows));
    });
}

Result<std::int64_t> Audit::last_number() {
    return database_.read([](Connection& connection) -> Result<std::int64_t> {
        auto row = connection.prepare("SELECT coalesce(max(number), 0) FROM authority_audit");
        return row.next() ? row.integer(0) : 0;
    });
}

}  // namespace lanyard::authority
