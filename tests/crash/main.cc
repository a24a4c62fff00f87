// crash_walk: lives of a node that end too early. Driven by scripts/crash; all paths must exist.
//
//   crash_walk live DISK RELEASES FROM TO healthy|sick    one life; 0: finished, 3: not, 4: something torn was started
//   crash_walk recover DISK RELEASES FROM TO ...          looks, lives, looks again; one line of JSON
//   crash_walk states SCRATCH RELEASES FROM TO ... MOST SEED [deaf]     see states.h
//   crash_walk cuts DEVICE TYPE OPTIONS MOUNTED_AT RELEASES MOST SEED [deaf]   see cuts.h
//   crash_walk spoil SCRATCH RELEASES FROM TO ... MOST SEED             see spoil.h
//
// LANYARD_TELL=1: every event of the node on stderr.
// LANYARD_SHORT_WRITE=NUMBER: that change, if it is a write, does half of it; 5 when it is none.
//
// For strace, which counts the calls of each thread by itself: `live` looks for /crash-walk-begins when the life
// begins, and with LANYARD_BURN=main|pool:NUMBER:TIMES in the environment that thread has made TIMES calls of that
// number then, all of them wrong ones; and nothing that is started is looked at.
#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <vector>

#include "tests/crash/cuts.h"
#include "tests/crash/spoil.h"
#include "tests/crash/tap.h"

namespace lanyard::crash {
namespace {

using Words = std::vector<std::string>;

std::uint64_t number(std::string const& word) { return std::stoull(word); }

Task task_from(Words const& words, std::size_t at) {
    return {.from = number(words.at(at)), .to = number(words.at(at + 1)), .sick = words.at(at + 2) == "sick"};
}

int live_once(Words const& words) {
    Disk const disk{words.at(1)};
    Releases const releases(words.at(2));
    auto task = task_from(words, 3);
    task.watched = std::getenv("LANYARD_BURN") == nullptr;
    auto const* const short_write = std::getenv("LANYARD_SHORT_WRITE");
    if (short_write) {
        Tap::open(disk.root.string(), nullptr, nullptr);
        Tap::shorten(number(short_write));
    }
    ::access("/crash-walk-begins", F_OK);
    burn("main");
    auto const lived = live(disk, releases, task);
    if (short_write && !Tap::shortened()) return 5;
    std::cerr << lived.said;
    if (lived.torn) std::cerr << *lived.torn << '\n';
    if (lived.torn) return 4;
    return lived.finished ? 0 : 3;
}

int recover(Words const& words) {
    Disk const disk{words.at(1)};
    Releases const releases(words.at(2));
    auto const task = task_from(words, 3);
    auto const found = look(disk, task);
    auto const lived = live(disk, releases, task);
    Tally tally;
    tally.tried = 1;
    tally.add("", found, lived, look(disk, task), task);
    std::cout << tally.to_json() << '\n';
    return 0;
}

Plan plan_from(Words const& words, std::size_t at) {
    return {number(words.at(at)), number(words.at(at + 1)), words.size() > at + 2 && words[at + 2] == "deaf"};
}

int states(Words const& words) {
    auto const tally = try_states(words.at(1), Releases(words.at(2)), task_from(words, 3), plan_from(words, 6));
    std::cout << tally.to_json() << '\n';
    return 0;
}

int cuts(Words const& words) {
    Device const device{words.at(1), words.at(2), words.at(3), words.at(4)};
    std::cout << cut_power(device, Releases(words.at(5)), plan_from(words, 6)).to_json() << '\n';
    return 0;
}

int spoilt(Words const& words) {
    auto const tally = spoil(words.at(1), Releases(words.at(2)), task_from(words, 3), plan_from(words, 6));
    std::cout << tally.to_json() << '\n';
    return 0;
}

int obey(Words const& words) {
    auto const verb = words.empty() ? std::string() : words.front();
    if (verb == "live") return live_once(words);
    if (verb == "recover") return recover(words);
    if (verb == "states") return states(words);
    if (verb == "cuts") return cuts(words);
    if (verb == "spoil") return spoilt(words);
    std::cerr << "crash_walk: say live, recover, states, cuts or spoil\n";
    return 2;
}

}  // namespace
}  // namespace lanyard::crash

int main(int argc, char** argv) {
    google::protobuf::SetLogHandler(nullptr);
    try {
        return lanyard::crash::obey({argv + 1, argv + argc});
    } catch (std::exception const& failure) {
        std::cerr << "crash_walk: " << failure.what() << '\n';
        return 1;
    }
}
