#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "seeder/publish/manifest_rows.h"
#include "seeder/publish/publisher.h"
#include "tests/support/mortal_disk.h"
#include "tests/support/sample_release.h"
#include "tests/support/scratch.h"

namespace lanyard::support {

inline constexpr trust::TimePoint kRepositoryNow{std::chrono::seconds(1'800'000'000)};

inline std::string const kRepoId(16, 'r');

// A key a role.
struct MemoryKeys {
    std::unique_ptr<signing::Signer> root = signing::generate_key().value();
    std::unique_ptr<signing::Signer> targets = signing::generate_key().value();
    std::unique_ptr<signing::Signer> snapshot = signing::generate_key().value();
    std::unique_ptr<signing::Signer> timestamp = signing::generate_key().value();

    publish::Signers all() const { return {root.get(), targets.get(), snapshot.get(), timestamp.get()}; }
    publish::Signers online() const { return {snapshot.get(), timestamp.get()}; }

    v1::Root first_root(std::string const& repo_id) const {
        using trust::RoleName;
        return publish::make_first_root(repo_id,
                                        {{RoleName::root, {root->public_key()}, 1},
                                         {RoleName::targets, {targets->public_key()}, 1},
                                         {RoleName::snapshot, {snapshot->public_key()}, 1},
                                         {RoleName::timestamp, {timestamp->public_key()}, 1}},
                                        kRepositoryNow);
    }
};

inline std::string content_of(std::filesystem::path const& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// A state directory with a repository in it, and what a node makes of its public files. The disk, the keys and the time
// can be chosen where a test is about them.
class Repository {
public:
    Repository() {
        std::filesystem::create_directories(folder());
        publish::Projection projection(disk_, folder(), lock());
        auto const founded =
            publish::Publisher(database_, projection, keys_.all()).found(keys_.first_root(kRepoId), kRepositoryNow);
        EXPECT_TRUE(founded) << founded.error().detail;
    }

    std::filesystem::path root() const { return scratch_.root(); }
    std::filesystem::path folder() const { return root() / "public" / "metadata"; }
    std::filesystem::path lock() const { return root() / "lock"; }
    MemoryKeys const& keys() const { return keys_; }
    store::Database& database() { return database_; }
    store::Database open_again() const { return store::Database::open(root() / "seeder.db", migrations_).value(); }

    Result<publish::Change> publish(std::string const& version, intake::Disk& disk, publish::Signers signers,
                                    trust::TimePoint now = kRepositoryNow) {
        publish::Projection projection(disk, folder(), lock());
        return publish::Publisher(database_, projection, signers).publish(sample_release("shop", version), now);
    }
    Result<publish::Change> publish(std::string const& version) { return publish(version, disk_, keys_.all()); }

    Result<publish::Change> withdraw(std::string const& version) {
        catalogue::Filter filter;
        filter.version = release::Version::parse(version).value();
        publish::Projection projection(disk_, folder(), lock());
        return publish::Publisher(database_, projection, keys_.all()).withdraw(filter, kRepositoryNow);
    }

    Result<publish::Resigned> resign(trust::TimePoint now) { return resign(now, disk_); }
    Result<publish::Resigned> resign(trust::TimePoint now, intake::Disk& disk) {
        publish::Projection projection(disk, folder(), lock());
        return publish::Publisher(database_, projection, keys_.online()).resign(now);
    }

    // The rows as they were when `backup` was read and `releases` had been published, as if seeder.db came from a
    // backup; public/ goes on.
    Status restore(publish::Manifest const& backup, std::int64_t releases) {
        return database_.write([&](store::Connection& connection) -> Status {
            publish::put_role(connection, trust::RoleName::targets, backup.targets);
            publish::put_role(connection, trust::RoleName::snapshot, backup.snapshot);
            publish::put_role(connection, trust::RoleName::timestamp, backup.timestamp);
            connection.prepare("DELETE FROM releases WHERE release_counter > ?1").bind(releases).run();
            connection.prepare("UPDATE meta SET next_counter = ?1 + 1, revision = ?1 + 1").bind(releases).run();
            return {};
        });
    }

    Status draw() { return publish::Projection(disk_, folder(), lock()).draw(database_); }

    // The versions a node that joins now finds in the public files.
    Result<std::vector<std::string>> seen_by_a_node(trust::TimePoint now = kRepositoryNow) const {
        auto set = trust::TrustedSet::from_trusted_root(content_of(folder() / "1.root.pb"), now);
        if (!set) return pass_on(set);
        for (int next = 2; std::filesystem::exists(folder() / (std::to_string(next) + ".root.pb")); ++next) {
            auto const root = set->update_root(content_of(folder() / (std::to_string(next) + ".root.pb")));
            if (!root) return pass_on(root);
        }
        if (auto const root_step = set->finish_root(); !root_step) return pass_on(root_step);
        auto const timestamp = set->update_timestamp(content_of(folder() / "timestamp.pb"));
        if (!timestamp) return pass_on(timestamp);
        auto const snapshot_name = std::to_string(set->timestamp()->snapshot().version()) + ".snapshot.pb";
        if (auto const step = set->update_snapshot(content_of(folder() / snapshot_name)); !step) return pass_on(step);
        auto const targets_name = std::to_string(set->snapshot()->metas(0).version()) + ".targets.pb";
        if (auto const step = set->update_targets(content_of(folder() / targets_name)); !step) return pass_on(step);
        std::vector<std::string> versions;
        for (auto const& target : set->targets()->targets()) versions.push_back(target.version());
        return versions;
    }

    publish::Manifest manifest() { return database_.read(publish::read_manifest).value(); }
    std::uint64_t revision() {
        return database_.read([](store::Connection& c) { return catalogue::Catalogue(c).revision(); }).value();
    }

private:
    std::array<std::string_view, 4> const migrations_ = {catalogue::catalogue_schema(), publish::metadata_schema(),
                                                         catalogue::delegated_catalogue_schema(),
                                                         publish::delegated_metadata_schema()};
    support::Scratch scratch_;
    store::Database database_ = open_again();
    MemoryKeys keys_;
    MortalDisk disk_;
};

}  // namespace lanyard::support
