#include "seeder/ceremony/seen.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "manifests/trust/opening.h"
#include "seeder/ceremony/errc.h"
#include "seeder/ceremony/key_files.h"

namespace lanyard::ceremony {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostSeen = 64 * 1024;
constexpr char const* kWhatItIs =
    "# What the keeper of the key beside this file has seen of its repository. lanyard-sign writes it, and refuses "
    "what\n"
    "# does not fit it. Keep it with the key.\n";

tl::unexpected<Error> unreadable(fs::path const& file) {
    return fail(Errc::not_anchored, "'" + file.string() +
                                        "' cannot be understood, and is what requests are held against: bring it back "
                                        "from a copy, or move it away and name --root-digest");
}

v1::SeenRole& role_in(v1::KeeperSeen& seen, std::string const& name) {
    for (auto& role : *seen.mutable_roles()) {
        if (role.role() == name) return role;
    }
    auto& role = *seen.add_roles();
    role.set_role(name);
    return role;
}

// Of a payload that has been parsed before.
std::uint64_t version_of(signing::Item const& item) {
    auto const& payload = item.envelope.payload();
    return item.role == "root" ? trust::parse_root(payload)->version() : trust::parse_targets(payload)->version();
}

}  // namespace

fs::path seen_file(fs::path const& key) { return fs::path(key).replace_extension(".seen"); }

Result<std::optional<v1::KeeperSeen>> read_seen(fs::path const& key) {
    auto const file = seen_file(key);
    std::error_code wrong;
    if (!fs::exists(file, wrong) && !wrong) return std::optional<v1::KeeperSeen>();
    std::ifstream stream(file, std::ios::binary);
    std::string text(kMostSeen + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    v1::KeeperSeen seen;
    bool const sound = stream.eof() && google::protobuf::TextFormat::ParseFromString(text, &seen);
    if (!sound || seen.schema() != 1 || seen.first_root().empty()) return unreadable(file);
    return std::optional(std::move(seen));
}

Status write_seen(fs::path const& key, v1::KeeperSeen const& seen) {
    std::string text;
    google::protobuf::TextFormat::PrintToString(seen, &text);
    return replace_file(seen_file(key), kWhatItIs + text);
}

Result<Anchor> anchor_of(std::vector<fs::path> const& keys, std::optional<release::Digest> const& first_root) {
    Anchor anchor{first_root, {}};
    for (auto const& key : keys) {
        auto seen = read_seen(key);
        if (!seen) return pass_on(seen);
        if (*seen) anchor.seen.push_back(std::move(**seen));
    }
    return anchor;
}

v1::KeeperSeen seen_after(v1::KeeperSeen seen, signing::Request const& request,
                          std::optional<Published> const& published) {
    seen.set_schema(1);
    seen.set_first_root(published ? published->first_root : root_name(request.find("root")->envelope));
    auto const note = [&](std::string const& name, std::uint64_t version) {
        auto& role = role_in(seen, name);
        role.set_published(std::max<std::uint64_t>(role.published(), version));
    };
    if (published) {
        note("root", published->root.version());
        note("targets", published->targets.version());
        for (auto const& [name, targets] : published->delegated) note(name, targets.version());
    }
    for (auto const& item : request.items()) {
        auto& role = role_in(seen, item.role);
        role.set_agreed(std::max<std::uint64_t>(role.agreed(), version_of(item)));
    }
    return seen;
}

}  // namespace lanyard::ceremony
