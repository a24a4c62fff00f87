#include "manifests/trust/envelope.h"

#include <gtest/gtest.h>

namespace lanyard::trust::envelope_test {
namespace {

TEST(Pae, GivesTheTestVectorOfDsse) {
    EXPECT_EQ(pae("http://example.com/HelloWorld", "hello world"),
              "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST(Pae, TellsEveryDivisionOfTheSameBytesApart) {
    EXPECT_EQ(pae("", ""), "DSSEv1 0  0 ");
    EXPECT_NE(pae("a", "b c"), pae("a b", "c"));
    EXPECT_NE(pae("a 1", "b"), pae("a", "1 b"));
    EXPECT_EQ(pae("t", std::string_view("\0\n", 2)), std::string("DSSEv1 1 t 2 \0\n", 15));
}

TEST(PayloadType, NamesTheRole) {
    EXPECT_EQ(payload_type(RoleName::root), "application/vnd.lanyard.root.v1+protobuf");
    EXPECT_EQ(payload_type(RoleName::timestamp), "application/vnd.lanyard.timestamp.v1+protobuf");
    EXPECT_EQ(payload_type(RoleName::snapshot), "application/vnd.lanyard.snapshot.v1+protobuf");
    EXPECT_EQ(payload_type(RoleName::targets), "application/vnd.lanyard.targets.v1+protobuf");
}

TEST(Sha256, GivesTheFipsVectors) {
    EXPECT_EQ(sha256("").to_hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256("abc").to_hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(KeyId, IsTheDigestOfAlgorithmByteAndKey) {
    v1::Key key;
    key.set_alg(1);
    key.set_public_key("bc");
    EXPECT_EQ(key_id(key), sha256("\x01"
                                  "bc"));
    key.set_alg(257);
    EXPECT_NE(key_id(key), sha256("\x01"
                                  "bc"));
}

}  // namespace
}  // namespace lanyard::trust::envelope_test
