#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "manifests/store/metadata_store.h"
#include "node/check/refresher.h"
#include "proto/http/errc.h"
#include "tests/support/loop.h"
#include "tests/support/repository_simulator.h"
#include "tests/support/scratch.h"

namespace lanyard::support {

// Serves what the simulator holds, under the caller's cap, and keeps the list of requests.
class SimulatedSource final : public check::MetadataSource {
public:
    explicit SimulatedSource(RepositorySimulator& repository) : repository_(repository) {}

    asio::awaitable<Result<std::string>> fetch(std::string name, std::size_t max_bytes) override {
        asked.push_back(name);
        caps.push_back(max_bytes);
        co_return answer(name, max_bytes);
    }

    std::vector<std::string> asked;
    std::vector<std::size_t> caps;
    std::string away;                                                    // this file cannot be fetched
    std::function<void(std::string const& name)> before = [](auto&) {};  // an answer

private:
    Result<std::string> answer(std::string const& name, std::size_t max_bytes) {
        before(name);
        if (name == away) return fail(http::Errc::unreachable, "the connection broke");
        auto const bytes = repository_.file(name);
        if (!bytes) return fail(http::Errc::not_found, name);
        if (bytes->size() > max_bytes) return fail(http::Errc::too_large, name);
        return *bytes;
    }

    RepositorySimulator& repository_;
};

// What a node does with a manifest: it refreshes and finds, and keeps what it accepts in a database of its own. Each
// call is made as if the process had just been started.
class SimulatedNode {
public:
    explicit SimulatedNode(RepositorySimulator& repository) : source(repository) {}

    // The root it is told to trust, whatever that is.
    void anchor(std::string_view root) { EXPECT_TRUE(store.put_root(1, root)); }

    Result<trust::TrustedSet> refresh(trust::TimePoint clock) {
        source.asked.clear();
        source.caps.clear();
        check::Refresher refresher(source, store);
        asio::io_context io;
        return std::move(*run_until(io, boxed(refresher.refresh(clock))));
    }

    // A refresh and the search for one target.
    Result<release::Target> find(std::string const& path, trust::TimePoint clock) {
        auto const trusted = refresh(clock);
        if (!trusted) return pass_on(trusted);
        return find_in(*trusted, path);
    }

    Result<release::Target> find_in(trust::TrustedSet const& trusted, std::string const& path) {
        check::Refresher refresher(source, store);
        asio::io_context io;
        return std::move(*run_until(io, boxed(refresher.find(trusted, path))));
    }

    std::string stored(trust::RoleName role) { return store.get(role)->value_or("nothing"); }

    Scratch scratch;
    SimulatedSource source;
    std::array<std::string_view, 2> migrations{store::MetadataStore::schema(),
                                               store::MetadataStore::delegations_schema()};
    store::Database database = *store::Database::open(scratch / "node.db", migrations);
    store::MetadataStore store{database};

private:
    // What it gives has no default to run_until() with.
    template <class T>
    static asio::awaitable<std::shared_ptr<T>> boxed(asio::awaitable<T> task) {
        auto result = co_await std::move(task);
        co_return std::make_shared<T>(std::move(result));
    }
};

}  // namespace lanyard::support
