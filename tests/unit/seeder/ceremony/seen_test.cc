#include "seeder/ceremony/seen.h"

#include <gtest/gtest.h>

#include <fstream>

#include "seeder/ceremony/errc.h"
#include "tests/support/scratch.h"

namespace lanyard::ceremony::seen_test {
namespace {

TEST(Seen, IsReadAsItWasWritten) {
    support::Scratch const scratch;
    auto const key = scratch.root() / "targets-1.pem";
    EXPECT_FALSE(read_seen(key).value());
    v1::KeeperSeen seen;
    seen.set_schema(1);
    seen.set_first_root("ab");
    auto& role = *seen.add_roles();
    role.set_role("targets");
    role.set_published(4);
    ASSERT_TRUE(write_seen(key, seen));
    seen.mutable_roles(0)->set_published(5);
    ASSERT_TRUE(write_seen(key, seen));
    auto const read = read_seen(scratch.root() / "targets-1.pub");
    ASSERT_TRUE(read && *read);
    EXPECT_EQ((*read)->SerializeAsString(), seen.SerializeAsString());
}

TEST(Seen, IsNeverPassedOverBecauseItCannotBeUnderstood) {
    support::Scratch const scratch;
    for (auto const* text : {"", "schema: 1", "schema: 2 first_root: \"ab\"", "rubbish {"}) {
        std::ofstream(scratch.root() / "key.seen") << text;
        auto const anchor = anchor_of({scratch.root() / "key.pem"}, std::nullopt);
        ASSERT_FALSE(anchor) << text;
        EXPECT_EQ(anchor.error().code, Errc::not_anchored);
    }
    std::ofstream(scratch.root() / "key.seen") << "schema: 1 first_root: \"ab\" #" << std::string(70'000, 'x');
    EXPECT_FALSE(read_seen(scratch.root() / "key.pem"));
}

}  // namespace
}  // namespace lanyard::ceremony::seen_test
