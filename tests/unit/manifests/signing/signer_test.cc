#include "manifests/signing/signer.h"

#include <gtest/gtest.h>

#include "manifests/signing/errc.h"
#include "manifests/trust/ed25519.h"
#include "manifests/trust/signature.h"
#include "proto/schema/lanyard/v1/envelope.pb.h"
#include "tests/support/scratch.h"

namespace lanyard::signing {
namespace {

using std::filesystem::perms;
using support::Scratch;

constexpr auto kPrivate = perms::owner_read | perms::owner_write;

// The port, without the durability.
Status write_new(std::filesystem::path const& path, std::string_view bytes) {
    if (std::filesystem::exists(path)) return fail(std::make_error_code(std::errc::file_exists), path.string());
    support::write_file(path, bytes);
    std::filesystem::permissions(path, kPrivate);
    return {};
}

TEST(Signer, SignsWhatItsPublicKeyVerifies) {
    auto const signer = generate_key().value();
    auto const signature = signer->sign("a message").value();
    EXPECT_EQ(signer->public_key().alg(), trust::kAlgEd25519);
    EXPECT_TRUE(trust::ed25519_verifies(signer->public_key().public_key(), "a message", signature));
    EXPECT_FALSE(trust::ed25519_verifies(signer->public_key().public_key(), "another", signature));
    EXPECT_EQ(signer->sign("a message").value(), signature);
}

TEST(Signer, IsAnotherKeyEachTime) {
    EXPECT_NE(generate_key().value()->public_key().public_key(), generate_key().value()->public_key().public_key());
}

TEST(KeyFile, HoldsTheKeyInPkcs8Pem) {
    Scratch const scratch;
    auto const made = generate_key_file(scratch / "root.pem", write_new);
    ASSERT_TRUE(made) << made.error().detail;
    EXPECT_TRUE(support::read_file(scratch / "root.pem").starts_with("-----BEGIN PRIVATE KEY-----\n"));
    auto const loaded = load_key_file(scratch / "root.pem");
    ASSERT_TRUE(loaded) << loaded.error().detail;
    EXPECT_EQ((*loaded)->public_key().public_key(), (*made)->public_key().public_key());
    EXPECT_EQ((*loaded)->sign("x").value(), (*made)->sign("x").value());
}

TEST(KeyFile, IsNeverReplaced) {
    Scratch const scratch;
    ASSERT_TRUE(generate_key_file(scratch / "root.pem", write_new));
    auto const before = support::read_file(scratch / "root.pem");
    auto const again = generate_key_file(scratch / "root.pem", write_new);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::key_exists);
    EXPECT_EQ(again.error().code, Kind::conflict);
    EXPECT_EQ(support::read_file(scratch / "root.pem"), before);
}

TEST(KeyFile, IsNotPromisedWhenItCouldNotBeWritten) {
    auto const full = [](std::filesystem::path const&, std::string_view) -> Status {
        return fail(std::make_error_code(std::errc::no_space_on_device), "the disk is full");
    };
    auto const key = generate_key_file("/nowhere", full);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, std::errc::no_space_on_device);
}

TEST(KeyFile, IsRefusedWhenOthersMayUseIt) {
    Scratch const scratch;
    ASSERT_TRUE(generate_key_file(scratch / "key.pem", write_new));
    for (auto const open : {perms::group_read, perms::group_write, perms::others_read, perms::others_exec}) {
        std::filesystem::permissions(scratch / "key.pem", kPrivate | open);
        auto const loaded = load_key_file(scratch / "key.pem");
        ASSERT_FALSE(loaded) << static_cast<unsigned>(open);
        EXPECT_EQ(loaded.error().code, Errc::key_exposed);
    }
    std::filesystem::permissions(scratch / "key.pem", perms::owner_read);
    EXPECT_TRUE(load_key_file(scratch / "key.pem"));
}

TEST(KeyFile, IsMissedByItsName) {
    Scratch const scratch;
    auto const loaded = load_key_file(scratch / "targets.pem");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, Errc::no_key_file);
    EXPECT_NE(loaded.error().detail.find("targets.pem"), std::string::npos);
    EXPECT_EQ(load_key_file(scratch.root()).error().code, Errc::malformed_key);
}

Passphrase typed(std::string const& words) {
    return [words](std::filesystem::path const&) -> Result<std::string> { return words; };
}

TEST(KeyFile, UnderAPassphraseOpensWithThatOneOnly) {
    Scratch const scratch;
    auto const made = generate_key_file(scratch / "key.pem", write_new, "correct horse").value();
    EXPECT_TRUE(support::read_file(scratch / "key.pem").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    EXPECT_EQ(load_key_file(scratch / "key.pem").error().code, Errc::malformed_key) << "nobody can be asked";
    EXPECT_EQ(load_key_file(scratch / "key.pem", typed("wrong")).error().code, Errc::wrong_passphrase);
    auto const loaded = load_key_file(scratch / "key.pem", typed("correct horse"));
    ASSERT_TRUE(loaded) << loaded.error().detail;
    EXPECT_EQ((*loaded)->sign("x").value(), made->sign("x").value());
}

TEST(KeyFile, GivesItsPublicHalf) {
    Scratch const scratch;
    auto const made = generate_key_file(scratch / "key.pem", write_new).value();
    auto const pem = public_key_pem(made->public_key()).value();
    EXPECT_TRUE(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    support::write_file(scratch / "key.pub", pem);
    EXPECT_EQ(public_half(scratch / "key.pem"), scratch / "key.pub");
    EXPECT_EQ(load_public_key_file(scratch / "key.pub")->public_key(), made->public_key().public_key());
    EXPECT_EQ(load_public_key_file(scratch / "key.pem")->public_key(), made->public_key().public_key());
    std::filesystem::permissions(scratch / "key.pem", kPrivate | perms::others_read);
    EXPECT_EQ(load_public_key_file(scratch / "key.pem").error().code, Errc::key_exposed);
    auto const mistaken = load_key_file(scratch / "key.pub");
    ASSERT_FALSE(mistaken);
    EXPECT_EQ(mistaken.error().code, Errc::malformed_key) << "not: exposed";
    EXPECT_NE(mistaken.error().detail.find("public half"), std::string::npos) << mistaken.error().detail;
    support::write_file(scratch / "key.pub", "hello");
    EXPECT_EQ(load_public_key_file(scratch / "key.pub").error().code, Errc::malformed_key);
}

// An X25519 key, an Ed25519 key under a passphrase (asking for it would hang a daemon), and what is no key at all.
TEST(KeyFile, IsRefusedWhenItHoldsSomethingElse) {
    Scratch const scratch;
    std::string const x25519 =
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VuBCIEIKjNMYv1JUfF3KX4/Ll4tL8O/3bL1gcgKfL6U3WGVdV4\n"
        "-----END PRIVATE KEY-----\n";
    std::string const locked =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiZL+NsGrnWwwICCAAw\n"
        "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEMZ11mqTMFhmX7AbskIKUNwEQMlx\n"
        "TD9lS2E+NgKtvafoKD8p/SMGDSPPjCp8rVDWbSXDhb4F36LGOkoiYMilHVkiWg+w\n"
        "xel3YVVnqUV1QmDWq6A=\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n";
    for (auto const& text : {std::string(), std::string("hello"), x25519, locked, std::string(5000, 'x'),
                             std::string("-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n")}) {
        support::write_file(scratch / "key.pem", text);
        std::filesystem::permissions(scratch / "key.pem", kPrivate);
        auto const loaded = load_key_file(scratch / "key.pem");
        ASSERT_FALSE(loaded) << text;
        EXPECT_EQ(loaded.error().code, Errc::malformed_key);
    }
}

TEST(SignEnvelope, CarriesOneSignatureASignerOverPayloadAndType) {
    auto const first = generate_key().value();
    auto const second = generate_key().value();
    Signer const* const signers[] = {first.get(), second.get()};
    auto const bytes = sign_envelope(trust::RoleName::targets, "the payload", signers);
    ASSERT_TRUE(bytes) << bytes.error().detail;
    v1::Envelope envelope;
    ASSERT_TRUE(envelope.ParseFromString(*bytes));
    EXPECT_EQ(envelope.payload(), "the payload");
    EXPECT_EQ(envelope.payload_type(), "application/vnd.lanyard.targets.v1+protobuf");
    ASSERT_EQ(envelope.signatures_size(), 2);
    auto const message = trust::pae(envelope.payload_type(), envelope.payload());
    for (int i = 0; i < 2; ++i) {
        auto const key = signers[i]->public_key();
        EXPECT_EQ(envelope.signatures(i).keyid(), trust::key_id(key).to_raw());
        EXPECT_TRUE(trust::ed25519_verifies(key.public_key(), message, envelope.signatures(i).sig()));
    }
    EXPECT_EQ(sign_envelope(trust::RoleName::targets, "the payload", signers).value(), *bytes);
}

TEST(SignEnvelope, IsNotMadeWithoutASignerOrWithOneTwice) {
    auto const signer = generate_key().value();
    Signer const* const twice[] = {signer.get(), signer.get()};
    EXPECT_EQ(sign_envelope(trust::RoleName::root, "x", {}).error().code, Errc::no_signature);
    EXPECT_EQ(sign_envelope(trust::RoleName::root, "x", twice).error().code, Errc::no_signature);
}

}  // namespace
}  // namespace lanyard::signing
