#include <sys/stat.h>

#include "tests/unit/manifests/package/package_test.h"

namespace lanyard::package::pack_test {
namespace {

namespace fs = std::filesystem;

class Pack : public PackageTest {
protected:
    Pack() {
        support::write_file(tree / "bin" / "tool", "#!/bin/sh\n");
        fs::permissions(tree / "bin" / "tool", fs::perms{0751});
        support::write_file(tree /
                                "Gr\xc3\xbc\xc3\x9f"
                                "e",
                            std::string(100'000, 'g'));
        fs::permissions(tree /
                            "Gr\xc3\xbc\xc3\x9f"
                            "e",
                        fs::perms{0600});
        support::write_file(tree / "empty", "");
        fs::create_directories(tree / "var" / "cache");
        fs::create_symlink("../bin/tool", tree / "var" / "tool");
    }

    Result<Contents> pack_tree() { return pack(tree, package, nullptr); }

    void expect_refused(char const* word) {
        auto const before = support::picture(scratch.root());
        auto const packed = pack_tree();
        ASSERT_FALSE(packed);
        EXPECT_NE(packed.error().detail.find(word), std::string::npos) << packed.error().detail;
        EXPECT_EQ(support::picture(scratch.root()), before);
    }

    fs::path tree = scratch / "tree";
};

TEST_F(Pack, GivesWhatUnpackTakes) {
    auto const packed = pack_tree();
    ASSERT_TRUE(packed) << packed.error().detail;
    EXPECT_EQ(sniff(package).value(), Format::tar_zst);
    EXPECT_EQ(inspect(package, nullptr).value(), *packed);
    EXPECT_EQ(*packed, (Contents{.unpacked_length = 100'010, .entry_count = 7}));
    ASSERT_TRUE(unpack_as(promise(*packed)));
    fs::permissions(tree / "bin" / "tool", fs::perms{0755});
    fs::permissions(tree /
                        "Gr\xc3\xbc\xc3\x9f"
                        "e",
                    fs::perms{0644});
    EXPECT_EQ(support::picture(target), support::picture(tree));
}

TEST_F(Pack, GivesTheSameBytesForTheSameTree) {
    ASSERT_TRUE(pack_tree());
    auto const first = support::read_file(package);
    // Another copy: other order on disk, other times, other owner bits.
    auto const copy = scratch / "copy";
    fs::create_directories(copy / "var" / "cache");
    for (auto const* const file : {"empty",
                                   "Gr\xc3\xbc\xc3\x9f"
                                   "e",
                                   "bin/tool"}) {
        support::write_file(copy / file, support::read_file(tree / file));
    }
    fs::permissions(copy / "bin" / "tool", fs::perms{0700});
    fs::create_symlink("../bin/tool", copy / "var" / "tool");
    fs::last_write_time(copy / "empty", fs::file_time_type::clock::time_point{} + std::chrono::hours(24));
    ASSERT_TRUE(pack(copy, package, nullptr));
    EXPECT_EQ(support::read_file(package), first);
}

TEST_F(Pack, RefusesAFifo) {
    ASSERT_EQ(mkfifo((tree / "pipe").c_str(), 0600), 0);
    expect_refused("\"pipe\" is a device, FIFO");
}

TEST_F(Pack, RefusesALinkOutOfTheTree) {
    fs::create_symlink("../../outside/victim", tree / "var" / "out");
    expect_refused("out of the package");
}

TEST_F(Pack, RefusesASetuidProgram) {
    fs::permissions(tree / "bin" / "tool", fs::perms{04755});
    expect_refused("setuid");
}

TEST_F(Pack, RefusesNamesThatNotEveryNodeCanHave) {
    support::write_file(tree / "a:b", "");
    expect_refused("colon");
    fs::remove(tree / "a:b");
    support::write_file(tree / "EMPTY", "");
    expect_refused("upper and lower case");
}

TEST_F(Pack, RefusesAnEmptyOrMissingDirectory) {
    fs::remove_all(tree);
    expect_refused("cannot read");
    fs::create_directory(tree);
    expect_refused("empty");
}

TEST_F(Pack, LeavesNoHalfPackageWhenStopped) {
    auto const before = support::picture(scratch.root());
    auto const stopped = pack(tree, package, [](std::uint64_t, std::uint64_t) { return false; });
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, Errc::stopped);
    EXPECT_EQ(support::picture(scratch.root()), before);
}

TEST_F(Pack, SaysThatItCannotWrite) {
    auto const nowhere = pack(tree, scratch / "no" / "such" / "folder", nullptr);
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code, Errc::unwritable);
}

TEST_F(Pack, ReportsProgressUpToTheTotal) {
    std::uint64_t last = 0;
    auto const watch = [&](std::uint64_t done, std::uint64_t total) {
        EXPECT_GT(done, last);
        EXPECT_EQ(total, 100'010u);
        last = done;
        return true;
    };
    ASSERT_TRUE(pack(tree, package, watch));
    EXPECT_EQ(last, 100'010u);
}

}  // namespace
}  // namespace lanyard::package::pack_test
