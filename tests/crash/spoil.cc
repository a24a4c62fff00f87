#include "tests/crash/spoil.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>

#include "tests/crash/tap.h"

namespace lanyard::crash {
namespace {

namespace fs = std::filesystem;

// Files of at most so many bytes are spoilt at every byte.
constexpr std::uintmax_t kSmall = 2048;

struct Damage {
    fs::path file;  // relative to the disk
    std::uintmax_t at = 0;
    std::optional<unsigned char> flipped;  // nothing: cut off there

    std::string text() const {
        return flipped ? fmt::format("{}: byte {} changed by {:#x}", file.string(), at, *flipped)
                       : fmt::format("{}: cut to {} bytes", file.string(), at);
    }
    void inflict(fs::path const& root) const {
        if (!flipped) return fs::resize_file(root / file, at);
        std::fstream inout(root / file, std::ios::in | std::ios::out | std::ios::binary);
        inout.seekg(static_cast<std::streamoff>(at));
        auto const byte = static_cast<unsigned char>(inout.get());
        inout.seekp(static_cast<std::streamoff>(at));
        inout.put(static_cast<char>(byte ^ *flipped));
    }
};

class Spoiler {
public:
    Spoiler(fs::path scratch, Releases const& releases, Task const& task, Plan const& plan)
        : scratch_(std::move(scratch)), releases_(releases), task_(task), plan_(plan), random_(plan.seed) {}

    Tally run() {
        Disk const rest{scratch_ / "rest"};
        fs::create_directories(rest.state());
        for (std::uint64_t number = 1; number <= task_.from; ++number) must_reach(rest, number);
        try_all("at rest", rest.root, plan_.most / 2);
        for (unsigned part = 1; part <= 4; ++part) {
            // Where the others will be: the journal of an attempt names its directory.
            auto const killed = scratch_ / "killed";
            fs::remove_all(killed);
            kill_in(copied(rest.root), part);
            fs::rename(scratch_ / "disk", killed);
            try_all(fmt::format("killed in part {} of 5", part), killed, plan_.most / 8);
        }
        return tally_;
    }

private:
    void must_reach(Disk const& disk, std::uint64_t number) {
        Task const step{.from = number - 1, .to = number};
        operations_ = 0;
        Tap::open(
            disk.root.string(), [this](std::uint64_t) { ++operations_; }, nullptr);
        auto const lived = live(disk, releases_, step);
        Tap::close();
        if (!lived.finished) throw std::runtime_error("it is not installed: " + lived.said);
    }

    Disk copied(fs::path const& base) const {
        Disk disk{scratch_ / "disk"};
        fs::remove_all(disk.root);
        fs::copy(base, disk.root, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
        return disk;
    }

    void kill_in(Disk const& disk, unsigned part) {
        auto const child = ::fork();
        if (child == 0) {
            auto const last = operations_ * part / 5;
            Tap::open(
                disk.root.string(),
                [=](std::uint64_t number) {
                    if (number >= last) ::_exit(0);
                },
                nullptr);
            live(disk, releases_, task_);
            ::_exit(1);
        }
        int status = 0;
        if (child < 0 || ::waitpid(child, &status, 0) < 0 || status != 0) throw std::runtime_error("not killed");
    }

    // All that can be done to small files, or most of it; then random ones, the larger a file the more of it.
    std::vector<Damage> damages(fs::path const& root, std::uint64_t most) {
        std::vector<Damage> all;
        std::vector<std::pair<fs::path, std::uintmax_t>> large;
        std::vector<double> lengths;
        for (auto const& entry : fs::recursive_directory_iterator(root / "state")) {
            auto const length = entry.is_regular_file() ? entry.file_size() : 0;
            auto const file = entry.path().lexically_relative(root);
            for (std::uintmax_t at = 0; at < length && length <= kSmall; ++at) {
                for (auto const what : {0, 1, 2}) all.push_back(damage(file, at, what));
            }
            if (length <= kSmall) continue;
            large.emplace_back(file, length);
            lengths.push_back(static_cast<double>(length));
        }
        std::shuffle(all.begin(), all.end(), random_);
        if (all.size() > most * 4 / 5) all.erase(all.begin() + static_cast<std::ptrdiff_t>(most * 4 / 5), all.end());
        std::discrete_distribution<std::size_t> which(lengths.begin(), lengths.end());
        while (all.size() < most) {
            auto const& [file, length] = large.at(which(random_));
            all.push_back(damage(file, random_() % length, static_cast<int>(random_() % 8)));
        }
        return all;
    }

    Damage damage(fs::path const& file, std::uintmax_t at, int what) {
        if (what == 0) return {file, at, std::nullopt};
        if (what == 1) return {file, at, 0xff};
        return {file, at, 1U << (random_() % 8)};
    }

    void try_all(std::string const& when, fs::path const& base, std::uint64_t most) {
        for (auto const& damage : damages(base, most)) {
            auto const disk = copied(base);
            damage.inflict(disk.root);
            auto const found = look(disk, task_);
            auto const lived = live(disk, releases_, task_);
            ++tally_.tried;
            tally_.add(when + ", " + damage.text(), found, lived, look(disk, task_), task_);
        }
    }

    fs::path scratch_;
    Releases const& releases_;
    Task task_;
    Plan plan_;
    std::mt19937_64 random_;
    std::uint64_t operations_ = 0;
    Tally tally_;
};

}  // namespace

Tally spoil(fs::path const& scratch, Releases const& releases, Task const& task, Plan const& plan) {
    return Spoiler(scratch, releases, task, plan).run();
}

}  // namespace lanyard::crash
