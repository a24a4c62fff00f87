#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "manifests/store/errc.h"
#include "proto/outcome/result.h"

namespace lanyard::store {

// Thrown by Statement and Connection, caught by Database::read and Database::write; never seen outside of them.
class Failure final : public std::exception {
public:
    explicit Failure(Error error) : error_(std::move(error)) {}
    Error const& error() const noexcept { return error_; }
    char const* what() const noexcept override { return error_.detail.c_str(); }

private:
    Error error_;
};

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
    void run();   // steps to the end; afterwards the statement can be bound and run anew

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

// What the body of a read or write works with. Neither it nor its statements may outlive the body.
class Connection {
public:
    Statement prepare(std::string_view sql);
    std::int64_t last_row_id() const;
    std::int64_t changed_rows() const;  // by the last statement

private:
    friend class Database;
    friend class Statement;
    struct Impl;
    explicit Connection(Impl& impl) : impl_(impl) {}
    Impl& impl_;
};

// One SQLite file: WAL, synchronous=FULL, foreign keys, defensive, trusted_schema off, busy timeout 5 s; checked for
// damage when opened. One thread at a time.
class Database {
public:
    // Migrations are SQL scripts, numbered from 1; user_version says how many have run, the rest run now, each in a
    // transaction. A file written by a newer program is refused, and so is a database that is not Lanyard's. Mode 0600.
    static Result<Database> open(std::filesystem::path const& file, std::span<std::string_view const> migrations);
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    // `body(Connection&)` gives a Result. write: BEGIN IMMEDIATE; committed when the Result is a success, else rolled
    // back. SQLite's own failures come back as a code of errc.h.
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
    template <class R, class Body>
    R guarded(Body& body, char const* begin) {
        try {
            execute(begin);
            Connection connection(*impl_);
            R result = body(connection);
            if (result) {
                execute("COMMIT");
            } else {
                roll_back();
            }
            return result;
        } catch (Failure const& failure) {
            roll_back();
            return tl::unexpected<Error>(failure.error());
        } catch (...) {
            roll_back();
            throw;
        }
    }

    void execute(char const* sql);  // throws Failure
    void roll_back() noexcept;      // nothing to do when no transaction is open

    explicit Database(std::unique_ptr<Connection::Impl> impl);
    std::unique_ptr<Connection::Impl> impl_;
};

}  // namespace lanyard::store
