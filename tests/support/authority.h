#pragma once

#include <memory>
#include <string>
#include <vector>

struct evp_pkey_st;
struct x509_st;

namespace lanyard::support {

// What a certificate of a test is to say. Valid at any time somebody may run a test.
struct Wish {
    std::string common_name;
    std::string alternative_names;  // as OpenSSL writes them: "DNS:a,IP:127.0.0.1"; empty: none
    char const* from = "19900101000000Z";
    char const* until = "20990101000000Z";
};

struct Identity {
    std::string certificate_pem;
    std::string private_key_pem;
};

// A certificate authority with an ECDSA P-256 key of its own.
class Authority {
public:
    explicit Authority(std::string const& common_name = "test CA");
    ~Authority();

    std::string pem() const;
    std::string sha256() const;  // of the certificate's DER, 32 raw bytes
    Identity issue(Wish const& wish) const;
    static Identity self_signed(Wish const& wish);

private:
    std::shared_ptr<evp_pkey_st> key_;
    std::shared_ptr<x509_st> certificate_;
};

}  // namespace lanyard::support
