#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "proto/http/message.h"
#include "proto/identity/certificate.h"
#include "proto/identity/key.h"
#include "proto/outcome/result.h"

namespace lanyard::enrol {

// Who this node is: its key, which never leaves it, and the certificate that the fleet CA has made for that key.
// In the state directory: key.pem and certificate.pem.
class Passport {
public:
    // Replaces a file durably, for its owner's eyes only; what the system offers for that.
    using Write = std::function<Status(std::filesystem::path const& file, std::string const& bytes)>;

    // A fresh key, in memory until save_key().
    static Result<Passport> fresh(std::filesystem::path directory, Write write);
    // What an earlier run has saved; nothing when there is no key.
    static Result<std::optional<Passport>> load(std::filesystem::path directory, Write write);

    Status save_key() const;
    // Refuses one that is not for this key.
    Status take_certificate(std::string const& pem);

    identity::Key const& key() const { return key_; }
    std::string node_id() const { return identity::node_id_of(key_.public_key()); }
    std::optional<identity::Certificate> const& certificate() const { return certificate_; }

    // It has none, or one that does not hold any more.
    bool needs_certificate(std::chrono::sys_seconds now) const;
    // That, or the last third of its life has begun.
    bool wants_certificate(std::chrono::sys_seconds now) const;

    // For the control channel: believes only servers whose chain ends in the CA certificate with this digest (32 raw
    // bytes); shows the certificate if there is one.
    Result<http::ClientTls> tls(std::string const& ca_sha256) const;

private:
    Passport(std::filesystem::path directory, Write write, identity::Key key)
        : directory_(std::move(directory)), write_(std::move(write)), key_(std::move(key)) {}

    std::filesystem::path key_file() const { return directory_ / "key.pem"; }
    std::filesystem::path certificate_file() const { return directory_ / "certificate.pem"; }

    std::filesystem::path directory_;
    Write write_;
    identity::Key key_;
    std::optional<identity::Certificate> certificate_;
    std::string certificate_pem_;
};

}  // namespace lanyard::enrol
