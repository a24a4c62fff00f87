#include "manifests/store/database.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <random>

#include "tests/support/scratch.h"

namespace lanyard::store {
namespace {

namespace fs = std::filesystem;
using support::read_file;
using support::write_file;

constexpr std::array<std::string_view, 1> kFirst{
    "CREATE TABLE note(id INTEGER PRIMARY KEY, body TEXT UNIQUE, raw BLOB)"};
constexpr std::array<std::string_view, 2> kSecond{kFirst[0],
                                                  "ALTER TABLE note ADD COLUMN stars INTEGER DEFAULT 3;"
                                                  "CREATE TABLE tag(note INTEGER REFERENCES note(id))"};

class DatabaseTest : public testing::Test {
protected:
    Result<Database> open(std::span<std::string_view const> migrations = kFirst) {
        return Database::open(file, migrations);
    }

    // Opens, expecting success.
    Database opened(std::span<std::string_view const> migrations = kFirst) {
        auto db = open(migrations);
        if (!db) throw std::runtime_error(db.error().detail);
        return std::move(*db);
    }

    static Status add(Database& db, std::string_view body) {
        return db.write([&](Connection& c) -> Status {
            c.prepare("INSERT INTO note(body) VALUES(?)").bind(body).run();
            return {};
        });
    }

    static std::int64_t count(Database& db) {
        auto const n = db.read([](Connection& c) -> Result<std::int64_t> {
            auto query = c.prepare("SELECT count(*) FROM note");
            query.next();
            return query.integer(0);
        });
        return n ? *n : -1;
    }

    // A file of some size with rows in it, and no WAL beside it.
    void fill() {
        auto db = opened();
        ASSERT_TRUE(db.write([](Connection& c) -> Status {
            auto insert = c.prepare("INSERT INTO note(body) VALUES(?)");
            for (int i = 0; i < 40; ++i) insert.bind(std::to_string(i) + std::string(2000, 'x')).run();
            return {};
        }));
    }

    support::Scratch scratch;
    fs::path file = scratch / "a.db";
};

TEST_F(DatabaseTest, KeepsWhatWasCommittedWhenOpenedAgain) {
    {
        auto db = opened();
        ASSERT_TRUE(add(db, "one"));
    }
    auto db = opened();
    EXPECT_EQ(count(db), 1);
}

TEST_F(DatabaseTest, GivesBackEveryKindOfValueAsItWas) {
    auto db = opened();
    std::string const bytes("\0\xff\n'", 4);
    auto const id = db.write([&](Connection& c) -> Result<std::int64_t> {
        c.prepare("INSERT INTO note(body, raw) VALUES(?, ?)").bind("Größe \xe2\x82\xac").bind_blob(bytes).run();
        auto const first = c.last_row_id();
        c.prepare("INSERT INTO note(id, body, raw) VALUES(?, ?, ?)")
            .bind(std::int64_t{1} << 60)
            .bind_null()
            .bind_blob("")
            .run();
        EXPECT_EQ(c.changed_rows(), 1);
        return first;
    });
    ASSERT_TRUE(id) << id.error().detail;
    auto const checked = db.read([&](Connection& c) -> Status {
        auto query = c.prepare("SELECT id, body, raw FROM note ORDER BY id");
        EXPECT_TRUE(query.next());
        EXPECT_EQ(query.integer(0), *id);
        EXPECT_EQ(query.text(1), "Größe \xe2\x82\xac");
        EXPECT_EQ(query.blob(2), bytes);
        EXPECT_TRUE(query.next());
        EXPECT_EQ(query.integer(0), std::int64_t{1} << 60);
        EXPECT_TRUE(query.null(1));
        EXPECT_FALSE(query.null(2));
        EXPECT_EQ(query.blob(2), "");
        EXPECT_FALSE(query.next());
        return {};
    });
    EXPECT_TRUE(checked);
}

TEST_F(DatabaseTest, RunsAStatementAgainWithOtherValues) {
    auto db = opened();
    ASSERT_TRUE(db.write([](Connection& c) -> Status {
        auto insert = c.prepare("INSERT INTO note(body) VALUES(?)");
        for (auto const* body : {"a", "b", "c"}) insert.bind(std::string_view(body)).run();
        return {};
    }));
    EXPECT_EQ(count(db), 3);
}

TEST_F(DatabaseTest, RollsBackAWriteThatEndsInAnError) {
    auto db = opened();
    auto const written = db.write([](Connection& c) -> Status {
        c.prepare("INSERT INTO note(body) VALUES('lost')").run();
        return fail(std::make_error_code(std::errc::invalid_argument), "changed my mind");
    });
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().detail, "changed my mind");
    EXPECT_EQ(count(db), 0);
}

TEST_F(DatabaseTest, RollsBackAWriteThatThrows) {
    auto db = opened();
    auto const body = [](Connection& c) -> Status {
        c.prepare("INSERT INTO note(body) VALUES('lost')").run();
        throw std::runtime_error("a bug");
    };
    EXPECT_THROW(static_cast<void>(db.write(body)), std::runtime_error);
    EXPECT_EQ(count(db), 0);
}

TEST_F(DatabaseTest, TurnsSqlErrorsIntoErrorsThatNameTheFile) {
    auto db = opened();
    ASSERT_TRUE(add(db, "once"));
    auto const twice = add(db, "once");
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, Errc::failed);
    EXPECT_NE(twice.error().detail.find(file.string()), std::string::npos) << twice.error().detail;
    auto const nonsense = db.read([](Connection& c) -> Status {
        c.prepare("SELECT nothing FROM nowhere");
        return {};
    });
    ASSERT_FALSE(nonsense);
    EXPECT_EQ(nonsense.error().code, Errc::failed);
    EXPECT_EQ(count(db), 1);
}

TEST_F(DatabaseTest, RefusesAColumnThatIsNotThere) {
    auto db = opened();
    auto const read = db.read([](Connection& c) -> Result<std::string> {
        auto query = c.prepare("SELECT count(*) FROM note");
        query.next();
        return query.text(7);
    });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::failed);
}

TEST_F(DatabaseTest, EnforcesForeignKeys) {
    auto db = opened(kSecond);
    auto const dangling = db.write([](Connection& c) -> Status {
        c.prepare("INSERT INTO tag(note) VALUES(99)").run();
        return {};
    });
    EXPECT_FALSE(dangling);
}

TEST_F(DatabaseTest, RunsOnlyTheMigrationsThatAreMissing) {
    {
        auto db = opened(kFirst);
        ASSERT_TRUE(add(db, "old"));
    }
    auto db = opened(kSecond);
    auto const stars = db.read([](Connection& c) -> Result<std::int64_t> {
        auto query = c.prepare("SELECT stars FROM note");
        query.next();
        return query.integer(0);
    });
    ASSERT_TRUE(stars) << stars.error().detail;
    EXPECT_EQ(*stars, 3);
}

TEST_F(DatabaseTest, LeavesTheOldSchemaWhenAMigrationFails) {
    {
        auto db = opened();
        ASSERT_TRUE(add(db, "old"));
    }
    std::array<std::string_view, 2> const broken{kFirst[0], "CREATE TABLE half(x); CREATE TABEL oops(x);"};
    auto const failed = open(broken);
    ASSERT_FALSE(failed);
    auto db = opened(kFirst);
    EXPECT_EQ(count(db), 1);
    auto const half = db.read([](Connection& c) -> Status {
        c.prepare("SELECT * FROM half");
        return {};
    });
    EXPECT_FALSE(half);
}

TEST_F(DatabaseTest, RefusesAFileOfANewerProgram) {
    { auto const db = opened(kSecond); }
    auto const older = open(kFirst);
    ASSERT_FALSE(older);
    EXPECT_EQ(older.error().code, Errc::newer_program);
    EXPECT_EQ(kind_of(older.error().code), Kind::state);
}

TEST_F(DatabaseTest, IsReadableByItsOwnerOnly) {
    auto const db = opened();
    auto const owner = fs::perms::owner_read | fs::perms::owner_write;
    EXPECT_EQ(fs::status(file).permissions(), owner);
    EXPECT_EQ(fs::status(scratch / "a.db-wal").permissions(), owner);
}

TEST_F(DatabaseTest, NoticesWhenAnotherConnectionHasCommitted) {
    auto mine = opened();
    auto other = opened();
    auto const before = mine.data_version().value();
    EXPECT_EQ(mine.data_version().value(), before);
    ASSERT_TRUE(add(other, "news"));
    EXPECT_NE(mine.data_version().value(), before);
    EXPECT_EQ(count(mine), 1);
}

TEST_F(DatabaseTest, RefusesATruncatedFile) {
    fill();
    auto const whole = read_file(file);
    for (std::size_t const length : {std::size_t{1}, std::size_t{99}, std::size_t{511}, std::size_t{512},
                                     std::size_t{5000}, whole.size() / 2, whole.size() - 4096}) {
        write_file(file, std::string_view(whole).substr(0, length));
        auto const db = open();
        ASSERT_FALSE(db) << length;
        EXPECT_EQ(db.error().code, Errc::damaged) << length << ": " << db.error().detail;
    }
}

TEST_F(DatabaseTest, RefusesRandomBytes) {
    std::mt19937 random(7);
    std::string noise(20000, '\0');
    for (auto& c : noise) c = static_cast<char>(random());
    write_file(file, noise);
    auto const db = open();
    ASSERT_FALSE(db);
    EXPECT_EQ(db.error().code, Errc::damaged);
    EXPECT_EQ(read_file(file), noise);
}

TEST_F(DatabaseTest, SurvivesAnyOverwrittenPage) {
    fill();
    auto const whole = read_file(file);
    for (std::size_t at = 0; at + 4096 <= whole.size(); at += 4096) {
        auto hurt = whole;
        for (std::size_t i = 100; i < 400; ++i) hurt[at + i] = static_cast<char>(i * 37);
        write_file(file, hurt);
        auto db = open();
        if (db) {
            EXPECT_GE(count(*db), -1);
        } else {
            EXPECT_EQ(db.error().code, Errc::damaged) << db.error().detail;
        }
    }
}

TEST_F(DatabaseTest, RefusesADatabaseOfAnotherProgram) {
    fill();
    auto foreign = read_file(file);
    foreign.replace(68, 4, "\0\0\0\0", 4);  // application_id, sqlite.org/fileformat2.html 1.3
    write_file(file, foreign);
    auto const db = open();
    ASSERT_FALSE(db);
    EXPECT_EQ(db.error().code, Errc::damaged);
    EXPECT_NE(db.error().detail.find("another program"), std::string::npos);
}

// SQLite reads whatever is said of a table; the first statement that asks for the old column would fail, at each start.
TEST_F(DatabaseTest, RefusesTablesThatAreNotAsTheyWereMade) {
    fill();
    auto hurt = read_file(file);
    auto const at = hurt.find("body TEXT UNIQUE");
    ASSERT_NE(at, std::string::npos);
    hurt[at + 3] = 'i';
    write_file(file, hurt);
    auto const db = open();
    ASSERT_FALSE(db);
    EXPECT_EQ(db.error().code, Errc::damaged);
    EXPECT_NE(db.error().detail.find("not as they were made"), std::string::npos);
}

TEST_F(DatabaseTest, RefusesAVersionThatIsNotThatOfItsTables) {
    fill();
    auto const whole = read_file(file);
    for (char const version : {'\0', '\2', '\x40'}) {
        auto hurt = whole;
        hurt[63] = version;  // user_version, sqlite.org/fileformat2.html 1.3
        write_file(file, hurt);
        auto const db = open();
        ASSERT_FALSE(db);
        EXPECT_EQ(db.error().code, Errc::damaged) << db.error().detail;
    }
}

// SQLite would open it, for reading only.
TEST_F(DatabaseTest, RefusesAHeaderThatLetsNobodyWrite) {
    fill();
    auto const whole = read_file(file);
    for (char const version : {'\0', '\3', '\x12'}) {
        auto hurt = whole;
        hurt[18] = version;
        write_file(file, hurt);
        auto const db = open();
        ASSERT_FALSE(db);
        EXPECT_EQ(db.error().code, Errc::damaged) << db.error().detail;
    }
}

TEST_F(DatabaseTest, RefusesADirectory) {
    fs::create_directory(file);
    auto const db = open();
    ASSERT_FALSE(db);
    EXPECT_EQ(db.error().code, Errc::unwritable);
}

TEST_F(DatabaseTest, RefusesADirectoryThatDoesNotExist) {
    auto const db = Database::open(scratch / "none" / "a.db", kFirst);
    ASSERT_FALSE(db);
    EXPECT_EQ(db.error().code, Errc::unwritable);
}

// Somebody who is not root, to whom permissions apply.
class AsNobody {
public:
    AsNobody() : was_(geteuid()) {
        if (was_ == 0 && seteuid(65534) != 0) throw std::runtime_error("seteuid");
    }
    ~AsNobody() {
        if (seteuid(was_) != 0) std::abort();
    }

private:
    uid_t was_;
};

TEST_F(DatabaseTest, RefusesAReadOnlyDirectory) {
    fs::permissions(scratch.root(),
                    fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read | fs::perms::others_exec);
    {
        AsNobody const nobody;
        auto const db = open();
        ASSERT_FALSE(db);
        EXPECT_EQ(db.error().code, Errc::unwritable);
    }
    fs::permissions(scratch.root(), fs::perms::owner_all);
    EXPECT_FALSE(fs::exists(file));
}

TEST_F(DatabaseTest, SaysOfSomebodyElsesFileThatItCannotBeOpened) {
    { auto const db = opened(); }
    fs::permissions(scratch.root(), fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
    AsNobody const nobody;
    auto const db = open();
    ASSERT_FALSE(db);
    EXPECT_EQ(db.error().code, Errc::unwritable);
    EXPECT_NE(db.error().detail.find("unable to open"), std::string::npos) << db.error().detail;
    EXPECT_EQ(db.error().detail.find("cannot be made"), std::string::npos) << db.error().detail;
}

TEST_F(DatabaseTest, IsClosedToOthersAgainWhenItWasOpenedToThem) {
    { auto const db = opened(); }
    fs::permissions(file, fs::perms::others_read, fs::perm_options::add);
    auto const db = opened();
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(DatabaseTest, ReportsAFullDisk) {
    auto db = opened();
    ASSERT_TRUE(db.write([](Connection& c) -> Status {
        auto limit = c.prepare("PRAGMA max_page_count=16");
        limit.next();
        return {};
    }));
    Status added;
    for (int i = 0; i < 100 && added; ++i) added = add(db, std::to_string(i) + std::string(4000, 'x'));
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().code, Errc::full);
    EXPECT_EQ(kind_of(added.error().code), Kind::state);
    EXPECT_GT(count(db), 0);
}

}  // namespace
}  // namespace lanyard::store
