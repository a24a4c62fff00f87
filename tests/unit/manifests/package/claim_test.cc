#include "tests/support/binaries.h"
#include "tests/unit/manifests/package/package_test.h"

namespace lanyard::package {
namespace {

using release::PackageType;
using support::Entry;
using support::tar_of;

class ClaimTest : public PackageTest {
protected:
    static release::Platform platform(char const* text) { return release::Platform::parse(text).value(); }

    Status borne_out(std::string const& bytes, PackageType type, char const* where = "linux/amd64") {
        put(bytes);
        return bears_out(package, {type, platform(where)});
    }

    void expect_refused(Status const& judged, char const* word) {
        ASSERT_FALSE(judged);
        EXPECT_EQ(judged.error().code, Errc::wrong_content) << judged.error().detail;
        EXPECT_NE(judged.error().detail.find(word), std::string::npos) << judged.error().detail;
    }

    std::vector<std::pair<PackageType, std::string>> const one_of_each{
        {PackageType::tree, tar_of({{.path = "a", .content = "x"}})},
        {PackageType::deb, support::deb()},
        {PackageType::rpm, support::rpm()},
        {PackageType::exe, support::pe(0x8664, 0)},
        {PackageType::msi, support::msi()},
        {PackageType::pkg, support::xar()},
        {PackageType::dmg, support::disk_image()},
    };
};

TEST_F(ClaimTest, EachTypeIsBorneOutByItsOwnContentAndByNoOther) {
    for (auto const& [type, unused] : one_of_each) {
        for (auto const& [content, bytes] : one_of_each) {
            auto const judged = borne_out(bytes, type);
            EXPECT_EQ(judged.has_value(), type == content) << release::text(type) << " of " << release::text(content);
            if (!judged) expect_refused(judged, std::string(release::text(type)).c_str());
        }
    }
}

TEST_F(ClaimTest, AFileMayBeAnything) {
    for (auto const& [unused, bytes] : one_of_each) EXPECT_TRUE(borne_out(bytes, PackageType::file, "any/any"));
    EXPECT_TRUE(borne_out("#!/bin/sh\n", PackageType::file));
}

TEST_F(ClaimTest, AScriptSaysWhatRunsIt) {
    EXPECT_TRUE(borne_out("#!/bin/sh\n", PackageType::script));
    expect_refused(borne_out("echo hello\n", PackageType::script), "#!");
    expect_refused(borne_out(support::elf(2, 62), PackageType::script), "#!");
}

TEST_F(ClaimTest, NamesWhatIsThereInstead) {
    expect_refused(borne_out(support::deb(), PackageType::rpm), "a Debian package");
    expect_refused(borne_out("plain text, long enough to be none of them", PackageType::deb), "neither");
}

TEST_F(ClaimTest, AFileMayNotBeAProgramForAnotherMachine) {
    constexpr unsigned kProgram = 2;
    EXPECT_TRUE(borne_out(support::elf(kProgram, 62), PackageType::file, "linux/amd64"));
    EXPECT_TRUE(borne_out(support::elf(kProgram, 183), PackageType::file, "linux/any"));
    expect_refused(borne_out(support::elf(kProgram, 183), PackageType::file, "linux/amd64"), "linux/arm64");
    expect_refused(borne_out(support::pe(0x8664, 0), PackageType::file, "linux/amd64"), "windows/amd64");
    expect_refused(borne_out(support::mach(0x0100000c, 2), PackageType::file, "macos/amd64"), "macos/arm64");
}

TEST_F(ClaimTest, APluginHoldsASharedLibraryForItsPlatform) {
    auto const with = [](std::string const& library) {
        return tar_of({{.path = "README", .content = "x"}, {.path = "lib/shop", .content = library}});
    };
    constexpr unsigned kLibrary = 3;
    EXPECT_TRUE(borne_out(with(support::elf(kLibrary, 62)), PackageType::plugin));
    EXPECT_TRUE(borne_out(with(support::pe(0x8664, 0x2000)), PackageType::plugin, "windows/amd64"));
    EXPECT_TRUE(borne_out(with(support::mach(0x0100000c, 6)), PackageType::plugin, "macos/arm64"));
    expect_refused(borne_out(with("just text"), PackageType::plugin), "no shared library");
    expect_refused(borne_out(with(support::elf(2, 62)), PackageType::plugin), "no shared library");
    expect_refused(borne_out(with(support::elf(kLibrary, 183)), PackageType::plugin), "linux/amd64");
}

TEST_F(ClaimTest, ABundleHoldsPackagesOfItsKindAndNothingElse) {
    auto const debs = [](std::vector<Entry> entries) { return tar_of(entries); };
    EXPECT_TRUE(
        borne_out(debs({{.path = "a.deb", .content = support::deb()}, {.path = "b.deb", .content = support::deb()}}),
                  PackageType::debs));
    EXPECT_TRUE(borne_out(debs({{.path = "a.rpm", .content = support::rpm()}}), PackageType::rpms));
    expect_refused(borne_out(debs({{.path = "a.deb", .content = support::rpm()}}), PackageType::debs), "a.deb");
    expect_refused(borne_out(debs({{.path = "a.txt", .content = support::deb()}}), PackageType::debs), "a.txt");
    expect_refused(borne_out(debs({{.path = "more/a.deb", .content = support::deb()}}), PackageType::debs), "more");
    expect_refused(borne_out(debs({{.path = "a.deb", .content = support::deb()}}), PackageType::rpms), "a.deb");
    expect_refused(borne_out(support::deb(), PackageType::debs), "a Debian package");
    std::vector<Entry> many;
    for (std::size_t i = 0; i <= kMostParts; ++i) {
        many.push_back({.path = std::to_string(i) + ".deb", .content = support::deb()});
    }
    expect_refused(borne_out(debs(many), PackageType::debs), "at most 16");
}

TEST_F(ClaimTest, UnpackingHoldsThePackageAgainstTheSignedTypeAndLeavesNothing) {
    put(tar_of({{.path = "a", .content = "x"}}));
    auto promised = promise({.unpacked_length = 1, .entry_count = 1});
    promised.claim = {PackageType::plugin, platform("linux/amd64")};
    auto const before = support::picture(scratch.root());
    expect_refused(unpack_as(promised), "no shared library");
    EXPECT_EQ(support::picture(scratch.root()), before);

    put(support::rpm());
    promised = promise({.unpacked_length = 204, .entry_count = 1});
    promised.claim = {PackageType::deb, platform("linux/amd64")};
    auto const placed = place_file(
        package, target, "shop.deb", promised, [this](auto const& made) { return durable(made); }, nullptr);
    expect_refused(placed, "an RPM package");
    EXPECT_FALSE(std::filesystem::exists(target));
}

TEST_F(ClaimTest, SniffsByContentAlone) {
    for (auto const& [type, bytes] : one_of_each) {
        put(bytes);
        EXPECT_EQ(extension(sniff(package).value()), release::extensions_of(type)[type == PackageType::tree ? 3 : 0]);
    }
}

// A tar whose first name looks like something else is what its checksum says.
TEST_F(ClaimTest, ATarThatBeginsLikeAProgramIsATar) {
    put(tar_of({{.path = "MZ", .content = "x"}}));
    EXPECT_EQ(sniff(package).value(), Format::tar);
    put(tar_of({{.path = "xar", .content = "x"}}));
    EXPECT_EQ(sniff(package).value(), Format::tar);
}

}  // namespace
}  // namespace lanyard::package
