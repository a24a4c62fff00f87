#include "node/enrol/passport.h"

#include <fstream>

#include "node/enrol/errc.h"

namespace lanyard::enrol {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostPemBytes = 64 * 1024;

Result<std::string> read_pem(fs::path const& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string text(kMostPemBytes, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (stream.is_open() && !stream.bad()) return text;
    return fail(Errc::unusable_key, file.string() + " cannot be read; is this the user that joined?");
}

Status check_is_private(fs::path const& file) {
    std::error_code failed;
    auto const mode = fs::status(file, failed).permissions();
    if (!failed && (mode & (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none) return {};
    return fail(Errc::unusable_key, file.string() +
                                        " can be used by others than its owner, who may have copied it: have this node "
                                        "revoked and join again, or make it private (chmod 600)");
}

}  // namespace

Result<Passport> Passport::fresh(fs::path directory, Write write) {
    auto key = identity::Key::generate();
    if (!key) return pass_on(key);
    return Passport(std::move(directory), std::move(write), std::move(*key));
}

Result<std::optional<Passport>> Passport::load(fs::path directory, Write write) {
    auto const key_file = directory / "key.pem";
    std::error_code unreadable;
    if (!fs::exists(key_file, unreadable)) return std::optional<Passport>();
    if (auto const is_private = check_is_private(key_file); !is_private) return pass_on(is_private);
    auto const pem = read_pem(key_file);
    if (!pem) return pass_on(pem);
    auto key = identity::Key::from_pem(*pem, key_file.string());
    if (!key) return pass_on(key);
    Passport passport(std::move(directory), std::move(write), std::move(*key));
    if (!fs::exists(passport.certificate_file(), unreadable)) return std::optional(std::move(passport));
    auto certificate = read_pem(passport.certificate_file());
    if (!certificate) return pass_on(certificate);
    // One that cannot be read, or is another key's, is asked for anew.
    auto const read = identity::read_certificate(*certificate);
    if (read && read->public_key == passport.key_.public_key()) {
        passport.certificate_ = *read;
        passport.certificate_pem_ = std::move(*certificate);
    }
    return std::optional(std::move(passport));
}

Status Passport::save_key() const {
    auto const pem = key_.to_pem();
    if (!pem) return pass_on(pem);
    return write_(key_file(), *pem);
}

Status Passport::take_certificate(std::string const& pem) {
    auto const read = identity::read_certificate(pem);
    if (!read || read->public_key != key_.public_key() || read->common_name != node_id()) {
        return fail(Errc::malformed_answer, "the seeder's answer holds no certificate for this node's key");
    }
    if (auto const written = write_(certificate_file(), pem); !written) return written;
    certificate_ = *read;
    certificate_pem_ = pem;
    return {};
}

bool Passport::needs_certificate(std::chrono::sys_seconds now) const {
    return !certificate_ || certificate_->not_after <= now;
}

bool Passport::wants_certificate(std::chrono::sys_seconds now) const {
    if (needs_certificate(now)) return true;
    return now > certificate_->not_after - (certificate_->not_after - certificate_->not_before) / 3;
}

Result<http::ClientTls> Passport::tls(std::string const& ca_sha256) const {
    http::ClientTls tls;
    tls.ca_sha256 = ca_sha256;
    if (!certificate_) return tls;
    auto pem = key_.to_pem();
    if (!pem) return pass_on(pem);
    tls.private_key_pem = std::move(*pem);
    tls.certificate_pem = certificate_pem_;
    return tls;
}

}  // namespace lanyard::enrol
