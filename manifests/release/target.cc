#include "manifests/release/target.h"

#include <bit>
#include <utility>

#include "manifests/release/errc.h"
#include "manifests/release/in_quotes.h"
#include "manifests/release/install_policy.h"

namespace lanyard::release {
namespace {

constexpr std::size_t kInfoHashSize = 20;

Status check_number(char const* field, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
    if (value >= least && value <= most) return {};
    return fail(Errc::malformed_target, std::string(field) + " is " + std::to_string(value) + "; it must be " +
                                            std::to_string(least) + " to " + std::to_string(most));
}

Status check_numbers(v1::Target const& message) {
    for (auto const& fine : {check_number("length", message.length(), 1, kMaxNumber),
                             check_number("release_counter", message.release_counter(), 1, kMaxNumber),
                             check_number("unpacked_length", message.unpacked_length(), 0, kMaxNumber),
                             check_number("entry_count", message.entry_count(), 0, kMaxEntries)}) {
        if (!fine) return fine;
    }
    return {};
}

Status check_swarm(v1::Target const& message) {
    auto const& swarm = message.swarm();
    if (swarm.info_hash_v1().size() != kInfoHashSize) {
        return fail(Errc::malformed_target, "swarm.info_hash_v1 has " + std::to_string(swarm.info_hash_v1().size()) +
                                                " bytes; a v1 info-hash has 20");
    }
    auto const piece = swarm.piece_length();
    if (piece < kMinPieceLength || piece > kMaxPieceLength || !std::has_single_bit(piece)) {
        return fail(Errc::malformed_target, "swarm.piece_length is " + std::to_string(piece) +
                                                "; it must be a power of two from 16 KiB to 256 MiB");
    }
    if ((message.length() - 1) / piece + 1 > kMaxPieces) {
        return fail(Errc::malformed_target, "swarm.piece_length is " + std::to_string(piece) +
                                                ", which cuts the package into more than 2097152 pieces");
    }
    return {};
}

Result<Digest> digest_field(char const* field, std::string const& raw) {
    auto digest = Digest::from_raw(raw);
    if (!digest) return fail(Errc::malformed_target, std::string(field) + ": " + digest.error().detail);
    return digest;
}

// What a target is of, and so where it must stand.
struct Identity {
    AppId app;
    Version version;
    Channel channel;
    Platform platform;
    PackageType type;
};

// A package for another system than its installer's would be held back everywhere.
Status check_system(PackageType type, Platform const& platform) {
    auto const os = system_of(type);
    if (os.empty() || os == platform.os()) return {};
    return fail(Errc::malformed_target, "a package of type " + std::string(text(type)) + " is for " + std::string(os) +
                                            ", and its platform is " + platform.text());
}

Result<Identity> identity_of(v1::Target const& message) {
    auto app = AppId::parse(message.app());
    if (!app) return pass_on(app, "app");
    auto version = Version::parse(message.version());
    if (!version) return pass_on(version, "version");
    auto channel = Channel::parse(message.channel());
    if (!channel) return pass_on(channel, "channel");
    auto platform = Platform::parse(message.platform().os() + "/" + message.platform().arch());
    if (!platform) return pass_on(platform, "platform");
    auto const type = type_from_proto(message.type());
    if (!type) return pass_on(type);
    if (auto const fine = check_system(*type, *platform); !fine) return pass_on(fine);
    return Identity{std::move(*app), std::move(*version), std::move(*channel), std::move(*platform), *type};
}

Status check_path(Identity const& id, std::string const& path) {
    auto const extensions = extensions_of(id.type);
    for (auto const extension : extensions) {
        if (path == target_path(id.app, id.channel, id.version, id.platform, std::string(extension))) return {};
    }
    return fail(
        Errc::malformed_target,
        "its app, channel, version, platform and type give the path " +
            in_quotes(target_path(id.app, id.channel, id.version, id.platform, std::string(extensions.front()))) +
            (extensions.size() > 1 ? ", or the same with another known extension" : ""));
}

Result<Target> checked(v1::Target const& message) {
    auto id = identity_of(message);
    if (!id) return pass_on(id);
    if (auto const fine = check_path(*id, message.path()); !fine) return pass_on(fine);
    if (auto const fine = check_numbers(message); !fine) return pass_on(fine);
    if (auto const fine = check_swarm(message); !fine) return pass_on(fine);
    if (message.notes().size() > kMaxNotesBytes) {
        return fail(Errc::malformed_target,
                    "notes has " + std::to_string(message.notes().size()) + " bytes; at most 65536 are allowed");
    }
    auto const package = digest_field("sha256", message.sha256());
    if (!package) return pass_on(package);
    auto const torrent = digest_field("swarm.torrent_sha256", message.swarm().torrent_sha256());
    if (!torrent) return pass_on(torrent);
    auto const piece_list = digest_field("swarm.piece_list_sha256", message.swarm().piece_list_sha256());
    if (!piece_list) return pass_on(piece_list);
    auto install = install_from_proto(message.install());
    if (!install) return pass_on(install);
    if (auto const fine = fits(install->installer, id->type); !fine) return pass_on(fine);
    return Target{
        .path = message.path(),
        .length = message.length(),
        .sha256 = *package,
        .app = std::move(id->app),
        .version = std::move(id->version),
        .channel = std::move(id->channel),
        .platform = std::move(id->platform),
        .type = id->type,
        .release_counter = message.release_counter(),
        .unpacked_length = message.unpacked_length(),
        .entry_count = message.entry_count(),
        .info_hash = message.swarm().info_hash_v1(),
        .torrent_sha256 = *torrent,
        .piece_list_sha256 = *piece_list,
        .piece_length = message.swarm().piece_length(),
        .install = std::move(*install),
        .notes = message.notes(),
    };
}

}  // namespace

Result<Target> Target::from_proto(v1::Target const& message) {
    auto target = checked(message);
    if (!target) return pass_on(target, "target " + in_quotes(message.path()));
    return target;
}

v1::Target Target::to_proto() const {
    v1::Target message;
    message.set_path(path);
    message.set_length(length);
    message.set_sha256(sha256.to_raw());
    message.set_app(app.text());
    message.set_version(version.text());
    message.set_channel(channel.text());
    message.mutable_platform()->set_os(platform.os());
    message.mutable_platform()->set_arch(platform.arch());
    message.set_type(type_to_proto(type));
    message.set_release_counter(release_counter);
    message.set_unpacked_length(unpacked_length);
    message.set_entry_count(entry_count);
    message.mutable_swarm()->set_info_hash_v1(info_hash);
    message.mutable_swarm()->set_torrent_sha256(torrent_sha256.to_raw());
    message.mutable_swarm()->set_piece_list_sha256(piece_list_sha256.to_raw());
    message.mutable_swarm()->set_piece_length(piece_length);
    *message.mutable_install() = install_to_proto(install);
    if (!is_native(type)) message.mutable_install()->clear_installer();
    message.set_notes(notes);
    return message;
}

std::string target_path(AppId const& app, Channel const& channel, Version const& version, Platform const& platform,
                        std::string const& extension) {
    return app.text() + "/" + channel.text() + "/" + version.text() + "/" + platform.os() + "-" + platform.arch() +
           "/" + app.text() + "-" + version.text() + "." + extension;
}

}  // namespace lanyard::release
