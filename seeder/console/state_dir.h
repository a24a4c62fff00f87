#pragma once

#include <filesystem>
#include <memory>

#include "manifests/store/database.h"
#include "proto/outcome/result.h"
#include "seeder/console/config.h"
#include "seeder/intake/disk.h"
#include "seeder/publish/manifest.h"

namespace lanyard::console {

// Where everything of a seeder lies (docs/reference/cli.md).
class StateDir {
public:
    explicit StateDir(std::filesystem::path root) : root_(std::move(root)) {}

    std::filesystem::path const& root() const { return root_; }
    std::filesystem::path config() const { return root_ / "seeder.toml"; }
    std::filesystem::path keys() const { return root_ / "keys"; }
    std::filesystem::path key(char const* role) const { return keys() / (std::string(role) + ".pem"); }
    // What waits for signatures that are made elsewhere.
    std::filesystem::path requests() const { return root_ / "requests"; }
    std::filesystem::path database() const { return root_ / "seeder.db"; }
    std::filesystem::path change_lock() const { return root_ / "lock"; }           // while public/metadata is written
    std::filesystem::path publish_lock() const { return root_ / "publish.lock"; }  // while a package is taken in
    std::filesystem::path serve_lock() const { return root_ / "serve.lock"; }      // while a seeder serves
    std::filesystem::path ca_key() const { return key("ca"); }
    std::filesystem::path ca_certificate() const { return root_ / "ca.crt"; }
    std::filesystem::path socket() const { return root_ / "seeder.sock"; }
    std::filesystem::path uploads() const { return root_ / "uploads"; }
    std::filesystem::path metadata() const { return root_ / "public" / "metadata"; }
    std::filesystem::path packages() const { return root_ / "public" / "packages"; }

private:
    std::filesystem::path root_;
};

struct OpenState {
    StateDir dir;
    Config config;
    store::Database database;
};

// Every migration of every room, in the order they came to be.
Result<store::Database> open_database(StateDir const& dir);

// A state directory that init has finished.
Result<OpenState> open_state(std::filesystem::path const& root);

// The folders that are served are there.
Status check_public(StateDir const& dir);

// Removes the packages of what was withdrawn, and of publishes that came to nothing; those of releases that wait for
// signatures stay. Under the publish lock only.
void remove_unpublished(OpenState& state, intake::Disk& disk);

}  // namespace lanyard::console
