#include <string>
#include <vector>

#include "manifests/trust/opening.h"
#include "tests/unit/manifests/trust/client.h"

namespace lanyard::trust::wire_test {
namespace {

// What protobuf would accept, and read one meaning into, while another program might read another.
class Wire : public testing::Test {
protected:
    // A timestamp of these bytes, signed as it should be.
    Result<TrustedSet::Fresh> take(std::string const& payload) {
        auto const keys = repo_.keys(RoleName::timestamp);
        auto set = at_root(repo_);
        return set.update_timestamp(RepositorySimulator::sign(RoleName::timestamp, payload, keys));
    }

    RepositorySimulator repo_{kNow};
    std::string good_ = repo_.payload(RoleName::timestamp);
};

TEST_F(Wire, AcceptsWhatTheSeederWrites) { EXPECT_TRUE(take(good_)); }

TEST_F(Wire, RefusesASingularNumberTwice) {
    expect_refused(take(good_ + "\x18\x07"), Errc::malformed, "timestamp");  // version = 7, once more
    expect_refused(take("\x18\x07" + good_), Errc::malformed, "timestamp");
}

TEST_F(Wire, RefusesASingularMessageTwice) {
    // protobuf would merge the two: another program may take the first or the last.
    expect_refused(take(good_ + std::string("\x2a\x02\x10\x09", 4)), Errc::malformed, "timestamp");
}

TEST_F(Wire, RefusesFieldsOutOfOrder) {
    expect_refused(take(good_.substr(2) + good_.substr(0, 2)), Errc::malformed, "timestamp");
}

TEST_F(Wire, RefusesAnOverlongNumber) {
    // spec = 1 in two bytes.
    expect_refused(take(std::string("\x08\x81\x00", 3) + good_.substr(2)), Errc::malformed, "timestamp");
}

TEST_F(Wire, RefusesAnOverlongTag) {
    expect_refused(take(std::string("\x88\x00\x01", 3) + good_.substr(2)), Errc::malformed, "timestamp");
}

TEST_F(Wire, RefusesANumberOfMoreThanTenBytes) {
    expect_refused(take("\x08" + std::string(10, '\xff') + "\x01" + good_.substr(2)), Errc::malformed, "timestamp");
}

TEST_F(Wire, RefusesADefaultValueThatIsWrittenOut) {
    auto const without_length = [&] {
        auto message = repo_.timestamp;
        message.clear_expires();
        return message.SerializeAsString();
    }();
    expect_refused(take(without_length + std::string("\x20\x00", 2)), Errc::malformed, "timestamp");
}

TEST_F(Wire, RefusesTrailingBytes) {
    expect_refused(take(good_ + '\0'), Errc::malformed, "timestamp");
    expect_refused(take(good_ + "\x1b"), Errc::malformed, "timestamp");
}

TEST_F(Wire, RefusesGroups) { expect_refused(take(good_ + "\x33\x34"), Errc::unknown_field, "timestamp"); }

TEST_F(Wire, RefusesTextThatIsNoUtf8) {
    repo_.timestamp.mutable_snapshot()->set_name("snapshot");
    auto payload = repo_.timestamp.SerializeAsString();
    payload[payload.find("snapshot")] = '\xff';
    expect_refused(take(payload), Errc::malformed, "timestamp");
}

TEST_F(Wire, RefusesNestingWithoutEnd) {
    // Deep groups in an unknown field are bounded by protobuf itself; the bytes are not those of a timestamp.
    EXPECT_FALSE(take(std::string(10'000, '\x33')));
}

TEST_F(Wire, RefusesAnEmptyPayload) { expect_refused(take(""), Errc::unsupported_spec, "timestamp"); }

TEST_F(Wire, RefusesAPayloadOfEachOtherRoleUnderTheTypeOfTheTimestamp) {
    for (auto const role : {RoleName::root, RoleName::snapshot, RoleName::targets}) {
        EXPECT_FALSE(take(repo_.payload(role))) << text(role);
    }
}

TEST_F(Wire, AnEnvelopeWithTwoPayloadsCountsForTheOneThatIsVerified) {
    auto const envelope = repo_.newest(RoleName::timestamp);
    v1::Envelope other;
    other.set_payload("another payload");
    auto first = at_root(repo_);
    EXPECT_FALSE(first.update_timestamp(envelope + other.SerializeAsString()));
    auto second = at_root(repo_);
    EXPECT_TRUE(second.update_timestamp(other.SerializeAsString() + envelope));
    EXPECT_EQ(second.timestamp()->version(), repo_.timestamp.version());
}

TEST_F(Wire, AVersionMayJumpAndStaysBelowTheLimit) {
    repo_.timestamp.set_version(kMaxMetadataVersion - 1);
    repo_.publish_timestamp();
    EXPECT_TRUE(take(repo_.payload(RoleName::timestamp)));
    repo_.publish_timestamp();
    expect_refused(take(repo_.payload(RoleName::timestamp)), Errc::malformed, "timestamp");
}

TEST_F(Wire, ASignatureOf63Or65BytesCountsForNothing) {
    for (auto const size : {0u, 1u, 63u, 65u, 128u}) {
        v1::Envelope envelope;
        ASSERT_TRUE(envelope.ParseFromString(repo_.newest(RoleName::timestamp)));
        envelope.mutable_signatures(0)->mutable_sig()->resize(size);
        auto set = at_root(repo_);
        expect_refused(set.update_timestamp(envelope.SerializeAsString()), Errc::arbitrary_software, "timestamp");
    }
}

}  // namespace
}  // namespace lanyard::trust::wire_test
