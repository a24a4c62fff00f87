#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include "manifests/package/errc.h"
#include "node/apply/version_directories.h"
#include "node/platform/linux_durability.h"
#include "node/platform/linux_place.h"
#include "node/stage/tree_stager.h"
#include "tests/support/archives.h"
#include "tests/support/loop.h"
#include "tests/support/sample_target.h"
#include "tests/support/tree.h"

namespace lanyard::platform {
namespace {

namespace fs = std::filesystem;
using support::read_file;
using support::write_file;

// A file system of one mebibyte that only this process sees; `mounted()` is false where that is not allowed.
class SmallDisk {
public:
    explicit SmallDisk(fs::path path) : path_(std::move(path)) {
        fs::create_directory(path_);
        mounted_ = unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                   mount("none", path_.c_str(), "tmpfs", 0, "size=1m") == 0;
    }
    ~SmallDisk() {
        if (mounted_) umount(path_.c_str());
    }
    SmallDisk(SmallDisk const&) = delete;
    SmallDisk& operator=(SmallDisk const&) = delete;

    bool mounted() const { return mounted_; }

private:
    fs::path path_;
    bool mounted_ = false;
};

package::Promise promise_of(fs::path const& file) {
    return {.sha256 = package::digest_file(file, nullptr).value(),
            .length = fs::file_size(file),
            .contents = package::inspect(file, nullptr).value()};
}

TEST(LinuxDurability, KeepsADirectoryAndSaysWhenItCannot) {
    support::Scratch const scratch;
    write_file(scratch / "tree" / "a", "x");
    EXPECT_TRUE(make_durable(scratch / "tree"));
    EXPECT_FALSE(make_durable(scratch / "missing"));
    fs::create_directory_symlink(scratch / "tree", scratch / "link");
    EXPECT_FALSE(make_durable(scratch / "link"));
}

TEST(UnpackOnAFullDisk, IsReportedAndLeavesNothing) {
    support::Scratch const scratch;
    SmallDisk const disk(scratch / "disk");
    if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount";
    write_file(scratch / "package", support::tar_of({{.path = "fits", .content = "x"},
                                                     {.path = "big", .content = std::string(2 << 20, 'x')}}));
    auto const promise = promise_of(scratch / "package");
    auto const target = scratch / "disk" / "target";
    auto const unpacked = package::unpack(scratch / "package", target, promise, make_durable, nullptr);
    ASSERT_FALSE(unpacked);
    EXPECT_EQ(unpacked.error().code, package::Errc::disk_full) << unpacked.error().detail;
    EXPECT_TRUE(fs::is_empty(scratch / "disk"));
}

TEST(StageAndApply, MakeTheReleaseOfAPackageCurrent) {
    support::Scratch const scratch;
    write_file(scratch / "tree" / "bin" / "app", "#!/bin/sh\n");
    write_file(scratch / "tree" / "share" / "data", std::string(300'000, 'd'));
    auto const file = scratch / "package.tar.zst";
    ASSERT_TRUE(package::pack(scratch / "tree", file, nullptr));
    auto const promise = promise_of(file);

    check::Offer offer{.target = support::sample_target("app", "1.2.0", 7), .running = {}, .home = scratch / "home"};
    offer.target.sha256 = promise.sha256;
    offer.target.length = promise.length;
    offer.target.unpacked_length = promise.contents.unpacked_length;
    offer.target.entry_count = promise.contents.entry_count;
    asio::io_context io;
    async::DiskPool disk(1);
    stage::TreeStager stager(io, disk, make_durable);
    fetch::FetchedPackage const fetched{.file = file, .sources = {}};
    auto const staged = support::run(io, stager.stage(offer, fetched));
    ASSERT_TRUE(staged) << staged.error().detail;

    LinuxPlace place;
    apply::VersionDirectories versions(place);
    ASSERT_TRUE(versions.switch_to(offer, *staged));
    EXPECT_EQ(versions.current(offer.home).value(), "1.2.0");
    EXPECT_EQ(read_file(offer.home / "current" / "bin" / "app"), "#!/bin/sh\n");
    EXPECT_EQ(read_file(offer.home / "current" / "share" / "data"), std::string(300'000, 'd'));
    EXPECT_TRUE(fs::is_empty(offer.home / "staging"));
}

}  // namespace
}  // namespace lanyard::platform
