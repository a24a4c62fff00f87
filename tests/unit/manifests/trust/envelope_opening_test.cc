#include <functional>
#include <vector>

#include "tests/unit/manifests/trust/client.h"

namespace lanyard::trust::envelope_opening_test {
namespace {

using Keys = RepositorySimulator::Keys;

// What every role has in common is shown on the timestamp.
class Opening : public testing::Test {
protected:
    void serve(std::function<void(v1::Envelope&)> const& change) {
        v1::Envelope envelope;
        ASSERT_TRUE(envelope.ParseFromString(repo_.newest(RoleName::timestamp)));
        change(envelope);
        repo_.put_file("timestamp.pb", envelope.SerializeAsString());
    }

    Result<TrustedSet::Fresh> take() {
        auto set = at_root(repo_);
        auto step = set.update_timestamp(repo_.newest(RoleName::timestamp));
        EXPECT_EQ(set.timestamp() != nullptr, step.has_value());
        return step;
    }

    RepositorySimulator repo_{kNow};
};

TEST_F(Opening, RefusesATimestampWithoutSignatures) {
    serve([](v1::Envelope& e) { e.clear_signatures(); });
    expect_refused(take(), Errc::arbitrary_software, "timestamp");
}

TEST_F(Opening, RefusesAnEmptySignature) {
    serve([](v1::Envelope& e) { e.mutable_signatures(0)->clear_sig(); });
    expect_refused(take(), Errc::arbitrary_software, "timestamp");
}

TEST_F(Opening, RefusesTheKeyOfAnotherRole) {
    repo_.put_file("timestamp.pb", RepositorySimulator::sign(RoleName::timestamp, repo_.payload(RoleName::timestamp),
                                                             repo_.keys(RoleName::targets)));
    expect_refused(take(), Errc::arbitrary_software, "timestamp");
}

TEST_F(Opening, RefusesAGoodSignatureUnderAWrongKeyId) {
    serve([](v1::Envelope& e) { e.mutable_signatures(0)->set_keyid(std::string(32, 'x')); });
    expect_refused(take(), Errc::arbitrary_software, "timestamp");
}

TEST_F(Opening, ToleratesWorthlessSignaturesBesideAThresholdOfGoodOnes) {
    serve([](v1::Envelope& e) {
        for (auto const* sig : {"", "short"}) {
            auto& extra = *e.add_signatures();
            extra.set_keyid(std::string("garbage") + sig);
            extra.set_sig(sig);
        }
    });
    EXPECT_TRUE(take());
}

TEST_F(Opening, RefusesTwoSignaturesUnderOneKeyIdEvenWithTheThresholdMet) {
    serve([](v1::Envelope& e) { *e.add_signatures() = e.signatures(0); });
    expect_refused(take(), Errc::malformed, "timestamp");
}

TEST_F(Opening, CountsThePublicKeysThatSignedAndNotTheSignatures) {
    auto const keys = RepositorySimulator::fresh_keys(3);
    repo_.set_keys(RoleName::timestamp, keys, 2);
    repo_.publish_root();
    repo_.put_file("timestamp.pb",
                   RepositorySimulator::sign(RoleName::timestamp, repo_.payload(RoleName::timestamp), Keys{keys[0]}));
    serve([&](v1::Envelope& e) {
        for (auto const& id : {key_id(keys[1]->public_key()).to_raw(), key_id(keys[2]->public_key()).to_raw(),
                               std::string(32, 'x'), std::string()}) {
            auto& again = *e.add_signatures();
            again.set_keyid(id);
            again.set_sig(e.signatures(0).sig());
        }
    });
    expect_refused(take(), Errc::arbitrary_software, "timestamp");
    repo_.put_file("timestamp.pb", RepositorySimulator::sign(RoleName::timestamp, repo_.payload(RoleName::timestamp),
                                                             Keys{keys[2], keys[0]}));
    EXPECT_TRUE(take());
}

TEST_F(Opening, RefusesAChangedBitInAnyByte) {
    auto const good = repo_.newest(RoleName::timestamp);
    for (std::size_t i = 0; i < good.size(); ++i) {
        auto changed = good;
        changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
        auto set = at_root(repo_);
        EXPECT_FALSE(set.update_timestamp(changed)) << "byte " << i;
        EXPECT_EQ(set.timestamp(), nullptr);
    }
}

TEST_F(Opening, RefusesEveryCutOfTheFile) {
    auto const good = repo_.newest(RoleName::timestamp);
    auto set = at_root(repo_);
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(set.update_timestamp(good.substr(0, size))) << size << " bytes";
    }
    EXPECT_TRUE(set.update_timestamp(good));
}

TEST_F(Opening, RefusesMoreBytesThanTheRoleMayHave) {
    auto const good = repo_.newest(RoleName::timestamp);
    serve([&](v1::Envelope& e) { e.add_signatures()->set_sig(std::string(kMaxTimestampBytes - good.size(), 'x')); });
    expect_refused(take(), Errc::endless_data, "timestamp");
    repo_.put_file("timestamp.pb", good);
    serve(
        [&](v1::Envelope& e) { e.add_signatures()->set_sig(std::string(kMaxTimestampBytes - good.size() - 6, 'x')); });
    EXPECT_EQ(repo_.newest(RoleName::timestamp).size(), kMaxTimestampBytes);
    EXPECT_TRUE(take());
    auto const huge = std::string(kMaxRootBytes + 1, 'x');
    expect_refused(TrustedSet::from_trusted_root(huge, kNow), Errc::endless_data, "root");
    expect_refused(anchored(repo_)->update_root(huge), Errc::endless_data, "root");
}

TEST_F(Opening, RefusesTheFileOfAnotherRole) {
    repo_.put_file("timestamp.pb", repo_.newest(RoleName::snapshot));
    expect_refused(take(), Errc::wrong_role, "timestamp");
}

TEST_F(Opening, RefusesAPayloadTypeThatIsNotTheSignedOne) {
    repo_.put_file("timestamp.pb", repo_.newest(RoleName::snapshot));
    serve([](v1::Envelope& e) { e.set_payload_type(payload_type(RoleName::timestamp)); });
    expect_refused(take(), Errc::arbitrary_software, "timestamp");
}

TEST_F(Opening, RefusesAFileOfAnotherRepositorySignedWithTheSameKeys) {
    repo_.timestamp.set_repo_id("sixteen bytes...");
    repo_.publish_timestamp();
    expect_refused(take(), Errc::wrong_repository, "timestamp");
}

TEST_F(Opening, LooksAtSignaturesBeforeThePayload) {
    auto const garbage = std::string("\xff\xff\xff\xff");
    repo_.put_file("timestamp.pb",
                   RepositorySimulator::sign(RoleName::timestamp, garbage, RepositorySimulator::fresh_keys(1)));
    expect_refused(take(), Errc::arbitrary_software, "timestamp");
    repo_.put_file("timestamp.pb",
                   RepositorySimulator::sign(RoleName::timestamp, garbage, repo_.keys(RoleName::timestamp)));
    expect_refused(take(), Errc::malformed, "timestamp");
}

template <class Message>
void add_unknown(Message& message, int number) {
    message.GetReflection()->MutableUnknownFields(&message)->AddVarint(number, 7);
}

TEST_F(Opening, RefusesAnUnknownCriticalFieldAtAnyDepth) {
    add_unknown(repo_.timestamp, 999);
    repo_.publish_timestamp();
    expect_refused(take(), Errc::unknown_field, "timestamp");

    repo_.timestamp.DiscardUnknownFields();
    repo_.publish_timestamp();
    EXPECT_TRUE(take());
    add_unknown(*repo_.timestamp.mutable_snapshot(), 5);
    repo_.seal(RoleName::timestamp);
    expect_refused(take(), Errc::unknown_field, "timestamp");
}

TEST_F(Opening, RefusesAnUnknownCriticalFieldInARepeatedMessage) {
    repo_.targets.add_targets()->CopyFrom(support::make_target({}));
    add_unknown(*repo_.targets.mutable_targets(0)->mutable_install()->mutable_health(), 17);
    repo_.publish();
    auto set = at_root(repo_);
    expect_refused(walk(set, repo_, RoleName::targets), Errc::unknown_field, "targets");
    add_unknown(*repo_.root.mutable_keys(2), 3);
    repo_.publish_root();
    expect_refused(anchored(repo_)->update_root(repo_.newest(RoleName::root)), Errc::unknown_field, "root");
}

TEST_F(Opening, RefusesAnUnknownCriticalFieldOfTheEnvelope) {
    serve([](v1::Envelope& e) { add_unknown(e, 4); });
    expect_refused(take(), Errc::unknown_field, "timestamp");
}

TEST_F(Opening, IgnoresAnUnknownFieldFrom1000On) {
    add_unknown(repo_.timestamp, 1000);
    repo_.publish_timestamp();
    add_unknown(*repo_.timestamp.mutable_snapshot(), 536'870'911);
    repo_.seal(RoleName::timestamp);
    serve([](v1::Envelope& e) { add_unknown(e, 1000); });
    EXPECT_TRUE(take());
}

}  // namespace
}  // namespace lanyard::trust::envelope_opening_test
