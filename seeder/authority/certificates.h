#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proto/identity/key.h"
#include "proto/outcome/result.h"

struct x509_st;

namespace lanyard::authority {

inline constexpr std::chrono::days kCaLife{20 * 365};
inline constexpr std::chrono::days kServerLife{90};
inline constexpr std::chrono::days kNodeLife{90};
inline constexpr std::chrono::days kOperatorLife{365};
// Certificates hold from a day before they were made: clocks of nodes are late at times.
inline constexpr std::chrono::days kBackdated{1};

// The fleet CA: signs the certificates of the seeder, of nodes and of operators (P-256, X.509 v3, TLS 1.3). Its own
// certificate is what nodes pin when they join.
class CertificateAuthority {
public:
    // A new self-signed certificate for `key`, PEM.
    static Result<std::string> self_sign(identity::Key const& key, std::string const& name,
                                         std::chrono::sys_seconds now);
    // The two must belong together. `origin` is named in errors.
    static Result<CertificateAuthority> load(identity::Key key, std::string certificate_pem, std::string const& origin);

    std::string const& certificate_pem() const { return certificate_pem_; }
    std::string const& fingerprint() const { return fingerprint_; }  // what nodes pin: SHA-256 of the DER, raw

    // Each gives PEM. `public_key`: as identity::Key gives it.
    Result<std::string> certify_node(std::string const& id, std::string_view public_key,
                                     std::chrono::sys_seconds now) const;
    Result<std::string> certify_operator(std::string const& name, std::string_view role, std::string_view public_key,
                                         std::chrono::sys_seconds now) const;
    // `hosts`: names and IP addresses by which nodes reach the seeder; the first is the common name.
    Result<std::string> certify_server(std::vector<std::string> const& hosts, std::string_view public_key,
                                       std::chrono::sys_seconds now) const;

private:
    CertificateAuthority(identity::Key key, std::shared_ptr<x509_st> certificate, std::string pem, std::string print)
        : key_(std::move(key)),
          certificate_(std::move(certificate)),
          certificate_pem_(std::move(pem)),
          fingerprint_(std::move(print)) {}

    identity::Key key_;
    std::shared_ptr<x509_st> certificate_;
    std::string certificate_pem_;
    std::string fingerprint_;
};

}  // namespace lanyard::authority
