#include "manifests/store/database.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <cerrno>
#include <fstream>
#include <limits>

#include "manifests/store/schema.h"

namespace lanyard::store {
namespace {

namespace fs = std::filesystem;

constexpr int kBusyMilliseconds = 5000;
// In the header of every database of ours, so that a foreign one is told from a new one: "Lnyd".
constexpr std::int64_t kApplicationId = 0x4c6e7964;

Errc errc_of(int code, int extended) {
    switch (code) {
        case SQLITE_FULL:
            return Errc::full;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Errc::busy;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return Errc::damaged;
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return Errc::unwritable;
        // The shared memory of the WAL cannot grow when the disk is full.
        case SQLITE_IOERR:
            return extended == SQLITE_IOERR_SHMSIZE ? Errc::full : Errc::unwritable;
        default:
            return Errc::failed;
    }
}

char const* advice(Errc code) {
    switch (code) {
        case Errc::full:
            return "; free some space on its disk";
        case Errc::busy:
            return "; another program holds it, try again when that one has finished";
        case Errc::damaged:
            return "; move it aside to begin with an empty one";
        case Errc::newer_program:
            return "; install the newer program again";
        case Errc::unwritable:
            return "; check that its directory exists and belongs to this user";
        case Errc::failed:
            break;
    }
    return "";
}

Error error_of(fs::path const& file, Errc code, std::string const& why) {
    return Error(code, "the database " + file.string() + ": " + why + advice(code));
}

Failure failure_of(fs::path const& file, SQLite::Exception const& e) {
    auto why = std::string(e.what());
    // Which of thirty: SQLite has the same words for all of them.
    if (e.getErrorCode() == SQLITE_IOERR) why += " (" + std::to_string(e.getExtendedErrorCode()) + ")";
    return Failure(error_of(file, errc_of(e.getErrorCode(), e.getExtendedErrorCode()), why));
}

// Runs `work`, turning what SQLiteCpp throws into our own.
template <class Work>
auto translated(fs::path const& file, Work work) {
    try {
        return work();
    } catch (SQLite::Exception const& e) {
        throw failure_of(file, e);
    }
}

}  // namespace

struct Connection::Impl {
    explicit Impl(fs::path path)
        : file(std::move(path)), db(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyMilliseconds) {}

    fs::path file;
    SQLite::Database db;
};

struct Statement::Impl {
    Impl(Connection::Impl& connection, std::string const& sql) : file(connection.file), query(connection.db, sql) {}

    fs::path const& file;
    SQLite::Statement query;
    int bound = 0;
};

Statement::Statement(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Statement::Statement(Statement&&) noexcept = default;
Statement::~Statement() = default;

Statement& Statement::bind(std::int64_t value) {
    translated(impl_->file, [&] { impl_->query.bind(++impl_->bound, value); });
    return *this;
}

Statement& Statement::bind(std::string_view text) {
    translated(impl_->file, [&] { impl_->query.bind(++impl_->bound, std::string(text)); });
    return *this;
}

Statement& Statement::bind_blob(std::string_view bytes) {
    if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
        throw Failure(error_of(impl_->file, Errc::failed, "a value of more than 2 GiB cannot be stored"));
    }
    // SQLite takes a null pointer for NULL, not for an empty blob.
    char const* const data = bytes.empty() ? "" : bytes.data();
    translated(impl_->file, [&] { impl_->query.bind(++impl_->bound, data, static_cast<int>(bytes.size())); });
    return *this;
}

Statement& Statement::bind_null() {
    translated(impl_->file, [&] { impl_->query.bind(++impl_->bound); });
    return *this;
}

bool Statement::next() {
    return translated(impl_->file, [&] { return impl_->query.executeStep(); });
}

void Statement::run() {
    translated(impl_->file, [&] {
        while (impl_->query.executeStep()) continue;
        impl_->query.reset();
        impl_->query.clearBindings();
    });
    impl_->bound = 0;
}

bool Statement::null(int column) const {
    return translated(impl_->file, [&] { return impl_->query.isColumnNull(column); });
}

std::int64_t Statement::integer(int column) const {
    return translated(impl_->file, [&] { return impl_->query.getColumn(column).getInt64(); });
}

std::string Statement::text(int column) const {
    return translated(impl_->file, [&] { return impl_->query.getColumn(column).getString(); });
}

std::string Statement::blob(int column) const {
    return translated(impl_->file, [&] {
        auto const value = impl_->query.getColumn(column);
        auto const* const bytes = static_cast<char const*>(value.getBlob());
        return bytes ? std::string(bytes, static_cast<std::size_t>(value.getBytes())) : std::string();
    });
}

Statement Connection::prepare(std::string_view sql) {
    return translated(impl_.file,
                      [&] { return Statement(std::make_unique<Statement::Impl>(impl_, std::string(sql))); });
}

std::int64_t Connection::last_row_id() const { return impl_.db.getLastInsertRowid(); }
std::int64_t Connection::changed_rows() const { return impl_.db.getChanges(); }

namespace {

std::int64_t number(SQLite::Database& db, char const* sql) { return db.execAndGet(sql).getInt64(); }

// Everything that a hostile or damaged file could use against us is switched off before the schema is read.
void configure(SQLite::Database& db) {
    sqlite3_extended_result_codes(db.getHandle(), 0);
    sqlite3_db_config(db.getHandle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(db.getHandle(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    db.exec("PRAGMA cell_size_check=ON");
    db.exec("PRAGMA mmap_size=0");
    db.execAndGet("PRAGMA journal_mode=WAL");
    db.exec("PRAGMA synchronous=FULL");
    db.exec("PRAGMA foreign_keys=ON");
}

// By the version for writers in its header (sqlite.org/fileformat2.html 1.3.3): SQLite opens a database of a higher one
// for reading only. Looked at through SQLite's own descriptor: to close another one of the file would drop the locks of
// every connection in this process.
bool can_be_written(SQLite::Database& db) {
    constexpr sqlite3_int64 kWriteVersion = 18;
    sqlite3_file* file = nullptr;
    sqlite3_file_control(db.getHandle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
    unsigned char version = 0;
    bool const read = file != nullptr && file->pMethods != nullptr &&
                      file->pMethods->xRead(file, &version, 1, kWriteVersion) == SQLITE_OK;
    return !read || version == 1 || version == 2;
}

// Says what is wrong with the file, or nothing.
std::string damage(SQLite::Database& db) {
    if (!can_be_written(db)) return "its header asks for a program that does not exist";
    std::string const found = db.execAndGet("PRAGMA quick_check(1)").getString();
    if (found != "ok") return found;
    bool const in_use = number(db, "SELECT count(*) FROM sqlite_schema") > 0;
    if (in_use && number(db, "PRAGMA application_id") != kApplicationId) return "it belongs to another program";
    return "";
}

// How many of `migrations` have run. A file whose tables are not what those make was not written so.
Result<std::size_t> migrations_done(SQLite::Database& db, fs::path const& file,
                                    std::span<std::string_view const> migrations) {
    auto const damaged = [&](char const* what) { return tl::unexpected(error_of(file, Errc::damaged, what)); };
    // Both of one moment: another process may be migrating it.
    SQLite::Transaction const one_moment(db);
    auto const version = number(db, "PRAGMA user_version");
    if (version < 0) return damaged("its version makes no sense");
    auto const done = static_cast<std::size_t>(version);
    bool const newer = done > migrations.size();
    bool const ours = schema_of(db) == schema_after(newer ? migrations : migrations.first(done));
    if (newer && !ours) {
        return tl::unexpected(error_of(file, Errc::newer_program,
                                       "it has version " + std::to_string(done) + ", this program knows up to " +
                                           std::to_string(migrations.size())));
    }
    if (newer) return damaged("its version is not that of its tables");
    if (!ours) return damaged("its tables are not as they were made");
    return done;
}

void migrate(SQLite::Database& db, std::size_t step, std::string_view script) {
    SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
    // Another process may have been faster.
    if (number(db, "PRAGMA user_version") > static_cast<std::int64_t>(step)) return;
    db.exec(std::string(script));
    db.exec("PRAGMA application_id=" + std::to_string(kApplicationId));
    db.exec("PRAGMA user_version=" + std::to_string(step + 1));
    transaction.commit();
}

// SQLite itself would make the file under the umask, readable by all for a moment; and it overwrites a file that is too
// short for a header as if it were empty.
Status make_private(fs::path const& file) {
    constexpr std::uintmax_t kSmallestPage = 512;
    constexpr auto kPrivate = fs::perms::owner_read | fs::perms::owner_write;
    auto const unwritable = [&](std::string const& why) {
        return tl::unexpected(error_of(file, Errc::unwritable, why));
    };
    std::error_code ec;
    auto const found = fs::status(file, ec);
    if (found.type() == fs::file_type::none) return unwritable("cannot be looked at: " + ec.message());
    if (fs::is_directory(found)) return unwritable("it is a directory");
    bool const is_new = !fs::exists(found);
    errno = 0;
    if (is_new && !std::ofstream(file, std::ios::app)) {
        return unwritable("cannot be made: " + std::generic_category().message(errno));
    }
    // What is private already needs no right to change it: it may be somebody else's, or on a disk that is read-only.
    if (is_new || (found.permissions() & fs::perms::mask & ~kPrivate) != fs::perms::none) {
        fs::permissions(file, kPrivate, ec);
        if (ec) return unwritable("others may read it, and that cannot be changed: " + ec.message());
    }
    auto const length = fs::file_size(file, ec);
    if (!ec && length > 0 && length < kSmallestPage) {
        return tl::unexpected(error_of(file, Errc::damaged, "it is cut off"));
    }
    return {};
}

}  // namespace

Database::Database(std::unique_ptr<Connection::Impl> impl) : impl_(std::move(impl)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(fs::path const& file, std::span<std::string_view const> migrations) {
    if (auto const made = make_private(file); !made) return pass_on(made);
    try {
        auto impl = std::make_unique<Connection::Impl>(file);
        auto& db = impl->db;
        configure(db);
        if (auto const what = damage(db); !what.empty()) {
            return tl::unexpected(error_of(file, Errc::damaged, what));
        }
        auto const done = migrations_done(db, file, migrations);
        if (!done) return pass_on(done);
        for (auto step = *done; step < migrations.size(); ++step) migrate(db, step, migrations[step]);
        return Database(std::move(impl));
    } catch (SQLite::Exception const& e) {
        return tl::unexpected(failure_of(file, e).error());
    }
}

Result<std::int64_t> Database::data_version() {
    try {
        return number(impl_->db, "PRAGMA data_version");
    } catch (SQLite::Exception const& e) {
        return tl::unexpected(failure_of(impl_->file, e).error());
    }
}

void Database::execute(char const* sql) {
    translated(impl_->file, [&] { impl_->db.exec(sql); });
}

void Database::roll_back() noexcept {
    // After some failures (a full disk) SQLite has rolled back itself.
    if (sqlite3_get_autocommit(impl_->db.getHandle()) == 0) impl_->db.tryExec("ROLLBACK");
}

}  // namespace lanyard::store
