#include "seeder/announce/public_file.h"

#include <gtest/gtest.h>

#include <string>

namespace lanyard::announce {
namespace {

std::string const kDigest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

std::string file(std::string const& path) { return public_file(path).value_or("none").generic_string(); }

TEST(PublicFileTest, KnowsTheFilesOfTheRepository) {
    EXPECT_EQ(file("/metadata/1.root.pb"), "metadata/1.root.pb");
    EXPECT_EQ(file("/metadata/42.targets.pb"), "metadata/42.targets.pb");
    EXPECT_EQ(file("/metadata/4294967295.snapshot.pb"), "metadata/4294967295.snapshot.pb");
    EXPECT_EQ(file("/metadata/timestamp.pb"), "metadata/timestamp.pb");
    EXPECT_EQ(file("/metadata/9007199254740991.snapshot.pb"), "metadata/9007199254740991.snapshot.pb");
    EXPECT_EQ(file("/metadata/1.shop-team.pb"), "metadata/1.shop-team.pb");
    EXPECT_EQ(file("/packages/" + kDigest), "packages/" + kDigest);
    EXPECT_EQ(file("/packages/" + kDigest + ".torrent"), "packages/" + kDigest + ".torrent");
    EXPECT_EQ(file("/packages/" + kDigest + ".pieces"), "packages/" + kDigest + ".pieces");
}

TEST(PublicFileTest, KnowsNothingElse) {
    for (auto const& path : {std::string("/"),
                             std::string(""),
                             std::string("/metadata"),
                             std::string("/metadata/"),
                             std::string("/packages/"),
                             std::string("/metadata/root.pb"),
                             std::string("/metadata/.root.pb"),
                             std::string("/metadata/0.root.pb"),
                             std::string("/metadata/01.root.pb"),
                             std::string("/metadata/-1.root.pb"),
                             std::string("/metadata/1.root.pb.tmp"),
                             std::string("/metadata/1.timestamp.pb"),
                             std::string("/metadata/99999999999999999.root.pb"),
                             std::string("/metadata/1..pb"),
                             std::string("/metadata/1..hidden.pb"),
                             std::string("/metadata/1." + std::string(65, 'a') + ".pb"),
                             std::string("/metadata/1.a b.pb"),
                             std::string("/metadata/1.%2e.pb"),
                             std::string("/metadata/1.root.pb/"),
                             std::string("/metadata/sub/1.root.pb"),
                             std::string("/metadata/../seeder.db"),
                             std::string("/Metadata/timestamp.pb"),
                             "/packages/" + kDigest.substr(1),
                             "/packages/" + kDigest + "0",
                             "/packages/" + kDigest + ".tmp",
                             "/packages/A" + kDigest.substr(1),
                             "/packages/" + kDigest + ".torrent/",
                             "/packages/" + kDigest + std::string("\0", 1),
                             "/keys/" + kDigest,
                             std::string("/seeder.toml")}) {
        EXPECT_EQ(file(path), "none") << path;
    }
}

}  // namespace
}  // namespace lanyard::announce
