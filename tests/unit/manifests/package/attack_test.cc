#include "tests/unit/manifests/package/package_test.h"

namespace lanyard::package::attack_test {
namespace {

using support::Entry;
using support::folder;
using support::link_to;
using support::tar_of;
using support::zip_of;

// More than any of the attacks needs.
constexpr Contents kPlenty{.unpacked_length = 1 << 20, .entry_count = 100};

std::string several_levels(int count) {
    std::string path = "a";
    for (int i = 1; i < count; ++i) path += "/a";
    return path;
}

struct Attack {
    char const* name;
    std::vector<Entry> entries;
    char const* word;  // of the sentence that refuses it
};

std::ostream& operator<<(std::ostream& out, Attack const& attack) { return out << attack.name; }

// Every attack ends the same way: refused, and neither around the target nor in it anything is left.
class Refusal : public PackageTest {
protected:
    void expect_refused(Promise const& promised, Errc code, char const* word) {
        auto const before = support::picture(scratch.root());
        auto const unpacked = unpack_as(promised);
        ASSERT_FALSE(unpacked);
        EXPECT_EQ(unpacked.error().code, code) << unpacked.error().detail;
        EXPECT_NE(unpacked.error().detail.find(word), std::string::npos) << unpacked.error().detail;
        EXPECT_EQ(support::picture(scratch.root()), before);
        EXPECT_TRUE(made_durable.empty());
    }

    void expect_refused_and_not_inspected(Errc code, char const* word) {
        expect_refused(promise(kPlenty), code, word);
        auto const contents = inspect(package, nullptr);
        ASSERT_FALSE(contents);
        EXPECT_EQ(contents.error().code, code) << contents.error().detail;
    }
};

class InTarAndZip : public Refusal, public testing::WithParamInterface<Attack> {};

TEST_P(InTarAndZip, IsRefusedInATar) {
    put(tar_of(GetParam().entries));
    expect_refused_and_not_inspected(Errc::unsafe, GetParam().word);
}

TEST_P(InTarAndZip, IsRefusedInACompressedTar) {
    put(zstd_of(tar_of(GetParam().entries)));
    expect_refused_and_not_inspected(Errc::unsafe, GetParam().word);
}

TEST_P(InTarAndZip, IsRefusedInAZip) {
    put(zip_of(GetParam().entries));
    expect_refused_and_not_inspected(Errc::unsafe, GetParam().word);
}

INSTANTIATE_TEST_SUITE_P(
    , InTarAndZip,
    testing::Values(
        Attack{"AbsolutePath", {{.path = "/tmp/lanyard-evil"}}, "absolute"},
        Attack{"DotDot", {{.path = "../outside/victim", .content = "x"}}, "\"..\""},
        Attack{"DotDotInside", {folder("a"), {.path = "a/../../b"}}, "\"..\""},
        Attack{"TwoSlashes", {{.path = "//tmp/x"}}, "absolute"},
        Attack{"Backslash", {{.path = "..\\x/y"}}, "backslash"}, Attack{"DriveLetter", {{.path = "C:/x"}}, "colon"},
        Attack{"FileThroughALink", {link_to("l", "d"), {.path = "l/x", .content = "x"}}, "no directory"},
        Attack{"FileThroughALinkToAFolder", {folder("d"), link_to("l", "d"), {.path = "l/x"}}, "no directory"},
        Attack{"LinkOverAFolder", {folder("d"), link_to("d", "../outside"), {.path = "d/x"}}, "out of the package"},
        Attack{"LinkOverAFolderInside", {folder("d"), folder("e"), link_to("d", "e")}, "twice"},
        Attack{"FileOverALink", {link_to("l", "d"), {.path = "l", .content = "x"}}, "twice"},
        Attack{"LinkOutOfTheTree", {link_to("l", "../outside/victim")}, "out of the package"},
        Attack{"AbsoluteLink", {link_to("l", "/etc/passwd")}, "absolute"},
        Attack{
            "LinkThroughALink", {folder("a"), link_to("a/up", ".."), link_to("m", "a/up/../outside")}, "after a name"},
        Attack{"Device", {{.path = "d", .mode = 0666, .type = '3'}}, "device"},
        Attack{"Setuid", {{.path = "su", .content = "x", .mode = 04755}}, "setuid"},
        Attack{"Setgid", {{.path = "sg", .content = "x", .mode = 02755}}, "setuid"},
        Attack{"Sticky", {{.path = "t", .mode = 01777, .type = '5'}}, "sticky"},
        Attack{"Duplicate", {{.path = "a", .content = "1"}, {.path = "b"}, {.path = "a", .content = "2"}}, "twice"},
        Attack{"DuplicateFolder", {folder("a"), folder("a")}, "twice"},
        Attack{"CaseCollision", {{.path = "read.me"}, {.path = "READ.ME"}}, "upper and lower case"},
        Attack{"CaseCollisionOfFolders", {{.path = "a/x"}, {.path = "A/y"}}, "upper and lower case"},
        Attack{"UnicodeCaseCollision", {{.path = "\xc3\x84.txt"}, {.path = "\xc3\xa4.txt"}}, "upper and lower case"},
        Attack{"FileThenFolder", {{.path = "a", .content = "1"}, folder("a")}, "twice"},
        Attack{"FileThenPathThroughIt", {{.path = "a", .content = "1"}, {.path = "a/b"}}, "no directory"},
        Attack{"FolderThenFile", {{.path = "a/b"}, {.path = "a", .content = "1"}}, "twice"},
        Attack{"LongComponent", {{.path = std::string(300, 'x')}}, "255"},
        Attack{"LongPath", {{.path = several_levels(1000)}}, "1024"}, Attack{"Newline", {{.path = "a\nb"}}, "control"},
        Attack{"Escape", {{.path = "\x1b[31m"}}, "control"}, Attack{"NotUtf8", {{.path = "caf\xe9"}}, "UTF-8"},
        Attack{"ReservedName", {{.path = "lib/aux.h"}}, "Windows"},
        Attack{"TooManyEntries", std::vector<Entry>(101, {.path = "x"}), "twice"}),
    [](auto const& instance) { return std::string(instance.param.name); });

TEST_F(Refusal, OfAHardLink) {
    for (auto const* const victim : {"/etc/passwd", "a", "later"}) {
        put(tar_of({{.path = "a", .content = "x"}, {.path = "h", .type = '1', .link = victim}, {.path = "later"}}));
        expect_refused_and_not_inspected(Errc::unsafe, "hard link");
    }
}

TEST_F(Refusal, OfAFifo) {
    put(tar_of({{.path = "f", .type = '6'}}));
    expect_refused_and_not_inspected(Errc::unsafe, "device, FIFO");
}

TEST_F(Refusal, OfAttributesThatWouldBeLost) {
    auto const file = support::tar_block({.path = "f", .content = "x"});
    put(support::pax_block({"SCHILY.xattr.security.capability=x"}) + file + support::kTarEnd);
    expect_refused_and_not_inspected(Errc::unsafe, "extended attributes");
    put(support::pax_block({"SCHILY.acl.access=user::rwx,user:root:rwx:0,group::r-x,mask::rwx,other::r-x"}) + file +
        support::kTarEnd);
    expect_refused_and_not_inspected(Errc::unsafe, "access control list");
    put(support::pax_block({"GNU.sparse.map=0,1", "GNU.sparse.size=1000000", "GNU.sparse.numblocks=1"}) + file +
        support::kTarEnd);
    expect_refused_and_not_inspected(Errc::unsafe, "sparse");
}

TEST_F(Refusal, OfAPaxPathThatLeadsOut) {
    put(support::pax_block({"path=../outside/victim"}) + support::tar_block({.path = "harmless", .content = "x"}) +
        support::kTarEnd);
    expect_refused_and_not_inspected(Errc::unsafe, "\"..\"");
}

TEST_F(Refusal, OfAPaxNameThatIsNotUtf8) {
    put(support::pax_block({"path=caf\xe9"}) + support::tar_block({.path = "cafe"}) + support::kTarEnd);
    expect_refused_and_not_inspected(Errc::unsafe, "UTF-8");
}

TEST_F(Refusal, OfMoreEntriesThanPromised) {
    put(tar_of({{.path = "a"}, {.path = "b"}, {.path = "c"}}));
    expect_refused(promise({.unpacked_length = 0, .entry_count = 2}), Errc::promise_not_kept, "\"c\"");
}

TEST_F(Refusal, OfFoldersThatTheArchiveOnlyImplies) {
    put(tar_of({{.path = several_levels(50)}}));
    expect_refused(promise({.unpacked_length = 0, .entry_count = 49}), Errc::promise_not_kept, "entries");
}

TEST_F(Refusal, OfFewerEntriesThanPromised) {
    put(tar_of({{.path = "a"}, {.path = "b"}}));
    expect_refused(promise({.unpacked_length = 0, .entry_count = 3}), Errc::promise_not_kept, "2 entries");
}

TEST_F(Refusal, OfABombThatUnpacksToMoreThanPromised) {
    std::string const zeros(1 << 20, '\0');
    auto const bomb = tar_of({{.path = "bomb", .content = zeros}});
    for (auto const& bytes : {zstd_of(bomb), compressed(bomb, archive_write_add_filter_gzip),
                              compressed(bomb, archive_write_add_filter_xz)}) {
        ASSERT_LT(bytes.size(), std::size_t{10000});
        put(bytes);
        expect_refused(promise({.unpacked_length = 10000, .entry_count = 1}), Errc::promise_not_kept, "\"bomb\"");
    }
}

TEST_F(Refusal, OfFewerBytesThanPromised) {
    put(tar_of({{.path = "a", .content = "123"}}));
    expect_refused(promise({.unpacked_length = 4, .entry_count = 1}), Errc::promise_not_kept, "3 bytes");
}

TEST_F(Refusal, OfAnotherFileThanTheSignedOne) {
    put(tar_of({{.path = "a", .content = "123"}}));
    auto promised = promise({.unpacked_length = 3, .entry_count = 1});
    put(tar_of({{.path = "a", .content = "666"}}));
    expect_refused(promised, Errc::digest_mismatch, promised.sha256.to_hex().c_str());
    promised.length += 512;
    expect_refused(promised, Errc::digest_mismatch, "bytes");
    EXPECT_EQ(kind_of(make_error_code(Errc::digest_mismatch)), Kind::trust);
}

// Every way to compress the same tree.
std::vector<std::string> in_every_format() {
    std::vector<Entry> const entries{folder("d"), {.path = "d/f", .content = std::string(3000, 'x') + "y"}};
    auto const tar = tar_of(entries);
    return {tar, zstd_of(tar), compressed(tar, archive_write_add_filter_gzip),
            compressed(tar, archive_write_add_filter_xz), zip_of(entries)};
}

TEST_F(Refusal, OfACutOffPackage) {
    for (auto const& whole : in_every_format()) {
        for (std::size_t const missing : {std::size_t{1}, std::size_t{9}, whole.size() / 2}) {
            // A tar without its end marker is common, and nothing is missing from it.
            auto const is_plain_tar = whole.size() > 4000;
            put(whole.substr(0, whole.size() - missing - (is_plain_tar ? 1024 : 0)));
            auto const before = support::picture(scratch.root());
            auto const unpacked = unpack_as(promise({.unpacked_length = 3001, .entry_count = 2}));
            ASSERT_FALSE(unpacked) << missing;
            EXPECT_EQ(support::picture(scratch.root()), before);
        }
    }
}

TEST_F(Refusal, OfTrailingData) {
    for (auto const& whole : in_every_format()) {
        for (auto const* const more : {"x", "trailing garbage of some length"}) {
            put(whole + more);
            expect_refused(promise({.unpacked_length = 3001, .entry_count = 2}), Errc::broken, "");
        }
    }
}

TEST_F(Refusal, OfASecondTarBehindTheFirst) {
    auto const first = tar_of({{.path = "a"}});
    auto const second = tar_of({{.path = "../outside/victim", .content = "smuggled"}});
    put(zstd_of(first + second));
    expect_refused(promise({.unpacked_length = 0, .entry_count = 1}), Errc::broken, "followed");
    put(zstd_of(first) + zstd_of(second));
    expect_refused(promise({.unpacked_length = 0, .entry_count = 1}), Errc::broken, "followed");
}

TEST_F(Refusal, OfAZstdWindowOfMoreThanEightMebibytes) {
    std::string content(std::size_t{1} << 16, 'x');
    auto const tar = tar_of({{.path = "a", .content = content}});
    put(zstd_of(tar, 24));
    expect_refused(promise({.unpacked_length = content.size(), .entry_count = 1}), Errc::broken, "zstd");
    put(zstd_of(tar, 23));
    EXPECT_TRUE(unpack_as(promise({.unpacked_length = content.size(), .entry_count = 1})));
}

TEST_F(Refusal, OfADamagedStream) {
    for (auto whole : in_every_format()) {
        for (std::size_t i = 20; i < 60; ++i) whole[i] = static_cast<char>(whole[i] ^ 0x5a);
        put(whole);
        auto const before = support::picture(scratch.root());
        EXPECT_FALSE(unpack_as(promise({.unpacked_length = 3001, .entry_count = 2})));
        EXPECT_EQ(support::picture(scratch.root()), before);
    }
}

// zstd without a checksum and plain tar have nothing to compare with; there the signed digest is what counts.
TEST_F(Refusal, OfAChecksumThatDoesNotHold) {
    auto const tar = tar_of({{.path = "a", .content = "123"}});
    auto gzip = compressed(tar, archive_write_add_filter_gzip);
    gzip[gzip.size() - 6] ^= 1;
    auto xz = compressed(tar, archive_write_add_filter_xz);
    xz[xz.size() - 40] ^= 1;
    auto zip = zip_of({{.path = "a", .content = "123"}});
    zip[zip.find("123")] = '7';
    for (auto const& bytes : {gzip, xz, zip}) {
        put(bytes);
        expect_refused_and_not_inspected(Errc::broken, "");
    }
}

TEST_F(Refusal, OfAZipCompressedWithSomethingElseThanDeflate) {
    put(zip_of({{.path = "a", .content = "x"}}, {.method = 98}));
    expect_refused_and_not_inspected(Errc::unsafe, "deflate");
}

TEST_F(Refusal, OfWhatIsNoArchive) {
    put("#!/bin/sh\n");
    expect_refused(promise(kPlenty), Errc::not_an_archive, "no archive");
    put("");
    expect_refused(promise(kPlenty), Errc::not_an_archive, "no archive");
}

TEST_F(Refusal, OfAnEmptyArchive) {
    put(zip_of({}));
    expect_refused(promise({}), Errc::broken, "archive");
    put(tar_of({folder("./")}));
    expect_refused(promise({}), Errc::broken, "empty");
}

TEST_F(Refusal, OfADirectoryThatExistsAlready) {
    put(tar_of({{.path = "a"}}));
    support::write_file(target / "mine", "kept");
    expect_refused(promise({.unpacked_length = 0, .entry_count = 1}), Errc::exists, "exists");
}

TEST_F(Refusal, OfATargetThatIsALink) {
    put(tar_of({{.path = "a"}}));
    std::filesystem::create_symlink(scratch / "outside", target);
    expect_refused(promise({.unpacked_length = 0, .entry_count = 1}), Errc::exists, "exists");
}

TEST_F(Refusal, OfAPackageThatDoesNotExist) {
    auto const missing = inspect(scratch / "nowhere", nullptr);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::unreadable);
    EXPECT_FALSE(inspect(scratch / "in", nullptr));
}

}  // namespace
}  // namespace lanyard::package::attack_test
