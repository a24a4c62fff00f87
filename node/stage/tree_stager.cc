#include "node/stage/tree_stager.h"

#include <fmt/format.h>

#include <vector>

#include "manifests/package/errc.h"
#include "node/stage/errc.h"

namespace lanyard::stage {
namespace {

namespace fs = std::filesystem;

// A digest never begins with a dot.
constexpr char const* kDiscarded = ".discarded-";

fs::path staging_in(fs::path const& home) { return home / "staging"; }
fs::path staging_of(check::Offer const& offer) { return staging_in(offer.home); }

std::string mebibytes(std::uint64_t bytes) { return fmt::format("{} MiB", (bytes >> 20) + ((bytes & 0xfffff) != 0)); }

// What the blocking part needs, by value: it may outlive the offer.
struct Job {
    fs::path file;
    fs::path staging;
    fs::path directory;
    package::Promise promise;
    std::string name;
    std::string file_name;  // of what is not unpacked
    package::MakeDurable make_durable;
    std::shared_ptr<std::atomic<bool>> stopping;

    Result<StagedRelease> run() const;

private:
    Status make_staging() const;
    Status fits() const;
    Status fill() const;
};

// Leaves staging/ empty: one staging at a time, so whatever is in it is left over.
Status Job::make_staging() const {
    auto const unusable = [&](std::string const& why) {
        return fail(Errc::unusable_home,
                    fmt::format("cannot use {}: {}; check its owner and mode", staging.string(), why));
    };
    std::error_code ec;
    fs::create_directories(staging.parent_path(), ec);
    if (!ec) fs::create_directory(staging, ec);
    if (ec) return unusable(ec.message());
    // A link would lead the release to wherever somebody wants it.
    if (!fs::is_directory(fs::symlink_status(staging, ec))) return unusable("it is not a directory");
    for (auto entry = fs::directory_iterator(staging, ec); !ec && entry != fs::directory_iterator();
         entry.increment(ec)) {
        std::error_code failed;
        fs::remove_all(entry->path(), failed);
        if (failed && entry->path() == directory) return unusable("leftovers cannot be removed: " + failed.message());
    }
    if (ec) return unusable(ec.message());
    return {};
}

Status Job::fits() const {
    // Each entry takes at least one block of the file system; the rest is for what others write meanwhile.
    constexpr std::uint64_t kBlock = 4096;
    constexpr std::uint64_t kSpare = 16 << 20;
    auto const& contents = promise.contents;
    std::error_code ec;
    auto const free = fs::space(staging, ec).available;
    if (ec) return {};  // a file system that cannot say: the writing will
    auto const overhead = contents.entry_count * kBlock + kSpare;
    if (free >= overhead && free - overhead >= contents.unpacked_length) return {};
    auto const needed = contents.unpacked_length + overhead;
    return fail(Errc::disk_full, fmt::format("{} {} needs {} in {}, {} are free: free another {} on that disk", name,
                                             directory.filename().string(), mebibytes(needed), staging.string(),
                                             mebibytes(free), mebibytes(needed - free)));
}

Status Job::fill() const {
    auto const going_on = [this](std::uint64_t, std::uint64_t) { return !*stopping; };
    if (release::is_archive(promise.claim.type)) {
        return package::unpack(file, directory, promise, make_durable, going_on);
    }
    return package::place_file(file, directory, file_name, promise, make_durable, going_on);
}

Result<StagedRelease> Job::run() const {
    if (auto const ready = make_staging(); !ready) return pass_on(ready);
    if (auto const enough = fits(); !enough) return pass_on(enough);
    auto const filled = fill();
    if (filled) return StagedRelease{.directory = directory};
    if (filled.error().code == package::Errc::disk_full) return fail(Errc::disk_full, filled.error().detail);
    return pass_on(filled);
}

// Out of the way under another name; nothing when there was nothing, or when it cannot be moved (then the next staging
// removes it).
std::optional<fs::path> set_aside(fs::path const& directory) {
    for (unsigned i = 0; i < 1000; ++i) {
        auto const aside =
            directory.parent_path() / fmt::format("{}{}-{}", kDiscarded, directory.filename().string(), i);
        std::error_code ec;
        if (fs::exists(fs::symlink_status(aside, ec))) continue;
        fs::rename(directory, aside, ec);
        return ec ? std::nullopt : std::optional<fs::path>(aside);
    }
    return std::nullopt;
}

asio::awaitable<void> remove_later(async::DiskPool& disk, fs::path path) {
    auto const work = [path] {
        std::error_code left_for_the_next_staging;
        return fs::remove_all(path, left_for_the_next_staging);
    };
    co_await disk.run(work);
}

}  // namespace

TreeStager::TreeStager(asio::io_context& io, async::DiskPool& disk, package::MakeDurable make_durable)
    : io_(io), disk_(disk), make_durable_(std::move(make_durable)) {}

TreeStager::~TreeStager() { stop(); }

asio::awaitable<Result<StagedRelease>> TreeStager::stage(check::Offer const& offer,
                                                         fetch::FetchedPackage const& package) {
    auto const& target = offer.target;
    Job const job{.file = package.file,
                  .staging = staging_of(offer),
                  .directory = staging_of(offer) / target.sha256.to_hex(),
                  .promise = package::promise_of(target),
                  .name = target.app.text(),
                  .file_name = package::file_name(target),
                  .make_durable = make_durable_,
                  .stopping = stopping_};
    auto const work = [job] { return job.run(); };
    auto result = co_await disk_.run(work);
    co_return result;
}

void TreeStager::discard(check::Offer const& offer) {
    auto const aside = set_aside(staging_of(offer) / offer.target.sha256.to_hex());
    if (aside) asio::co_spawn(io_, remove_later(disk_, *aside), asio::detached);
}

void TreeStager::sweep(fs::path const& home) {
    std::vector<fs::path> left;
    std::error_code failed;
    if (fs::is_symlink(staging_in(home), failed)) return;
    for (auto entry = fs::directory_iterator(staging_in(home), failed); !failed && entry != fs::directory_iterator();
         entry.increment(failed)) {
        left.push_back(entry->path());
    }
    for (auto const& path : left) {
        auto const discarded = path.filename().string().starts_with(kDiscarded);
        auto const aside = discarded ? std::optional<fs::path>(path) : set_aside(path);
        if (aside) asio::co_spawn(io_, remove_later(disk_, *aside), asio::detached);
    }
}

}  // namespace lanyard::stage
