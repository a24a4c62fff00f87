#include "seeder/catalogue/catalogue.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "seeder/catalogue/errc.h"

namespace lanyard::catalogue {
namespace {

constexpr std::string_view kSchema = R"sql(
CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    repo_id BLOB NOT NULL CHECK (length(repo_id) = 16),
    revision INTEGER NOT NULL,
    next_counter INTEGER NOT NULL
) STRICT;
CREATE TABLE releases (
    release_counter INTEGER PRIMARY KEY,
    app TEXT NOT NULL,
    version TEXT NOT NULL,
    channel TEXT NOT NULL,
    os TEXT NOT NULL,
    arch TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('live', 'withdrawn')),
    published_at INTEGER NOT NULL,
    target BLOB NOT NULL,
    UNIQUE (app, channel, version, os, arch)
) STRICT;
)sql";

constexpr std::string_view kDelegatedSchema = "ALTER TABLE releases ADD COLUMN role TEXT NOT NULL DEFAULT 'targets';";

constexpr char const* kColumns = "SELECT target, state, published_at, role FROM releases";
constexpr char const* kMatches =
    " WHERE (?1 IS NULL OR app = ?1) AND (?2 IS NULL OR version = ?2) AND (?3 IS NULL OR channel = ?3)"
    " AND (?4 IS NULL OR os = ?4) AND (?5 IS NULL OR arch = ?5)";

void bind_optional(store::Statement& statement, std::optional<std::string> const& text) {
    if (text) {
        statement.bind(*text);
    } else {
        statement.bind_null();
    }
}

template <class Name>
std::optional<std::string> text_of(std::optional<Name> const& name) {
    if (!name) return std::nullopt;
    return name->text();
}

void bind_filter(store::Statement& statement, Filter const& filter) {
    bind_optional(statement, text_of(filter.app));
    bind_optional(statement, text_of(filter.version));
    bind_optional(statement, text_of(filter.channel));
    bind_optional(statement, filter.platform ? std::optional(filter.platform->os()) : std::nullopt);
    bind_optional(statement, filter.platform ? std::optional(filter.platform->arch()) : std::nullopt);
}

tl::unexpected<Error> damaged() {
    return fail(Errc::damaged_row,
                "the catalogue holds a release that cannot be read: restore seeder.db from a backup");
}

Result<v1::Target> parse_target(std::string const& bytes) {
    v1::Target target;
    if (!target.ParseFromString(bytes)) return damaged();
    return target;
}

Result<std::vector<Entry>> collect(store::Statement& statement) {
    std::vector<Entry> entries;
    while (statement.next()) {
        auto target = parse_target(statement.blob(0));
        if (!target) return pass_on(target);
        entries.push_back({std::move(*target), statement.text(1) == text(State::live) ? State::live : State::withdrawn,
                           statement.integer(2), statement.text(3)});
    }
    return entries;
}

// Versions have an order SQL does not know.
void sort_for_people(std::vector<Entry>& entries) {
    auto const before = [](Entry const& a, Entry const& b) {
        if (auto const order =
                std::tie(a.target.app(), a.target.channel()) <=> std::tie(b.target.app(), b.target.channel());
            order != 0) {
            return order < 0;
        }
        auto const left = release::Version::parse(a.target.version());
        auto const right = release::Version::parse(b.target.version());
        if (left && right && *left != *right) return *left < *right;
        return std::tie(a.target.platform().os(), a.target.platform().arch()) <
               std::tie(b.target.platform().os(), b.target.platform().arch());
    };
    std::stable_sort(entries.begin(), entries.end(), before);
}

void withdraw_one(store::Connection& connection, std::uint64_t release_counter) {
    connection.prepare("UPDATE releases SET state = 'withdrawn' WHERE release_counter = ?1")
        .bind(static_cast<std::int64_t>(release_counter))
        .run();
}

// `verb` says what becomes of another row with the same counter or the same name.
void put_live(store::Connection& connection, std::string const& verb, v1::Target const& target,
              std::int64_t published_at, std::string const& role) {
    connection
        .prepare(verb +
                 " INTO releases (release_counter, app, version, channel, os, arch, state, published_at, target,"
                 " role) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'live', ?7, ?8, ?9)")
        .bind(static_cast<std::int64_t>(target.release_counter()))
        .bind(target.app())
        .bind(target.version())
        .bind(target.channel())
        .bind(target.platform().os())
        .bind(target.platform().arch())
        .bind(published_at)
        .bind_blob(target.SerializeAsString())
        .bind(role)
        .run();
}

}  // namespace

std::string_view catalogue_schema() { return kSchema; }
std::string_view delegated_catalogue_schema() { return kDelegatedSchema; }

char const* text(State state) { return state == State::live ? "live" : "withdrawn"; }

Result<Candidate> to_candidate(v1::Target const& target) {
    auto app = release::AppId::parse(target.app());
    auto version = release::Version::parse(target.version());
    auto channel = release::Channel::parse(target.channel());
    auto platform = release::Platform::parse(target.platform().os() + "/" + target.platform().arch());
    if (!app || !version || !channel || !platform) return damaged();
    return Candidate{std::move(*app), std::move(*version), std::move(*channel), std::move(*platform), target.path()};
}

std::string Filter::describe() const {
    std::string words = app ? app->text() : "any application";
    if (version) words += " " + version->text();
    if (channel) words += " on " + channel->text();
    if (platform) words += " for " + platform->text();
    return words;
}

void Catalogue::found(std::string_view repo_id) {
    connection_.prepare("INSERT INTO meta (id, repo_id, revision, next_counter) VALUES (1, ?1, 1, 1)")
        .bind_blob(repo_id)
        .run();
}

Result<std::string> Catalogue::repo_id() {
    auto statement = connection_.prepare("SELECT repo_id FROM meta");
    if (!statement.next()) {
        return fail(Errc::not_initialised,
                    "seeder.db holds no repository: run `lanyard-seeder init` on an empty state directory");
    }
    return statement.blob(0);
}

Result<std::uint64_t> Catalogue::revision() {
    auto statement = connection_.prepare("SELECT revision FROM meta");
    if (!statement.next())
        return fail(Errc::not_initialised, "seeder.db holds no repository: run `lanyard-seeder init`");
    return static_cast<std::uint64_t>(statement.integer(0));
}

Result<std::uint64_t> Catalogue::raise_revision() {
    connection_.prepare("UPDATE meta SET revision = revision + 1").run();
    return revision();
}

void Catalogue::count_on_from(std::uint64_t release_counter) {
    connection_.prepare("UPDATE meta SET next_counter = max(next_counter, ?1 + 1)")
        .bind(static_cast<std::int64_t>(release_counter))
        .run();
}

Status Catalogue::may_add(release::AppId const& app, release::Version const& version, release::Channel const& channel,
                          release::Platform const& platform) {
    Filter const same_line{app, std::nullopt, channel, platform};
    auto const entries = list(same_line);
    if (!entries) return pass_on(entries);
    for (auto const& entry : *entries) {
        auto const there = release::Version::parse(entry.target.version());
        if (!there) return damaged();
        if (*there != version) continue;
        Filter const found{app, *there, channel, platform};
        auto const how = entry.state == State::live ? " is published already" : " was published once and withdrawn";
        return fail(Errc::published_already,
                    found.describe() + how + "; a published version never changes: choose a higher one");
    }
    return {};
}

Result<Entry> Catalogue::add(v1::Target target, std::int64_t published_at, std::string const& role) {
    auto const candidate = to_candidate(target);
    if (!candidate) return pass_on(candidate);
    auto const allowed = may_add(candidate->app, candidate->version, candidate->channel, candidate->platform);
    if (!allowed) return pass_on(allowed);

    auto counter = connection_.prepare("UPDATE meta SET next_counter = next_counter + 1 RETURNING next_counter - 1");
    if (!counter.next()) return fail(Errc::not_initialised, "seeder.db holds no repository: run `lanyard-seeder init`");
    target.set_release_counter(static_cast<std::uint64_t>(counter.integer(0)));
    counter.run();

    put_live(connection_, "INSERT", target, published_at, role);
    return Entry{std::move(target), State::live, published_at, role};
}

Result<std::vector<Entry>> Catalogue::withdraw(Filter const& filter) {
    auto entries = list(filter);
    if (!entries) return pass_on(entries);
    if (entries->empty()) {
        return fail(Errc::no_such_release,
                    filter.describe() + " has not been published; `lanyard-seeder release list` shows what has");
    }
    std::erase_if(*entries, [](Entry const& entry) { return entry.state != State::live; });
    if (entries->empty()) return fail(Errc::withdrawn_already, filter.describe() + " has been withdrawn already");
    for (auto& entry : *entries) {
        withdraw_one(connection_, entry.target.release_counter());
        entry.state = State::withdrawn;
    }
    return entries;
}

Result<std::vector<Entry>> Catalogue::follow(std::string const& role,
                                             google::protobuf::RepeatedPtrField<v1::Target> const& signed_targets,
                                             std::int64_t published_at) {
    auto const live = live_targets(role);
    if (!live) return pass_on(live);
    std::map<std::string, std::string> gone;  // path -> content
    for (auto const& target : *live) gone.emplace(target.path(), target.SerializeAsString());
    std::vector<Entry> changed;
    for (auto const& target : signed_targets) {
        if (auto const readable = to_candidate(target); !readable) return pass_on(readable);
        auto const there = gone.find(target.path());
        bool const same = there != gone.end() && there->second == target.SerializeAsString();
        if (there != gone.end()) gone.erase(there);
        if (same) continue;
        put_live(connection_, "INSERT OR REPLACE", target, published_at, role);
        count_on_from(target.release_counter());
        changed.push_back({target, State::live, published_at, role});
    }
    for (auto const& target : *live) {
        if (!gone.contains(target.path())) continue;
        withdraw_one(connection_, target.release_counter());
        changed.push_back({target, State::withdrawn, published_at, role});
    }
    return changed;
}

Result<std::vector<Entry>> Catalogue::list(Filter const& filter) {
    auto statement = connection_.prepare(std::string(kColumns) + kMatches);
    bind_filter(statement, filter);
    auto entries = collect(statement);
    if (entries) sort_for_people(*entries);
    return entries;
}

Result<std::vector<v1::Target>> Catalogue::live_targets(std::optional<std::string> const& role) {
    auto statement =
        connection_.prepare("SELECT target FROM releases WHERE state = 'live' AND (?1 IS NULL OR role = ?1)");
    bind_optional(statement, role);
    std::vector<v1::Target> targets;
    while (statement.next()) {
        auto target = parse_target(statement.blob(0));
        if (!target) return pass_on(target);
        targets.push_back(std::move(*target));
    }
    std::sort(targets.begin(), targets.end(), [](auto const& a, auto const& b) { return a.path() < b.path(); });
    return targets;
}

Result<std::vector<Candidate>> Catalogue::candidates(release::AppId const& app, release::Channel const& channel) {
    auto statement =
        connection_.prepare("SELECT target FROM releases WHERE app = ?1 AND channel = ?2 AND state = 'live'");
    statement.bind(app.text()).bind(channel.text());
    std::vector<Candidate> found;
    while (statement.next()) {
        auto const target = parse_target(statement.blob(0));
        if (!target) return pass_on(target);
        auto candidate = to_candidate(*target);
        if (!candidate) return pass_on(candidate);
        found.push_back(std::move(*candidate));
    }
    return found;
}

std::uint64_t Catalogue::live_count() {
    auto statement = connection_.prepare("SELECT count(*) FROM releases WHERE state = 'live'");
    statement.next();
    return static_cast<std::uint64_t>(statement.integer(0));
}

}  // namespace lanyard::catalogue
