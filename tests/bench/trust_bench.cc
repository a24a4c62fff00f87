// What it costs a node to verify a manifest. tests/bench/trust.py runs it, a process a measurement.
//
//   trust_bench make DIRECTORY TARGETS ROTATIONS   a repository as files: 3 of 5 keys for root and targets
//   trust_bench cold|warm|whole DIRECTORY          "<milliseconds> <megabytes above what the process had before>"
//
// cold: a node that knows root 1 only. warm: nothing is new since its last refresh. whole: cold, but each step begins
// with verifying everything accepted before it once more, as clients do that keep files and no state between their
// steps.

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "manifests/trust/search.h"
#include "tests/support/simulated_node.h"

namespace lanyard {
namespace {

using support::RepositorySimulator;
using trust::RoleName;
using trust::TrustedSet;

constexpr trust::TimePoint kNow{std::chrono::seconds(1'800'000'000)};

void must(bool done, std::string const& what) {
    if (done) return;
    std::cerr << "trust_bench: " << what << "\n";
    std::exit(1);
}

template <class T>
T const& must(Result<T> const& result) {
    must(result.has_value(), result ? "" : result.error().detail);
    return *result;
}

void must(Status const& status) { must(status.has_value(), status ? "" : status.error().detail); }

std::string path_of(int number) { return support::make_target({.version = "1.0." + std::to_string(number)}).path(); }

void make(std::filesystem::path const& folder, int targets, int rotations) {
    RepositorySimulator repo(kNow);
    auto const people = RepositorySimulator::fresh_keys(5);
    repo.set_keys(RoleName::root, people, 3);
    repo.set_keys(RoleName::targets, people, 3);
    repo.forget_files();
    repo.root.set_version(0);
    for (int i = 0; i <= rotations; ++i) repo.publish_root();
    for (int i = 0; i < targets; ++i) {
        *repo.targets.add_targets() = support::make_target({.version = "1.0." + std::to_string(i),
                                                            .release_counter = static_cast<std::uint64_t>(i) + 1,
                                                            .sha256 = trust::sha256(std::to_string(i))});
    }
    repo.publish();
    for (auto const& [name, bytes] : repo.files()) support::write_file(folder / name, bytes);
}

// The files of a folder, as a seeder would serve them.
class Folder final : public check::MetadataSource {
public:
    explicit Folder(std::filesystem::path folder) : folder_(std::move(folder)) {}

    asio::awaitable<Result<std::string>> fetch(std::string name, std::size_t max_bytes) override {
        co_return read(name, max_bytes);
    }

    Result<std::string> read(std::string const& name, std::size_t max_bytes) const {
        std::error_code missing;
        auto const size = std::filesystem::file_size(folder_ / name, missing);
        if (missing) return fail(http::Errc::not_found, name);
        if (size > max_bytes) return fail(http::Errc::too_large, name);
        return support::read_file(folder_ / name);
    }

private:
    std::filesystem::path folder_;
};

// A node's database and the part of it that refreshes.
struct Node {
    Node(std::filesystem::path const& folder, std::filesystem::path const& file)
        : source(folder), database(*store::Database::open(file, migrations)) {
        must(store.put_root(1, source.read("1.root.pb", trust::kMaxRootBytes).value()));
    }

    void refresh_and_find() {
        check::Refresher refresher(source, store);
        asio::io_context io;
        support::run(io, walk(refresher));
    }

    static asio::awaitable<int> walk(check::Refresher& refresher) {
        auto const trusted = co_await refresher.refresh(kNow);
        must(trusted.has_value(), trusted ? "" : trusted.error().detail);
        auto const path = path_of(0);
        auto const target = co_await refresher.find(*trusted, path);
        must(target);
        co_return 0;
    }

    Folder source;
    std::array<std::string_view, 2> migrations{store::MetadataStore::schema(),
                                               store::MetadataStore::delegations_schema()};
    store::Database database;
    store::MetadataStore store{database};
};

// The four steps, each after everything before it has been read and verified again.
void refresh_whole(Folder const& source) {
    for (int steps = 1; steps <= 5; ++steps) {
        auto set = TrustedSet::from_trusted_root(must(source.read("1.root.pb", trust::kMaxRootBytes)), kNow).value();
        for (;;) {
            auto const root = source.read(std::to_string(set.root().version() + 1) + ".root.pb", trust::kMaxRootBytes);
            if (!root) break;
            must(set.update_root(*root));
        }
        must(set.finish_root());
        if (steps < 2) continue;
        must(set.update_timestamp(must(source.read("timestamp.pb", trust::kMaxTimestampBytes))));
        if (steps < 3) continue;
        auto const snapshot = std::to_string(set.timestamp()->snapshot().version()) + ".snapshot.pb";
        must(set.update_snapshot(must(source.read(snapshot, trust::kMaxSnapshotBytes))));
        if (steps < 4) continue;
        auto const targets = std::to_string(set.named("targets")->version()) + ".targets.pb";
        must(set.update_targets(must(source.read(targets, trust::kMaxTargetsBytes))));
        if (steps == 5) must(set.find(path_of(0)));
    }
}

double kilobytes(char const* field) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        double value = 0;
        if (word == std::string(field) + ":" && status >> value) return value;
    }
    return 0;
}

template <class Work>
void measure(Work work) {
    auto const before = kilobytes("VmRSS");
    auto const start = std::chrono::steady_clock::now();
    work();
    std::chrono::duration<double, std::milli> const took = std::chrono::steady_clock::now() - start;
    std::printf("%.2f %.2f\n", took.count(), (kilobytes("VmHWM") - before) / 1024);
}

int run(std::string const& what, std::filesystem::path const& folder) {
    if (what == "whole") {
        Folder const source(folder);
        measure([&] { refresh_whole(source); });
        return 0;
    }
    support::Scratch const scratch;
    auto const file = scratch / "node.db";
    if (what == "warm") {
        // In a process of its own: the memory that it took is none of the second refresh's business.
        if (auto const child = fork(); child == 0) {
            Node(folder, file).refresh_and_find();
            _exit(0);
        } else {
            must(waitpid(child, nullptr, 0) == child, "no first refresh");
        }
    }
    Node node(folder, file);
    measure([&] { node.refresh_and_find(); });
    return 0;
}

}  // namespace
}  // namespace lanyard

int main(int argc, char** argv) {
    std::string const what = argc > 2 ? argv[1] : "";
    if (what == "make" && argc == 5) {
        lanyard::make(argv[2], std::stoi(argv[3]), std::stoi(argv[4]));
        return 0;
    }
    if (argc == 3 && (what == "cold" || what == "warm" || what == "whole")) return lanyard::run(what, argv[2]);
    std::cerr << "usage: see the head of trust_bench.cc\n";
    return 2;
}
