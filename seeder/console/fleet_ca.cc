#include "seeder/console/fleet_ca.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "proto/identity/key.h"
#include "seeder/authority/errc.h"
#include "seeder/console/posix_files.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostPemBytes = 64 * 1024;

Result<std::string> read_pem(fs::path const& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string text(kMostPemBytes, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (stream.is_open() && !stream.bad()) return text;
    return fail(authority::Errc::unusable_ca,
                "'" + file.string() + "' cannot be read: run this as the user that owns the state directory");
}

Status check_is_private(fs::path const& file) {
    std::error_code failed;
    auto const mode = fs::status(file, failed).permissions();
    if (!failed && (mode & (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none) return {};
    return fail(authority::Errc::unusable_ca,
                "'" + file.string() +
                    "' can be used by others than its owner, who may have copied it: make "
                    "it private (chmod 600)");
}

Status make_ca(StateDir const& dir, std::chrono::sys_seconds now) {
    auto const key = identity::Key::generate();
    if (!key) return pass_on(key);
    auto const pem = key->to_pem();
    if (!pem) return pass_on(pem);
    auto const certificate = authority::CertificateAuthority::self_sign(*key, "lanyard fleet CA", now);
    if (!certificate) return pass_on(certificate);
    PosixDisk disk;
    auto const scratch = fs::path(dir.ca_certificate()) += ".incoming";
    if (auto const written = disk.write(scratch, *certificate); !written) return written;
    if (auto const written = write_new_private_file(dir.ca_key(), *pem); !written) return written;
    return disk.rename(scratch, dir.ca_certificate());
}

}  // namespace

Result<authority::CertificateAuthority> open_ca(StateDir const& dir, std::chrono::sys_seconds now) {
    std::error_code unreadable;
    bool const has_certificate = fs::exists(dir.ca_certificate(), unreadable);
    bool const has_key = fs::exists(dir.ca_key(), unreadable);
    // A killed init leaves the key alone, before anybody has seen a certificate of it.
    bool const was_killed = has_key && !has_certificate && !fs::exists(dir.config(), unreadable);
    if (was_killed) fs::remove(dir.ca_key(), unreadable);
    if (was_killed || (!has_key && !has_certificate)) {
        if (auto const made = make_ca(dir, now); !made) return pass_on(made);
    } else if (!has_key || !has_certificate) {
        auto const& missing = has_key ? dir.ca_certificate() : dir.ca_key();
        return fail(authority::Errc::unusable_ca,
                    "'" + missing.string() +
                        "' is missing: nodes have pinned this fleet CA; put the file back "
                        "from a backup");
    }
    if (auto const is_private = check_is_private(dir.ca_key()); !is_private) return pass_on(is_private);
    auto const pem = read_pem(dir.ca_key());
    if (!pem) return pass_on(pem);
    auto key = identity::Key::from_pem(*pem, "'" + dir.ca_key().string() + "'");
    if (!key) return pass_on(key);
    auto certificate = read_pem(dir.ca_certificate());
    if (!certificate) return pass_on(certificate);
    return authority::CertificateAuthority::load(std::move(*key), std::move(*certificate),
                                                 "'" + dir.ca_certificate().string() + "'");
}

Result<http::ServerTls> certify_server(authority::CertificateAuthority const& ca, Config const& config,
                                       std::chrono::sys_seconds now) {
    auto const url = http::Url::parse(config.url);
    if (!url) return pass_on(url);
    std::vector<std::string> hosts = {url->host};
    bool const is_any = config.listen == "0.0.0.0" || config.listen == "::";
    if (!is_any && config.listen != url->host) hosts.push_back(config.listen);
    auto const key = identity::Key::generate();
    if (!key) return pass_on(key);
    auto pem = key->to_pem();
    if (!pem) return pass_on(pem);
    auto const certificate = ca.certify_server(hosts, key->public_key(), now);
    if (!certificate) return pass_on(certificate);
    return http::ServerTls{*certificate + ca.certificate_pem(), std::move(*pem), ca.certificate_pem()};
}

std::string join_line(Config const& config, std::string const& root_digest, std::string const& token) {
    return fmt::format("lanyard-node join --seeder {} --root-digest {} --token {} --app APP", config.url, root_digest,
                       token);
}

}  // namespace lanyard::console
