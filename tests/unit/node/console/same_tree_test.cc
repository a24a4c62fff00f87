#include "node/console/same_tree.h"

#include <gtest/gtest.h>

#include "tests/support/scratch.h"

namespace lanyard::console::same_tree_test {
namespace {

namespace fs = std::filesystem;

class SameTree : public testing::Test {
protected:
    SameTree() {
        for (auto const& tree : {is_signed, installed}) {
            support::write_file(tree / "app", "program");
            fs::permissions(tree / "app", fs::perms::owner_all);
            support::write_file(tree / "share" / "data", "bytes");
            fs::create_symlink("share/data", tree / "link");
        }
    }
    TreeComparison compared() { return compare_trees(is_signed, installed); }

    support::Scratch scratch;
    fs::path is_signed = scratch / "signed";
    fs::path installed = scratch / "installed";
};

TEST_F(SameTree, FindsNoDifferenceInEqualTrees) {
    EXPECT_EQ(compared().difference, "");
    EXPECT_EQ(compared().entries, 4U);
    EXPECT_EQ(compared().added, 0U);
}

TEST_F(SameTree, CountsWhatTheApplicationHasAddedAndDoesNotMind) {
    support::write_file(installed / "share" / "cache" / "file", "x");
    EXPECT_EQ(compared().difference, "");
    EXPECT_EQ(compared().added, 2U);
}

TEST_F(SameTree, FindsOtherBytesOfTheSameLength) {
    support::write_file(installed / "share" / "data", "Bytes");
    EXPECT_EQ(compared().difference, "share/data has other bytes");
}

TEST_F(SameTree, FindsAFileThatHasBecomeLonger) {
    support::write_file(installed / "share" / "data", "bytes and more");
    EXPECT_EQ(compared().difference, "share/data has other bytes");
}

TEST_F(SameTree, FindsAMissingFile) {
    fs::remove(installed / "app");
    EXPECT_EQ(compared().difference, "app is missing");
}

TEST_F(SameTree, FindsALinkThatLeadsElsewhereAndFollowsNone) {
    fs::remove(installed / "link");
    fs::create_symlink("/etc/passwd", installed / "link");
    EXPECT_EQ(compared().difference, "link leads elsewhere");
}

TEST_F(SameTree, FindsAFileInPlaceOfALink) {
    fs::remove(installed / "link");
    support::write_file(installed / "link", "bytes");
    EXPECT_EQ(compared().difference, "link is of another kind");
}

TEST_F(SameTree, FindsAProgramThatMayNoLongerBeExecuted) {
    fs::permissions(installed / "app", fs::perms::owner_read);
    EXPECT_EQ(compared().difference, "app has another right to execute");
}

TEST_F(SameTree, AnInstalledTreeThatIsNotThereIsADifference) {
    fs::remove_all(installed);
    EXPECT_NE(compared().difference, "");
}

}  // namespace
}  // namespace lanyard::console::same_tree_test
