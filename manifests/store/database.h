#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "proto/outcome/result.h"

namespace lanyard::store {

// Thrown by Statement and Connection, caught by Database::read and Database::write; never seen outside of them.
class Failure;

// A prepared statement. Parameters are bound in order.
class Statement {
public:
    Statement(Statement&&) noexcept;
    ~Statement();

    Statement& bind(std::int64_t value);
    Statement& bind(std::string_view text);
    Statement& bind_blob(std::string_view bytes);
    Statement& bind_null();

    bool next();  // steps; false when there is no further row
    void run();   // steps to the end

    bool null(int column) const;
    std::int64_t integer(int column) const;
    std::string text(int column) const;
    std::string blob(int column) const;

private:
    friend class Connection;
    struct Impl;
    explicit Statement(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

// What the body of a read or write works with.
class Connection {
public:
    Statement prepare(std::string_view sql);
    std::int64_t last_row_id() const;
    std::int64_t changed_rows() const;  // by the last statement

private:
    friend class Database;
    struct Impl;
    explicit Connection(Impl& impl) : impl_(impl) {}
    Impl& impl_;
};

// One SQLite file: WAL, synchronous=FULL, foreign keys, defensive, trusted_schema off, busy timeout 5 s; checked for
// damage when opened. One thread at a time.
class Database {
public:
    // Migrations are SQL scripts, numbered from 1; user_version says how many have run, the rest run now, each in a
    // transaction. A file written by a newer program is refused. Mode 0600.
    static Result<Database> open(std::filesystem::path const& file, std::span<std::string_view const> migrations);
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    // `body(Connection&)` gives a Result. write: BEGIN IMMEDIATE; committed when the Result is a success, else rolled
    // back. SQLite's own failures come back as Errc::full, busy, damaged or failed.
    template <class Body>
    auto write(Body body) -> std::invoke_result_t<Body, Connection&> {
        return guarded<std::invoke_result_t<Body, Connection&>>(body, "BEGIN IMMEDIATE");
    }
    template <class Body>
    auto read(Body body) -> std::invoke_result_t<Body, Connection&> {
        return guarded<std::invoke_result_t<Body, Connection&>>(body, "BEGIN");
    }

    // Changes when another connection (another process) has committed: PRAGMA data_version.
    Result<std::int64_t> data_version();

private:
    // The room writes guarded() so that the exceptions of SQLite stay inside it.
    template <class R, class Body>
    R guarded(Body& body, char const* begin);

    explicit Database(std::unique_ptr<Connection::Impl> impl);
    std::unique_ptr<Connection::Impl> impl_;
};

}  // namespace lanyard::store
