#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "manifests/signing/signer.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"
#include "proto/schema/lanyard/v1/signing.pb.h"

namespace lanyard::signing {

inline constexpr std::size_t kMaxRequestBytes = 32'000'000;
inline constexpr int kMaxRoots = 10'000;

// Keys, of which a threshold has to sign something.
struct Quorum {
    std::string who;  // "root keys of version 3"
    std::vector<v1::Key> keys;
    std::size_t threshold = 0;
};

// One thing to be signed: the payload of a role, and everybody who has a say in it (a root needs the quorum of the root
// before it and its own).
struct Item {
    std::string role;
    v1::Envelope envelope;
    std::vector<Quorum> quorums;
};

// A signing request whose every payload is what its role must be. Signatures in it are those that verify, by keys that
// have a say; what else a file holds is dropped. Who has a say is read from the metadata within, so a request proves
// nothing: the node's verifier judges what comes of it.
class Request {
public:
    static Result<Request> from(v1::SigningRequest message);
    // A file of at most kMaxRequestBytes.
    static Result<Request> parse(std::string_view bytes);

    v1::SigningRequest to_proto() const;
    std::vector<Item> const& items() const { return items_; }
    Item const* find(std::string_view role) const;
    // What is published now; null when it is not in the request.
    v1::Envelope const* current(std::string_view role) const;
    // The roots from the first one to the one that is published now; none: nothing is published yet.
    std::vector<v1::Envelope const*> roots() const;

    // Signs all that the key has a say in and has not signed yet; gives how many that were.
    Result<int> sign(Signer const& signer);
    // Adds a signature that was made elsewhere, over pae().
    Status attach(std::string_view role, v1::Key const& key, std::string const& signature);
    // Adds what another copy of the same request has gathered.
    Status merge(Request const& other);

    // The bytes that a signature of that role covers.
    Result<std::string> pae(std::string_view role) const;

    // What is still missing, a sentence a quorum; none: every threshold is met.
    std::vector<std::string> missing() const;

private:
    Status add_quorums();
    Status add_delegated_quorums();

    std::vector<Item> items_;
    std::vector<v1::NamedEnvelope> current_;
    std::vector<v1::Envelope> earlier_roots_;
};

// Whether a key of the quorum has signed the item, by the number of them.
std::size_t signatures_of(Quorum const& quorum, v1::Envelope const& envelope);

// The first 8 hex digits of a key id: enough for people to tell their own keys apart, and not to know one by. A
// stranger finds a key that begins alike.
std::string short_id(v1::Key const& key);

}  // namespace lanyard::signing
