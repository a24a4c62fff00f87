// Archives that no honest tool makes, by the hundred: whatever is in them, nothing is written outside the directory
// that was to be filled, and no more than was promised inside.
#include <sys/resource.h>

#include <csignal>

#include "manifests/package/names.h"
#include "tests/unit/manifests/package/package_test.h"

namespace lanyard::package {
namespace {

using support::Entry;
using support::folder;
using support::link_to;
using support::little;
using support::tar_block;
using support::tar_of;
using support::zip_of;

constexpr Contents kPromised{.unpacked_length = 1 << 16, .entry_count = 64};

struct Attack {
    std::string name;
    std::string bytes;
};

// The same entries in each container.
void add(std::vector<Attack>& attacks, std::string const& name, std::vector<Entry> const& entries) {
    auto const tar = tar_of(entries);
    attacks.push_back({name + " in a tar", tar});
    attacks.push_back({name + " in a tar.zst", zstd_of(tar)});
    attacks.push_back({name + " in a zip", zip_of(entries)});
}

// `victim`: an absolute path that must not be touched.
std::vector<std::string> evil_paths(std::string const& victim) {
    using namespace std::string_literals;
    std::vector<std::string> paths{victim,
                                   "/" + victim,
                                   "//" + victim,
                                   victim + "/x",
                                   "../outside/victim",
                                   "./../outside/victim",
                                   "a/../../outside/victim",
                                   "a/b/../../../outside/victim",
                                   "../../in/outside/victim",
                                   "..",
                                   "../",
                                   "a/..",
                                   "a/../..",
                                   "..\\outside\\victim",
                                   "a\\..\\..\\victim",
                                   "\\outside",
                                   "C:\\victim",
                                   "C:victim",
                                   "c:/victim",
                                   "a:b",
                                   "\\\\server\\share\\victim",
                                   "con",
                                   "nul.txt",
                                   "lib/aux.h",
                                   "com1",
                                   "a/lpt9.dat",
                                   "a.",
                                   "a ",
                                   "a/b. ",
                                   "a//b",
                                   "a/./b",
                                   "-rf",
                                   "a/-x",
                                   "a\nb",
                                   "a\tb",
                                   "\x1b[2Jx",
                                   "\x7f",
                                   "caf\xe9",
                                   "\xc0\xae\xc0\xae/victim",
                                   "\xe2\x80\xae"
                                   "txt.exe",
                                   "e\xcc\x81",
                                   "\xef\xbb\xbf"
                                   "a",
                                   std::string(256, 'x'),
                                   std::string(1, 'd') + "/" + std::string(300, 'y')};
    std::string deep = "d";
    while (deep.size() <= 1024) deep += "/d";
    paths.push_back(deep);
    return paths;
}

std::vector<Attack> traversals(std::string const& victim) {
    std::vector<Attack> attacks;
    for (auto const& path : evil_paths(victim)) {
        add(attacks, "the file " + printable(path), {{.path = path, .content = "evil"}});
        add(attacks, "the folder " + printable(path), {folder(path), {.path = "b", .content = "x"}});
    }
    return attacks;
}

std::vector<Attack> links(std::string const& victim) {
    std::vector<Attack> attacks;
    for (auto const& target : {victim, std::string("/"), std::string("../outside/victim"), std::string("../../outside"),
                               std::string("a/../../x"), std::string("a/../b"), std::string("..\\x"), std::string(""),
                               std::string("x\ny")}) {
        add(attacks, "a link to " + printable(target), {folder("a"), link_to("l", target)});
        add(attacks, "a write through a link to " + printable(target),
            {link_to("l", target), {.path = "l/x", .content = "evil"}});
    }
    add(attacks, "a write through a link inside", {folder("d"), link_to("l", "d"), {.path = "l/x", .content = "evil"}});
    add(attacks, "a link in the place of a folder", {{.path = "d/a", .content = "x"}, link_to("d", "e")});
    add(attacks, "a file in the place of a link", {link_to("l", "x"), {.path = "l", .content = "evil"}});
    add(attacks, "two links, each inside, out together", {link_to("a/b/up", ".."), link_to("a/b/up/up", "../../..")});
    for (auto const* type : {"1", "3", "4", "6", "S"}) {
        for (auto const& to : {victim, std::string("later")}) {
            auto const special =
                tar_block("s", type[0], 0644, to, "", 0) + tar_block({.path = "later", .content = "x"});
            attacks.push_back({std::string("tar type ") + type + " to " + to, special + support::kTarEnd});
        }
    }
    for (auto const type : {'3', '6'}) {
        attacks.push_back({std::string("zip type ") + type, zip_of({{.path = "s", .type = type}})});
    }
    return attacks;
}

std::vector<Attack> clashes() {
    std::vector<Attack> attacks;
    std::pair<std::string, std::string> const pairs[] = {{"a", "a"},
                                                         {"a", "A"},
                                                         {"a/b", "A/c"},
                                                         {"read.me", "READ.ME"},
                                                         {"\xc3\xa4", "\xc3\x84"},
                                                         {"\xce\xb1", "\xce\x91"},
                                                         {"\xd0\xb6", "\xd0\x96"},
                                                         {"lib/x", "LIB/X"},
                                                         {"a/b/c", "a/B/c"},
                                                         {"stra\xc3\x9f"
                                                          "e/x",
                                                          "STRA\xc3\x9f"
                                                          "E/x"}};
    for (auto const& [one, other] : pairs) {
        add(attacks, one + " beside " + other, {{.path = one, .content = "1"}, {.path = other, .content = "2"}});
    }
    for (unsigned const mode : {04755u, 02755u, 01777u, 06755u}) {
        add(attacks, "mode " + std::to_string(mode), {{.path = "s", .content = "x", .mode = mode}});
    }
    return attacks;
}

// What two readers would understand differently.
std::vector<Attack> mismatches() {
    std::vector<Attack> attacks;
    auto const end = support::kTarEnd;
    auto const smuggled = tar_block({.path = "../outside/victim", .content = "smuggled"});
    auto const plain = tar_block({.path = "b", .content = "x"});
    for (std::uint64_t const size :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{512}, std::uint64_t{1024}, std::uint64_t{1} << 33}) {
        // The first header hides the second as content, or does not, depending on which size counts.
        auto const text = "size=" + std::to_string(size);
        bool const same = size == smuggled.size();
        if (!same)
            attacks.push_back(
                {"a pax " + text, support::pax_block({text}) + tar_block("a", '0', 0644, "", smuggled, 1024) + end});
        attacks.push_back({"a ustar " + text, tar_block("a", '0', 0644, "", "content", size) + smuggled + end});
    }
    for (auto const* record : {"path=../outside/victim", "linkpath=/etc", "path=/abs", "path=a/../../b"}) {
        attacks.push_back({std::string("a pax ") + record,
                           support::pax_block({record}) + tar_block("l", '2', 0777, "x", "", 0) + plain + end});
    }
    attacks.push_back({"a tar behind a tar", tar_of({{.path = "a"}}) + smuggled + end});
    attacks.push_back({"data behind a zip", zip_of({{.path = "a"}}) + "more"});
    attacks.push_back({"a zip behind a zip", zip_of({{.path = "a"}}) + zip_of({{.path = "../outside/victim"}})});
    auto zip = zip_of({{.path = "aaaa", .content = "1234"}});
    for (std::size_t const field : {std::size_t{14}, std::size_t{18}, std::size_t{22}}) {  // CRC, sizes: local header
        auto changed = zip;
        changed[field] = static_cast<char>(changed[field] + 1);
        auto const central = changed.find("PK\x01\x02");
        changed[central + field + 2] = static_cast<char>(changed[central + field + 2] + 1);
        attacks.push_back({"a zip with another field " + std::to_string(field), changed});
    }
    return attacks;
}

// A tar whose one file of `mebibytes` is zeros, which zstd's RLE blocks hold in 4 bytes for each 128 KiB.
std::string zstd_bomb(std::uint64_t mebibytes, std::uint64_t announced) {
    auto const header = tar_block("bomb", '0', 0644, "", "", announced);
    std::string bytes = "\x28\xb5\x2f\xfd" + std::string(1, '\0') + std::string(1, '\x58');  // window: 2 MiB
    bytes += little(std::uint64_t{header.size()} << 3, 3) + header;                          // a raw block
    for (std::uint64_t block = 0; block < mebibytes * 8; ++block) {
        bytes += little((std::uint64_t{131'072} << 3) | 0b010, 3) + '\0';
    }
    return bytes + little(0b001, 3);  // the last block, empty
}

std::vector<Attack> bombs() {
    std::vector<Attack> attacks;
    for (std::uint64_t const mebibytes :
         {std::uint64_t{1}, std::uint64_t{64}, std::uint64_t{4'096}, std::uint64_t{65'536}}) {
        auto const size = mebibytes << 20;
        if (size < (std::uint64_t{1} << 33)) {
            attacks.push_back({"a bomb of " + std::to_string(mebibytes) + " MiB", zstd_bomb(mebibytes, size)});
        }
        attacks.push_back(
            {"an announced one of " + std::to_string(mebibytes) + " MiB", zstd_bomb(1, size & 0x1ffffffff)});
    }
    std::string const zeros(1 << 20, '\0');
    auto const tar = tar_of({{.path = "bomb", .content = zeros}});
    attacks.push_back({"a gzip bomb", compressed(tar, archive_write_add_filter_gzip)});
    attacks.push_back({"an xz bomb", compressed(tar, archive_write_add_filter_xz)});
    std::vector<Entry> many;
    for (int i = 0; i < 5'000; ++i) many.push_back({.path = "f" + std::to_string(i)});
    add(attacks, "five thousand files", many);
    return attacks;
}

class AttackArchives : public PackageTest {
protected:
    // Each is refused, and afterwards everything is as it was.
    void refuse_all(std::vector<Attack> const& attacks) {
        auto const before = support::picture(scratch / "outside");
        for (auto const& attack : attacks) {
            put(attack.bytes);
            auto const around = support::picture(scratch.root());
            auto const unpacked = unpack_as(promise(kPromised));
            EXPECT_FALSE(unpacked) << attack.name;
            EXPECT_FALSE(std::filesystem::exists(std::filesystem::symlink_status(target))) << attack.name;
            ASSERT_EQ(support::picture(scratch.root()), around) << attack.name;
        }
        EXPECT_EQ(support::picture(scratch / "outside"), before);
        EXPECT_TRUE(made_durable.empty());
    }

    std::string victim = (scratch / "outside" / "victim").string();
};

TEST_F(AttackArchives, ThereAreHundredsOfThem) {
    auto const count =
        traversals(victim).size() + links(victim).size() + clashes().size() + mismatches().size() + bombs().size();
    EXPECT_GE(count, 400u);
    RecordProperty("archives", static_cast<int>(count));
}

TEST_F(AttackArchives, NoPathLeadsOut) { refuse_all(traversals(victim)); }
TEST_F(AttackArchives, NoLinkDeviceOrHardLinkIsFollowedOrMade) { refuse_all(links(victim)); }
TEST_F(AttackArchives, NoTwoEntriesMeetAndNoModeIsTaken) { refuse_all(clashes()); }
TEST_F(AttackArchives, NoSecondReadingIsPossible) { refuse_all(mismatches()); }

// A file may not even grow beyond the promise for a moment.
TEST_F(AttackArchives, NoBombFillsTheDiskOrTheMemory) {
    struct rlimit old {};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
    auto const attacks = bombs();
    std::signal(SIGXFSZ, SIG_IGN);
    for (auto const& attack : attacks) {
        put(attack.bytes);
        auto const promised = promise(kPromised);
        struct rlimit const tight{kPromised.unpacked_length, old.rlim_max};
        ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
        struct rusage before {};
        getrusage(RUSAGE_SELF, &before);
        auto const unpacked = unpack_as(promised);
        struct rusage after {};
        getrusage(RUSAGE_SELF, &after);
        ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
        ASSERT_FALSE(unpacked) << attack.name;
        EXPECT_EQ(unpacked.error().code, Errc::promise_not_kept) << attack.name << ": " << unpacked.error().detail;
        EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 128 * 1024) << attack.name;  // KiB
        EXPECT_FALSE(std::filesystem::exists(target));
    }
    std::signal(SIGXFSZ, SIG_DFL);
}

}  // namespace
}  // namespace lanyard::package
