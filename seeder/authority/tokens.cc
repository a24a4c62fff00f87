#include "seeder/authority/tokens.h"

#include "proto/identity/key.h"
#include "seeder/authority/errc.h"
#include "seeder/authority/schema.h"

namespace lanyard::authority {
namespace {

using store::Connection;

constexpr std::size_t kTokenIdDigits = 8;

}  // namespace

Result<TokenEntry> Tokens::add(std::string_view secret, std::int64_t uses, std::chrono::seconds life,
                               std::string const& made_by, std::chrono::sys_seconds now) {
    if (uses < 1 || uses > kMostUses) return fail(Errc::malformed, "a token has from 1 to 100000 uses");
    if (life < std::chrono::minutes(1) || life > kLongestLife) {
        return fail(Errc::malformed, "a token is valid for one minute at least and for 365 days at most");
    }
    auto const hash = identity::sha256(secret);
    TokenEntry const entry{identity::to_hex(hash).substr(0, kTokenIdDigits),
                           uses,
                           0,
                           made_by,
                           seconds_of(now),
                           seconds_of(now + life),
                           std::nullopt};
    return database_.write([&](Connection& connection) -> Result<TokenEntry> {
        connection.prepare("DELETE FROM authority_tokens WHERE valid_until < ? OR revoked_at < ?")
            .bind(seconds_of(now - kLongestLife))
            .bind(seconds_of(now - kLongestLife))
            .run();
        auto count = connection.prepare("SELECT count(*) FROM authority_tokens");
        if (count.next() && count.integer(0) >= kMost) {
            return fail(Errc::too_many, "there are 10000 tokens already: give one token more uses instead");
        }
        connection
            .prepare(
                "INSERT INTO authority_tokens (id, secret_hash, uses, made_by, made_at, valid_until) "
                "VALUES (?, ?, ?, ?, ?, ?)")
            .bind(entry.id)
            .bind_blob(hash)
            .bind(entry.uses)
            .bind(entry.made_by)
            .bind(entry.made_at)
            .bind(entry.valid_until)
            .run();
        return entry;
    });
}

Result<std::vector<TokenEntry>> Tokens::list() {
    return database_.read([](Connection& connection) -> Result<std::vector<TokenEntry>> {
        auto rows = connection.prepare(
            "SELECT id, uses, used, made_by, made_at, valid_until, revoked_at FROM authority_tokens "
            "ORDER BY made_at DESC, id");
        std::vector<TokenEntry> entries;
        while (rows.next()) {
            auto& entry = entries.emplace_back(TokenEntry{rows.text(0), rows.integer(1), rows.integer(2), rows.text(3),
                                                          rows.integer(4), rows.integer(5), std::nullopt});
            if (!rows.null(6)) entry.revoked_at = rows.integer(6);
        }
        return entries;
    });
}

Status Tokens::revoke(std::string const& id, std::chrono::sys_seconds now) {
    return database_.write([&](Connection& connection) -> Status {
        connection.prepare("UPDATE authority_tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL")
            .bind(seconds_of(now))
            .bind(id)
            .run();
        if (connection.changed_rows() == 1) return {};
        return fail(Errc::unknown,
                    "there is no token '" + id + "' that could be revoked: see `lanyard-seeder token list`");
    });
}

Result<std::string> Tokens::use(Connection& connection, std::string_view secret, std::chrono::sys_seconds now) {
    auto row = connection.prepare(
        "SELECT id, uses, used, valid_until, revoked_at FROM authority_tokens WHERE secret_hash = ?");
    row.bind_blob(identity::sha256(secret));
    if (!row.next()) return fail(Errc::refused, "the seeder has not made this token: ask its operator for another one");
    auto const id = row.text(0);
    if (!row.null(4)) return fail(Errc::refused, "the token was revoked: ask the operator for another one");
    if (row.integer(3) < seconds_of(now)) {
        return fail(Errc::refused, "the token has expired: ask the operator for another one");
    }
    if (row.integer(2) >= row.integer(1)) {
        return fail(Errc::refused, "the token has been used up: ask the operator for another one");
    }
    connection.prepare("UPDATE authority_tokens SET used = used + 1 WHERE id = ?").bind(id).run();
    return id;
}

}  // namespace lanyard::authority
