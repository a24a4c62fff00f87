#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "manifests/store/database.h"
#include "manifests/trust/envelope.h"

namespace lanyard::store {

// What a node persists of the manifest: the received bytes of every accepted root, of the newest timestamp, snapshot
// and targets, and of the delegated roles it needed. Each call is one durable transaction.
class MetadataStore {
public:
    explicit MetadataStore(Database& database) : database_(database) {}

    // `rotated`: this root gave the timestamp or snapshot role other keys, so what they signed is dropped in the same
    // transaction (TUF 5.3.11): a crash cannot come between.
    Status put_root(std::uint64_t version, std::string_view envelope, bool rotated = false);
    Result<std::optional<std::string>> newest_root();
    Result<std::optional<std::string>> root(std::uint64_t version);
    Status put(trust::RoleName role, std::string_view envelope);   // timestamp, snapshot or targets
    Result<std::optional<std::string>> get(trust::RoleName role);  // of root: the newest
    Status drop(trust::RoleName role);                             // timestamp, snapshot or targets; never a root

    // Delegated roles, by their names: any bytes, which never become those of a file.
    Status put_delegated(std::string_view role, std::string_view envelope);
    Result<std::optional<std::string>> get_delegated(std::string_view role);
    Status keep_delegated(std::set<std::string> const& roles);  // drops the others

    // When a refresh last succeeded (trust::believable_time): only ever raised.
    Status raise_clock_floor(std::chrono::sys_seconds time);
    Result<std::optional<std::chrono::sys_seconds>> clock_floor();

    // Tables it needs, for the owner's list of migrations.
    static std::string_view schema();
    static std::string_view delegations_schema();

private:
    Database& database_;
};

}  // namespace lanyard::store
