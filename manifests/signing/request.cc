#include "manifests/signing/request.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "manifests/release/in_quotes.h"
#include "manifests/signing/errc.h"
#include "manifests/signing/role_name.h"
#include "manifests/trust/keyring.h"
#include "manifests/trust/opening.h"
#include "manifests/trust/signature.h"

namespace lanyard::signing {
namespace {

using release::in_quotes;
using trust::RoleName;

constexpr int kMaxItems = 64;

tl::unexpected<Error> malformed(std::string const& what) {
    return fail(Errc::malformed_request, "the signing request " + what + "; have it made anew");
}

RoleName kind(std::string_view role) { return role == "root" ? RoleName::root : RoleName::targets; }

std::string raw_id(v1::Key const& key) { return trust::key_id(key).to_raw(); }

// The keys under these ids; what is listed twice counts once.
std::vector<v1::Key> keys_of(google::protobuf::RepeatedPtrField<v1::Key> const& listed,
                             google::protobuf::RepeatedPtrField<std::string> const& ids) {
    std::set<std::string> const wanted(ids.begin(), ids.end());
    std::set<std::string> taken;
    std::vector<v1::Key> keys;
    for (auto const& key : listed) {
        auto const id = raw_id(key);
        if (trust::is_known_algorithm(key) && wanted.contains(id) && taken.insert(id).second) keys.push_back(key);
    }
    return keys;
}

Quorum quorum_of(v1::Root const& root, v1::Role const& role, char const* name) {
    return {std::string(name) + " keys of root " + std::to_string(root.version()), keys_of(root.keys(), role.keyids()),
            role.threshold()};
}

// Nothing, when nobody has delegated to it.
std::optional<Quorum> quorum_of(v1::Targets const& delegator, std::string const& role) {
    for (auto const& delegation : delegator.delegations()) {
        if (delegation.name() != role) continue;
        return Quorum{"keys of the role " + in_quotes(role) + " in targets " + std::to_string(delegator.version()),
                      keys_of(delegator.keys(), delegation.keyids()), delegation.threshold()};
    }
    return std::nullopt;
}

Result<v1::Root> sound_root(v1::Envelope const& envelope) {
    auto root = trust::parse_root(envelope.payload());
    if (!root) return root;
    if (auto const keyring = trust::Keyring::of(*root); !keyring) return pass_on(keyring);
    return root;
}

Status check_payload(v1::NamedEnvelope const& named) {
    auto const& envelope = named.envelope();
    if (envelope.payload_type() != trust::payload_type(kind(named.role()))) {
        return malformed("has a payload of another type under the role " + in_quotes(named.role()));
    }
    if (named.role() == "root") {
        auto const root = sound_root(envelope);
        return root ? Status() : pass_on(root);
    }
    auto const targets = trust::parse_targets(envelope.payload());
    return targets ? Status() : pass_on(targets);
}

Status check_message(v1::SigningRequest const& message) {
    if (message.schema() != 1) return malformed("is of a newer version than this program knows");
    if (message.to_sign().empty() || message.to_sign_size() > kMaxItems || message.current_size() > kMaxItems) {
        return malformed("asks for nothing, or for too much");
    }
    if (message.roots_size() > kMaxRoots) return malformed("holds more than 10,000 roots");
    for (auto const* list : {&message.to_sign(), &message.current()}) {
        std::set<std::string_view> roles;
        for (auto const& named : *list) {
            if (named.role().empty() || !roles.insert(named.role()).second) {
                return malformed("names the role " + in_quotes(named.role()) + " twice, or one without a name");
            }
            bool const top_level = named.role() == "root" || named.role() == "targets";
            if (!top_level && !is_delegated_name(named.role())) {
                return malformed("names " + in_quotes(named.role()) + ", which cannot be the name of a role");
            }
            if (auto const fine = check_payload(named); !fine) return fine;
        }
    }
    return {};
}

bool has_a_say(Item const& item, std::string const& id) {
    return std::any_of(item.quorums.begin(), item.quorums.end(), [&](Quorum const& quorum) {
        return std::any_of(quorum.keys.begin(), quorum.keys.end(),
                           [&](v1::Key const& key) { return raw_id(key) == id; });
    });
}

bool has_signed(v1::Envelope const& envelope, std::string const& id) {
    return std::any_of(envelope.signatures().begin(), envelope.signatures().end(),
                       [&](v1::Signature const& signature) { return signature.keyid() == id; });
}

std::string message_of(v1::Envelope const& envelope) { return trust::pae(envelope.payload_type(), envelope.payload()); }

void add(v1::Envelope& envelope, std::string const& id, std::string signature) {
    auto& entry = *envelope.add_signatures();
    entry.set_keyid(id);
    entry.set_sig(std::move(signature));
}

// Adds what verifies and is not there yet.
void add_sound(Item& item, google::protobuf::RepeatedPtrField<v1::Signature> const& signatures) {
    auto const message = message_of(item.envelope);
    for (auto const& quorum : item.quorums) {
        for (auto const& key : quorum.keys) {
            auto const id = raw_id(key);
            for (auto const& signature : signatures) {
                if (signature.keyid() != id || has_signed(item.envelope, id)) continue;
                if (trust::verifies(key, message, signature.sig())) {
                    add(item.envelope, id, signature.sig());
                }
            }
        }
    }
}

}  // namespace

Result<Request> Request::from(v1::SigningRequest message) {
    if (auto const fine = check_message(message); !fine) return pass_on(fine);
    Request request;
    request.current_.assign(message.current().begin(), message.current().end());
    request.earlier_roots_.assign(message.roots().begin(), message.roots().end());
    for (auto& named : *message.mutable_to_sign()) {
        request.items_.push_back({named.role(), std::move(*named.mutable_envelope()), {}});
    }
    if (auto const added = request.add_quorums(); !added) return pass_on(added);
    for (auto& item : request.items_) {
        auto const claimed = std::move(*item.envelope.mutable_signatures());
        item.envelope.clear_signatures();
        add_sound(item, claimed);
    }
    return request;
}

Result<Request> Request::parse(std::string_view bytes) {
    v1::SigningRequest message;
    if (bytes.size() > kMaxRequestBytes || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return malformed("cannot be read: it is another kind of file, cut short, or larger than 32 MB");
    }
    return from(std::move(message));
}

Status Request::add_quorums() {
    auto const* next_root = find("root");
    auto const* root_now = current("root");
    if (!next_root && !root_now) return malformed("holds no root, so that nobody can tell who may sign");
    // Both have been parsed before.
    auto const root = trust::parse_root((next_root ? next_root->envelope : *root_now).payload());
    if (!root) return pass_on(root);
    for (auto& item : items_) {
        if (item.role == "targets") item.quorums.push_back(quorum_of(*root, root->targets(), "targets"));
        if (item.role != "root") continue;
        if (root_now) {
            auto const before = trust::parse_root(root_now->payload());
            if (!before) return pass_on(before);
            item.quorums.push_back(quorum_of(*before, before->root(), "root"));
        }
        item.quorums.push_back(quorum_of(*root, root->root(), "root"));
    }
    if (auto const added = add_delegated_quorums(); !added) return added;
    for (auto const& item : items_) {
        if (item.quorums.empty()) return malformed("asks for the role " + in_quotes(item.role) + ", which nobody has");
    }
    return {};
}

Status Request::add_delegated_quorums() {
    auto const* next = find("targets");
    auto const* delegator = next ? &next->envelope : current("targets");
    if (!delegator) return {};
    auto const targets = trust::parse_targets(delegator->payload());
    if (!targets) return pass_on(targets);
    for (auto& item : items_) {
        if (item.role == "root" || item.role == "targets") continue;
        if (auto quorum = quorum_of(*targets, item.role)) item.quorums.push_back(std::move(*quorum));
    }
    return {};
}

v1::SigningRequest Request::to_proto() const {
    v1::SigningRequest message;
    message.set_schema(1);
    for (auto const& item : items_) {
        auto& named = *message.add_to_sign();
        named.set_role(item.role);
        *named.mutable_envelope() = item.envelope;
    }
    for (auto const& named : current_) *message.add_current() = named;
    for (auto const& root : earlier_roots_) *message.add_roots() = root;
    return message;
}

Item const* Request::find(std::string_view role) const {
    auto const found = std::find_if(items_.begin(), items_.end(), [&](Item const& item) { return item.role == role; });
    return found == items_.end() ? nullptr : &*found;
}

v1::Envelope const* Request::current(std::string_view role) const {
    auto const found = std::find_if(current_.begin(), current_.end(),
                                    [&](v1::NamedEnvelope const& named) { return named.role() == role; });
    return found == current_.end() ? nullptr : &found->envelope();
}

std::vector<v1::Envelope const*> Request::roots() const {
    auto const* newest = current("root");
    if (!newest) return {};
    std::vector<v1::Envelope const*> chain;
    for (auto const& root : earlier_roots_) chain.push_back(&root);
    chain.push_back(newest);
    return chain;
}

Result<int> Request::sign(Signer const& signer) {
    auto const id = raw_id(signer.public_key());
    int count = 0;
    for (auto& item : items_) {
        if (!has_a_say(item, id) || has_signed(item.envelope, id)) continue;
        auto signature = signer.sign(message_of(item.envelope));
        if (!signature) return pass_on(signature, "signing the " + item.role);
        add(item.envelope, id, std::move(*signature));
        ++count;
    }
    return count;
}

Status Request::attach(std::string_view role, v1::Key const& key, std::string const& signature) {
    auto const* found = find(role);
    if (!found) return malformed("does not ask for the role " + in_quotes(role));
    auto& item = items_[static_cast<std::size_t>(found - items_.data())];
    auto const id = raw_id(key);
    if (!has_a_say(item, id)) {
        return fail(Errc::no_say, "the key " + short_id(key) + " has no say in the " + item.role +
                                      ": `lanyard-sign show` names those that have");
    }
    if (!trust::verifies(key, message_of(item.envelope), signature)) {
        return fail(Errc::bad_signature, "the signature is not one of the key " + short_id(key) + " over the " +
                                             item.role +
                                             ": sign the bytes that `lanyard-sign pae` writes, with Ed25519, and hand "
                                             "in the 64 bytes as they are");
    }
    if (!has_signed(item.envelope, id)) add(item.envelope, id, signature);
    return {};
}

Status Request::merge(Request const& other) {
    bool same = items_.size() == other.items_.size();
    for (auto& item : items_) {
        auto const* twin = other.find(item.role);
        same = same && twin && twin->envelope.payload() == item.envelope.payload();
        if (same) add_sound(item, twin->envelope.signatures());
    }
    if (same) return {};
    return fail(Errc::other_request, "these are signatures for two different requests: hand them in one by one");
}

Result<std::string> Request::pae(std::string_view role) const {
    auto const* item = find(role);
    if (!item) return malformed("does not ask for the role " + in_quotes(role));
    return message_of(item->envelope);
}

std::vector<std::string> Request::missing() const {
    std::vector<std::string> sentences;
    for (auto const& item : items_) {
        for (auto const& quorum : item.quorums) {
            auto const there = signatures_of(quorum, item.envelope);
            if (there >= quorum.threshold) continue;
            sentences.push_back(item.role + ": " + std::to_string(there) + " of the " +
                                std::to_string(quorum.threshold) + " signatures it needs by the " + quorum.who);
        }
    }
    return sentences;
}

std::size_t signatures_of(Quorum const& quorum, v1::Envelope const& envelope) {
    return static_cast<std::size_t>(std::count_if(
        quorum.keys.begin(), quorum.keys.end(), [&](v1::Key const& key) { return has_signed(envelope, raw_id(key)); }));
}

std::string short_id(v1::Key const& key) { return trust::key_id(key).to_hex().substr(0, 8); }

}  // namespace lanyard::signing
