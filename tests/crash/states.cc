#include "tests/crash/states.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>
#include <unordered_set>

#include "tests/crash/model.h"

namespace lanyard::crash {
namespace {

namespace fs = std::filesystem;
using Arrived = Model::Arrived;

constexpr std::size_t kMostFaults = 10;
// Random draws that bring nothing new before a walk is taken to be exhausted.
constexpr std::uint64_t kMostInVain = 20'000;
// States whose recovery is cut off in turn, and how many states each may give.
constexpr std::size_t kMostRecoveries = 200;

std::string quoted(std::string const& text) {
    std::string out = "\"";
    for (char const c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + "\"";
}

class Explorer {
public:
    Explorer(fs::path scratch, Releases const& releases, Task const& task, Plan const& plan)
        : scratch_(std::move(scratch)),
          releases_(releases),
          task_(task),
          most_(plan.most),
          deaf_(plan.deaf),
          random_(plan.seed) {}

    Tally run() {
        auto const disk = fresh_disk();
        if (task_.from != 0) set_up(disk);
        auto const share = most_ - most_ / 5;
        explore(Model::of(disk.root), share);
        in_recovery_ = true;
        for (std::size_t i = 0; i < recoveries_.size() && tally_.tried < most_; ++i) {
            auto const base = recoveries_[i];
            explore(base, std::min(most_, tally_.tried + (most_ - share) / recoveries_.size() + 1));
        }
        return tally_;
    }

private:
    Disk fresh_disk() {
        fs::remove_all(scratch_ / "disk");
        fs::create_directories(scratch_ / "disk");
        return {scratch_ / "disk"};
    }

    void set_up(Disk const& disk) {
        fs::create_directories(disk.state());
        Task const first{.from = 0, .to = task_.from};
        auto const lived = live(disk, releases_, first);
        if (!lived.finished) throw std::runtime_error("the first release cannot be installed: " + lived.said);
    }

    // The operations of a walk that begins at `base`.
    std::vector<Op> record(Model const& base, Model& at_start) {
        auto const disk = fresh_disk();
        base.write_to(disk.root);
        fs::create_directories(disk.state());
        at_start = Model::of(disk.root);
        std::vector<Op> ops;
        Tap::open(disk.root.string(), nullptr, [&](Op op) { ops.push_back(std::move(op)); });
        if (deaf_) Tap::deafen();
        auto const lived = live(disk, releases_, task_);
        Tap::close();
        if (!lived.finished) throw std::runtime_error("the walk does not end: " + lived.said);
        auto end = at_start;
        for (auto const& op : ops) end.apply(op);
        if (end.fingerprint() != Model::of(disk.root).fingerprint()) {
            throw std::runtime_error("an operation was not seen: the model ends where the disk does not");
        }
        return ops;
    }

    void explore(Model const& base, std::uint64_t until) {
        Model at_start;
        auto const ops = record(base, at_start);
        tally_.operations = std::max<std::uint64_t>(tally_.operations, ops.size());
        // Half of what is to be tried goes to the dice; whoever tries few is to see every part of the walk.
        auto const half = tally_.tried + (until - tally_.tried) / 2;
        std::vector<std::size_t> ends(ops.size() + 1);
        std::iota(ends.begin(), ends.end(), std::size_t{0});
        std::shuffle(ends.begin(), ends.end(), random_);
        for (auto const end : ends) systematic(at_start, ops, end, half);
        std::uint64_t in_vain = 0;
        while (tally_.tried < until && in_vain < kMostInVain) {
            auto const end = std::uniform_int_distribution<std::size_t>(0, ops.size())(random_);
            auto const sure = durable(ops, end);
            auto const chance = std::uniform_real_distribution<>(0, 1)(random_);
            std::bernoulli_distribution survives(chance);
            std::discrete_distribution<int> how{8, 1, 1};
            in_vain = attempt(at_start, ops, end,
                              [&](std::size_t i, Arrived& arrived) {
                                  if (!sure[i]) arrived = static_cast<Arrived>(how(random_));
                                  return sure[i] || survives(random_);
                              })
                          ? 0
                          : in_vain + 1;
        }
    }

    // What needs no dice, at one moment of the walk.
    void systematic(Model const& start, std::vector<Op> const& ops, std::size_t end, std::uint64_t until) {
        auto const sure = durable(ops, end);
        auto const with = [&](auto survives) {
            if (tally_.tried < until) {
                attempt(start, ops, end,
                        [&](std::size_t i, Arrived& arrived) { return sure[i] || survives(i, arrived); });
            }
        };
        with([](std::size_t, Arrived&) { return true; });
        with([](std::size_t, Arrived&) { return false; });
        for (std::size_t one = 0; one < end; ++one) {
            if (sure[one]) continue;
            with([&](std::size_t i, Arrived&) { return i != one; });
            with([&](std::size_t i, Arrived&) { return i == one; });
            with([&](std::size_t i, Arrived&) { return i < one; });
            if (ops[one].kind != Op::Kind::write) continue;
            for (auto const torn : {Arrived::half, Arrived::zeros}) {
                with([&](std::size_t i, Arrived& arrived) {
                    if (i == one) arrived = torn;
                    return true;
                });
                with([&](std::size_t i, Arrived& arrived) {
                    if (i == one) arrived = torn;
                    return i <= one;
                });
            }
        }
    }

    // Whether the state was a new one.
    template <class Survives>
    bool attempt(Model const& start, std::vector<Op> const& ops, std::size_t end, Survives survives) {
        auto state = start;
        for (std::size_t i = 0; i < end; ++i) {
            auto arrived = Arrived::whole;
            if (survives(i, arrived)) state.apply(ops[i], arrived);
        }
        if (!seen_.insert(state.fingerprint()).second) return false;
        if (!in_recovery_) remember(state);
        auto const disk = fresh_disk();
        state.write_to(disk.root);
        fs::create_directories(disk.state());
        auto const found = look(disk, task_);
        auto const lived = live(disk, releases_, task_);
        ++tally_.tried;
        if (in_recovery_) ++tally_.in_recovery;
        auto const where =
            fmt::format("{}before operation {} of {}", in_recovery_ ? "in a recovery, " : "", end, ops.size());
        tally_.add(where, found, lived, look(disk, task_), task_);
        return true;
    }

    // A fair sample of the states seen so far.
    void remember(Model const& state) {
        auto const place = std::uniform_int_distribution<std::size_t>(0, seen_.size() - 1)(random_);
        if (recoveries_.size() < kMostRecoveries) {
            recoveries_.push_back(state);
        } else if (place < kMostRecoveries) {
            recoveries_[place] = state;
        }
    }

    fs::path scratch_;
    Releases const& releases_;
    Task task_;
    std::uint64_t most_;
    bool deaf_;
    std::mt19937_64 random_;
    std::unordered_set<std::uint64_t> seen_;
    std::vector<Model> recoveries_;
    bool in_recovery_ = false;
    Tally tally_;
};

}  // namespace

void Tally::add(std::string const& where, Look const& found, Lived const& lived, Look const& left, Task const& task) {
    std::string wrong;
    for (auto const& one : {found.torn, lived.torn, left.torn}) {
        if (one) wrong = "torn: " + *one;
    }
    if (!wrong.empty()) {
        ++torn;
    } else if (!lived.finished || left.current != task.goal()) {
        ++unfinished;
        wrong = fmt::format("not finished: {} is current; {}", left.current, lived.said);
    }
    if (!wrong.empty() && faults.size() < kMostFaults) faults.push_back(where + ": " + wrong);
}

std::string Tally::to_json() const {
    std::string words;
    for (auto const& fault : faults) words += (words.empty() ? "" : ", ") + quoted(fault);
    return fmt::format(
        R"({{"tried": {}, "torn": {}, "unfinished": {}, "operations": {}, "in_recovery": {}, "checked": {}, "faults": [{}]}})",
        tried, torn, unfinished, operations, in_recovery, checked, words);
}

Tally try_states(fs::path const& scratch, Releases const& releases, Task const& task, Plan const& plan) {
    return Explorer(scratch, releases, task, plan).run();
}

}  // namespace lanyard::crash
