#include "tests/unit/manifests/package/package_test.h"

namespace lanyard::package::unpack_test {
namespace {

namespace fs = std::filesystem;
using support::Entry;
using support::folder;
using support::link_to;
using support::tar_of;
using support::zip_of;

std::vector<Entry> const kTree{folder("bin"),
                               {.path = "bin/tool", .content = "#!/bin/sh\nexit 0\n", .mode = 0750},
                               {.path = "share/Gr\xc3\xbc\xc3\x9f"
                                        "e.txt",
                                .content = "hello",
                                .mode = 0600},
                               {.path = "share/empty"},
                               folder("var/cache"),
                               link_to("lib/current", "../bin/tool")};

constexpr Contents kTreeContents{.unpacked_length = 22, .entry_count = 9};

std::string mode(unsigned bits) { return "mode " + std::to_string(bits) + " "; }

std::map<std::string, std::string> const kUnpacked{
    {"bin", mode(0755) + "directory"},
    {"bin/tool", mode(0755) + "file #!/bin/sh\nexit 0\n"},
    {"share", mode(0755) + "directory"},
    {"share/Gr\xc3\xbc\xc3\x9f"
     "e.txt",
     mode(0644) + "file hello"},
    {"share/empty", mode(0644) + "file "},
    {"var", mode(0755) + "directory"},
    {"var/cache", mode(0755) + "directory"},
    {"lib", mode(0755) + "directory"},
    {"lib/current", mode(0777) + "link ../bin/tool"},
};

struct Packed {
    Format format;
    std::string bytes;
};

std::vector<Packed> in_every_format() {
    auto const tar = tar_of(kTree);
    return {{Format::tar, tar},
            {Format::tar_gz, compressed(tar, archive_write_add_filter_gzip)},
            {Format::tar_xz, compressed(tar, archive_write_add_filter_xz)},
            {Format::tar_zst, zstd_of(tar)},
            {Format::zip, zip_of(kTree)}};
}

class Unpack : public PackageTest {};

TEST_F(Unpack, GivesTheSameTreeFromEveryFormat) {
    for (auto const& [format, bytes] : in_every_format()) {
        put(bytes);
        ASSERT_EQ(sniff(package).value(), format);
        EXPECT_EQ(inspect(package, nullptr).value(), kTreeContents) << extension(format);
        auto const unpacked = unpack_as(promise(kTreeContents));
        ASSERT_TRUE(unpacked) << extension(format) << ": " << unpacked.error().detail;
        EXPECT_EQ(support::picture(target), kUnpacked) << extension(format);
        EXPECT_EQ(fs::status(target).permissions(), fs::perms{0755});
        EXPECT_EQ(made_durable, std::vector<fs::path>{target});
        made_durable.clear();
        fs::remove_all(target);
    }
}

TEST_F(Unpack, TakesFoldersThatComeAfterTheirFilesAndALeadingDot) {
    put(tar_of({folder("./"), {.path = "./a/b", .content = "x"}, folder("./a/")}));
    ASSERT_TRUE(unpack_honestly());
    EXPECT_EQ(support::read_file(target / "a" / "b"), "x");
}

TEST_F(Unpack, ReadsPaxNamesInWhateverLocale) {
    put(support::pax_block({"path=caf\xc3\xa9/\xe6\x97\xa5"}) + support::tar_block({.path = "x", .content = "1"}) +
        support::kTarEnd);
    ASSERT_TRUE(unpack_honestly());
    EXPECT_EQ(support::read_file(target / "caf\xc3\xa9" / "\xe6\x97\xa5"), "1");
}

TEST_F(Unpack, TakesLongNamesUpToTheLimits) {
    auto const path = std::string(200, 'a') + "/" + std::string(255, 'b');
    put(tar_of({{.path = path, .content = "x"}, link_to("l", path)}));
    ASSERT_TRUE(unpack_honestly());
    EXPECT_EQ(support::read_file(target / "l"), "x");
}

TEST_F(Unpack, TakesATarWithoutItsEndMarkAndWithPadding) {
    auto const file = support::tar_block({.path = "a", .content = "x"});
    put(file);
    ASSERT_TRUE(unpack_honestly());
    fs::remove_all(target);
    put(file + std::string(10240, '\0'));
    EXPECT_TRUE(unpack_honestly());
}

TEST_F(Unpack, TakesAZipWithAComment) {
    put(zip_of({{.path = "a", .content = "x"}}, {.comment = "PK\x05\x06 made by somebody"}));
    EXPECT_TRUE(unpack_honestly());
}

TEST_F(Unpack, TakesSeveralFramesOrMembers) {
    auto const tar = tar_of({{.path = "a", .content = std::string(5000, 'x')}});
    auto const gzip = [](std::string const& bytes) { return compressed(bytes, archive_write_add_filter_gzip); };
    for (auto const& bytes : {zstd_of(tar.substr(0, 1000)) + zstd_of("") + zstd_of(tar.substr(1000)),
                              gzip(tar.substr(0, 1000)) + gzip("") + gzip(tar.substr(1000))}) {
        put(bytes);
        ASSERT_TRUE(unpack_honestly());
        EXPECT_EQ(support::read_file(target / "a"), std::string(5000, 'x'));
        fs::remove_all(target);
    }
}

TEST_F(Unpack, KeepsFilesLargerThanItsBuffers) {
    std::string content(1'300'000, '\0');
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * i >> 7);
    std::vector<Entry> const entries{{.path = "a", .content = content}, {.path = "b", .content = "end"}};
    for (auto const& bytes : {tar_of(entries), zstd_of(tar_of(entries)), zip_of(entries),
                              compressed(tar_of(entries), archive_write_add_filter_gzip)}) {
        put(bytes);
        ASSERT_TRUE(unpack_honestly());
        EXPECT_EQ(support::read_file(target / "a"), content);
        EXPECT_EQ(support::read_file(target / "b"), "end");
        fs::remove_all(target);
    }
}

TEST_F(Unpack, LeavesNothingWhenItCannotBeMadeDurable) {
    put(tar_of(kTree));
    durability = fail(Errc::unwritable, "the disk said no");
    auto const unpacked = unpack_as(promise(kTreeContents));
    ASSERT_FALSE(unpacked);
    EXPECT_EQ(unpacked.error().detail, "the disk said no");
    EXPECT_FALSE(fs::exists(target));
}

TEST_F(Unpack, CannotBeEnteredByOthersBeforeItIsWhole) {
    std::vector<Entry> entries;
    for (int i = 0; i < 200; ++i)
        entries.push_back({.path = "f" + std::to_string(i), .content = std::string(20000, 'x')});
    put(tar_of(entries));
    auto const contents = inspect(package, nullptr).value();
    int seen = 0;
    auto const look = [&](std::uint64_t, std::uint64_t) {
        if (fs::exists(target)) {
            EXPECT_EQ(fs::status(target).permissions(), fs::perms::owner_all);
            ++seen;
        }
        return true;
    };
    ASSERT_TRUE(unpack(
        package, target, promise(contents), [](auto const&) { return Status(); }, look));
    EXPECT_GT(seen, 0);
}

TEST_F(Unpack, StopsWhenAskedAndLeavesNothing) {
    put(tar_of({{.path = "a", .content = std::string(2 << 20, 'x')}}));
    auto const contents = inspect(package, nullptr).value();
    std::uint64_t last = 0;
    auto const stop_late = [&](std::uint64_t done, std::uint64_t total) {
        EXPECT_GE(done, last);
        EXPECT_LE(done, total);
        last = done;
        return done < total * 3 / 4;
    };
    auto const stopped = unpack(
        package, target, promise(contents), [](auto const&) { return Status(); }, stop_late);
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, Errc::stopped);
    EXPECT_FALSE(fs::exists(target));
}

// Somebody writes to the package between its verification and its decoding.
TEST_F(Unpack, NoticesThatThePackageChangesMeanwhile) {
    std::vector<Entry> const entries{{.path = "a", .content = std::string(1'300'000, 'x')}};
    for (auto const& bytes : {tar_of(entries), zip_of(entries)}) {
        put(bytes);
        auto const promised = promise(inspect(package, nullptr).value());
        bool changed = false;
        auto const meddle = [&](std::uint64_t done, std::uint64_t total) {
            if (done >= total / 2 && !changed) {
                std::fstream file(package, std::ios::in | std::ios::out | std::ios::binary);
                file.seekp((1 << 20) + 100);
                file << "evil";
                changed = true;
            }
            return true;
        };
        auto const unpacked = unpack(
            package, target, promised, [](auto const&) { return Status(); }, meddle);
        ASSERT_TRUE(changed);
        ASSERT_FALSE(unpacked);
        EXPECT_EQ(unpacked.error().code, Errc::digest_mismatch);
        EXPECT_FALSE(fs::exists(target));
    }
}

TEST_F(Unpack, SurvivesAnyFlippedByte) {
    for (auto const& [format, bytes] : in_every_format()) {
        for (std::size_t at = 0; at < bytes.size(); at += 37) {
            auto hurt = bytes;
            hurt[at] = static_cast<char>(hurt[at] ^ 0x11);
            put(hurt);
            auto const contents = inspect(package, nullptr);
            // Another name may imply another folder, but no more than that.
            auto const count = contents ? contents->entry_count : 0;
            EXPECT_LE(count, kTreeContents.entry_count + 1) << extension(format) << " " << at;
        }
    }
}

class PlaceFile : public PackageTest {
protected:
    Status place(std::string const& name, Contents const& contents) {
        return place_file(
            package, target, name, promise(contents), [this](auto const& made) { return durable(made); }, nullptr);
    }
};

TEST_F(PlaceFile, CopiesAProgramAndMakesItExecutable) {
    put("\x7f"
        "ELF program");
    auto const placed = place("tool", {.unpacked_length = 12, .entry_count = 1});
    ASSERT_TRUE(placed) << placed.error().detail;
    EXPECT_EQ(support::picture(target), (std::map<std::string, std::string>{{"tool", mode(0755) + "file \x7f"
                                                                                                  "ELF program"}}));
    EXPECT_EQ(made_durable, std::vector<fs::path>{target});
}

TEST_F(PlaceFile, RefusesNamesThatAreNoFileName) {
    put("x");
    for (auto const* const name : {"", ".", "..", "a/b", "/a", "a/", "./a", "nul", "-x"}) {
        EXPECT_FALSE(place(name, {.unpacked_length = 1, .entry_count = 1})) << name;
        EXPECT_FALSE(fs::exists(target));
    }
}

TEST_F(PlaceFile, KeepsToThePromise) {
    put("12345");
    for (auto const& wrong :
         {Contents{.unpacked_length = 4, .entry_count = 1}, Contents{.unpacked_length = 5, .entry_count = 2}}) {
        auto const placed = place("tool", wrong);
        ASSERT_FALSE(placed);
        EXPECT_EQ(placed.error().code, Errc::promise_not_kept);
        EXPECT_FALSE(fs::exists(target));
    }
    auto promised = promise({.unpacked_length = 5, .entry_count = 1});
    put("54321");
    auto const other = place_file(
        package, target, "tool", promised, [](auto const&) { return Status(); }, nullptr);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Errc::digest_mismatch);
    EXPECT_FALSE(fs::exists(target));
}

class Sniff : public PackageTest {};

TEST_F(Sniff, TakesACompressedFileThatIsNoTarAsItIs) {
    for (auto const& bytes : {compressed("just text", archive_write_add_filter_gzip), zstd_of("just text"),
                              std::string("text"), std::string(), std::string(2000, '\0')}) {
        put(bytes);
        EXPECT_EQ(sniff(package).value(), Format::raw);
    }
}

TEST_F(Sniff, NamesEachFormatByItsUsualExtension) {
    EXPECT_STREQ(extension(Format::tar_zst), "tar.zst");
    EXPECT_STREQ(extension(Format::tar_gz), "tar.gz");
    EXPECT_STREQ(extension(Format::raw), "bin");
}

TEST_F(Sniff, DigestsLikeEverybodyElse) {
    put("abc");
    EXPECT_EQ(digest_file(package, nullptr).value().to_hex(),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    put("");
    EXPECT_EQ(digest_file(package, nullptr).value().to_hex(),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace lanyard::package::unpack_test
