#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "manifests/signing/signer.h"
#include "manifests/trust/envelope.h"
#include "proto/schema/lanyard/v1/signing.pb.h"
#include "tests/support/sample_target.h"

namespace lanyard::support {

// A small repository with a root of 2 keys of 3, one targets key and one release, and requests to change it.
class Ceremony {
public:
    std::array<std::unique_ptr<signing::Signer>, 3> root{
        signing::generate_key().value(), signing::generate_key().value(), signing::generate_key().value()};
    std::unique_ptr<signing::Signer> targets = signing::generate_key().value();
    std::unique_ptr<signing::Signer> fresh = signing::generate_key().value();

    // The last root key is replaced by `fresh`.
    v1::SigningRequest new_root_key() const {
        auto next = first_root();
        next.set_version(2);
        *next.mutable_keys(2) = fresh->public_key();
        next.mutable_root()->set_keyids(2, id(*fresh));
        auto request = published();
        put(*request.add_to_sign(), trust::RoleName::root, next.SerializeAsString(), {});
        return request;
    }

    // One release goes, one changes, one comes.
    v1::SigningRequest new_release() const {
        auto next = head<v1::Targets>(2);
        *next.add_targets() = release("1.1.0", "run.sh");
        *next.add_targets() = release("2.0.0", "run.sh");
        auto request = published();
        put(*request.add_to_sign(), trust::RoleName::targets, next.SerializeAsString(), {});
        return request;
    }

    // What is published now.
    v1::SigningRequest published() const {
        v1::SigningRequest request;
        request.set_schema(1);
        auto now = head<v1::Targets>(1);
        *now.add_targets() = release("1.0.0", "run.sh");
        *now.add_targets() = release("1.1.0", "start.sh");
        put(*request.add_current(), trust::RoleName::root, first_root().SerializeAsString(),
            {root[0].get(), root[1].get()});
        put(*request.add_current(), trust::RoleName::targets, now.SerializeAsString(), {targets.get()});
        return request;
    }

    // Root 2, in which `fresh` is the only targets key, with root 1 before it.
    v1::SigningRequest new_release_under_a_second_root() const {
        auto second = first_root();
        second.set_version(2);
        *second.add_keys() = fresh->public_key();
        second.mutable_targets()->set_keyids(0, id(*fresh));
        auto request = new_release();
        *request.add_roots() = request.current(0).envelope();
        auto const payload = request.current(1).envelope().payload();
        request.clear_current();
        put(*request.add_current(), trust::RoleName::root, second.SerializeAsString(), {root[0].get(), root[1].get()});
        put(*request.add_current(), trust::RoleName::targets, payload, {fresh.get()});
        return request;
    }

    // By which nodes, and keepers, know the repository.
    release::Digest root_digest() const { return trust::sha256(published().current(0).envelope().SerializeAsString()); }

    static void put(v1::NamedEnvelope& place, trust::RoleName role, std::string const& payload,
                    std::vector<signing::Signer const*> const& signers) {
        place.set_role(trust::text(role));
        auto& envelope = *place.mutable_envelope();
        envelope.set_payload(payload);
        envelope.set_payload_type(trust::payload_type(role));
        for (auto const* signer : signers) {
            auto& signature = *envelope.add_signatures();
            signature.set_keyid(id(*signer));
            signature.set_sig(signer->sign(trust::pae(envelope.payload_type(), payload)).value());
        }
    }

private:
    static std::string id(signing::Signer const& signer) { return trust::key_id(signer.public_key()).to_raw(); }

    template <class Payload>
    static Payload head(std::uint64_t version) {
        Payload payload;
        payload.set_spec(1);
        payload.set_repo_id(std::string(16, 'r'));
        payload.set_version(version);
        payload.set_expires(1'900'000'000);
        return payload;
    }

    static v1::Target release(std::string const& version, std::string const& start) {
        auto target = sample_message("shop", version, 1);
        target.mutable_install()->set_start(start);
        return target;
    }

    v1::Root first_root() const {
        auto message = head<v1::Root>(1);
        for (auto const& signer : root) {
            *message.add_keys() = signer->public_key();
            message.mutable_root()->add_keyids(id(*signer));
        }
        message.mutable_root()->set_threshold(2);
        *message.add_keys() = targets->public_key();
        for (auto* role : {message.mutable_targets(), message.mutable_snapshot(), message.mutable_timestamp()}) {
            role->add_keyids(id(*targets));
            role->set_threshold(1);
        }
        return message;
    }
};

}  // namespace lanyard::support
