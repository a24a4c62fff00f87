#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "manifests/package/package.h"
#include "manifests/trust/explain.h"
#include "proto/swarm/metainfo.h"
#include "seeder/catalogue/catalogue.h"
#include "seeder/console/commands.h"
#include "seeder/console/errc.h"
#include "seeder/console/named_release.h"
#include "seeder/console/render.h"
#include "seeder/publish/manifest_rows.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;
using trust::Holds;

constexpr std::size_t kMaxTorrentBytes = 4 * 1024 * 1024;
constexpr std::size_t kMaxPieceListBytes = release::kMaxPieces * release::Digest::kSize;

bool go_on(std::uint64_t, std::uint64_t) { return true; }

// The whole file, or nothing when there is none; a longer one than allowed is cut one byte beyond, and refused for its
// length by whoever looks at it.
std::optional<std::string> read_file(fs::path const& file, std::size_t max_bytes) {
    std::error_code failed;
    auto const size = fs::file_size(file, failed);
    std::ifstream stream(file, std::ios::binary);
    if (failed || !stream) return std::nullopt;
    std::string bytes(std::min<std::uintmax_t>(size, max_bytes + 1), '\0');
    stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(stream.gcount()));
    return bytes;
}

// What the database knows of the release.
struct Known {
    release::Digest first_root;
    std::vector<catalogue::Entry> entries;
};

Result<Known> look_up(OpenState& state, catalogue::Filter const& filter) {
    return state.database.read([&](store::Connection& connection) -> Result<Known> {
        auto const manifest = publish::read_manifest(connection);
        if (!manifest) return pass_on(manifest);
        auto entries = catalogue::Catalogue(connection).list(filter);
        if (!entries) return pass_on(entries);
        return Known{trust::sha256(manifest->roots.front().envelope), std::move(*entries)};
    });
}

class ReleaseVerifier {
public:
    ReleaseVerifier(StateDir const& dir, Known const& known, trust::TimePoint now)
        : dir_(dir), known_(known), now_(now) {
        found_.set_schema(1);
        found_.set_holds(true);
    }

    v1::Verification verify() {
        auto const set = manifest();
        for (auto const& entry : known_.entries) {
            if (set && target(*set, entry)) package(entry.target);
        }
        return std::move(found_);
    }

private:
    void note(std::string const& place, trust::Step const& step) {
        if (step.holds == Holds::no) found_.set_holds(false);
        auto& added = *found_.add_steps();
        added.set_place(place);
        added.set_what(step.what);
        added.set_verdict(trust::text(step.holds));
        added.set_why(step.why);
    }
    bool note_if(bool holds, std::string const& place, char const* what, std::string const& good,
                 std::string const& bad) {
        note(place, {what, holds ? Holds::yes : Holds::no, holds ? good : bad});
        return holds;
    }

    std::optional<trust::TrustedSet> manifest() {
        auto const root = read_file(dir_.metadata() / "1.root.pb", trust::kMaxRootBytes);
        if (!root) {
            note("served", {"first root", Holds::no, "public/metadata/1.root.pb cannot be read"});
            return std::nullopt;
        }
        auto const digest = trust::sha256(*root);
        note_if(digest == known_.first_root, "served", "first root",
                "its SHA-256 " + digest.to_hex() + " is the one in the join line",
                "its SHA-256 " + digest.to_hex() + " is not " + known_.first_root.to_hex() +
                    ", the one in the join line: no node that joins will take it");
        files_ = [this](std::string const& name, std::size_t max_bytes) -> Result<std::optional<std::string>> {
            if (name.find('/') != std::string::npos) return std::nullopt;
            return read_file(dir_.metadata() / name, max_bytes);
        };
        auto explanation = trust::explain({*root, {}, {}}, files_, now_);
        for (auto const& step : explanation.steps) note("served", step);
        return std::move(explanation.set);
    }

    bool target(trust::TrustedSet const& set, catalogue::Entry const& entry) {
        auto const& place = entry.target.app();
        if (entry.state == catalogue::State::withdrawn) {
            note(place, {"target", Holds::no, entry.target.path() + " has been withdrawn: no node is offered it"});
            return false;
        }
        auto const explained = trust::explain_target(set, entry.target.path(), files_);
        for (auto const& step : explained.steps) note(place, step);
        if (!explained.target) return false;
        return note_if(explained.target->to_proto().SerializeAsString() == normal(entry.target), place, "catalogue",
                       "agrees with what is signed",
                       "differs from what is signed: seeder.db is damaged, or from another time");
    }

    static std::string normal(v1::Target const& target) {
        auto const parsed = release::Target::from_proto(target);
        return parsed ? parsed->to_proto().SerializeAsString() : std::string();
    }

    void package(v1::Target const& target) {
        auto const& place = target.app();
        auto const file = dir_.packages() / to_hex(target.sha256());
        std::error_code failed;
        auto const length = fs::file_size(file, failed);
        auto const digest = package::digest_file(file, go_on);
        if (!digest) return note(place, {"package", Holds::no, digest.error().detail});
        note_if(digest->to_raw() == target.sha256() && length == target.length(), place, "package",
                fmt::format("{}: {} bytes and SHA-256 as signed", file.string(), length),
                fmt::format("{}: {} bytes, SHA-256 {}; {} bytes and another SHA-256 were signed", file.string(), length,
                            digest->to_hex(), target.length()));
        torrent(target, file);
        auto const pieces = read_file(fs::path(file) += ".pieces", kMaxPieceListBytes);
        note_if(pieces && trust::sha256(*pieces).to_raw() == target.swarm().piece_list_sha256(), place, "pieces",
                "the list has the signed SHA-256", "the list is missing, or has not the signed SHA-256");
    }

    void torrent(v1::Target const& target, fs::path const& package) {
        auto const bytes = read_file(fs::path(package) += ".torrent", kMaxTorrentBytes);
        bool const same = bytes && trust::sha256(*bytes).to_raw() == target.swarm().torrent_sha256();
        if (!note_if(same, target.app(), "torrent", "has the signed SHA-256",
                     "is missing, or has not the signed SHA-256")) {
            return;
        }
        auto const info = swarm::Metainfo::parse(*bytes);
        if (!info) return note(target.app(), {"torrent", Holds::no, info.error().detail});
        note_if(info->info_hash.bytes() == target.swarm().info_hash_v1() && info->length == target.length(),
                target.app(), "info-hash", info->info_hash.to_hex() + ", as signed",
                info->info_hash.to_hex() + " and its length are not the signed ones");
    }

    StateDir const& dir_;
    Known const& known_;
    trust::TimePoint now_;
    trust::FileSource files_;
    v1::Verification found_;
};

}  // namespace

Status verify_release(StateDir const& dir, VerifyOptions const& options, bool json, trust::TimePoint now,
                      Terminal& terminal) {
    auto const filter = judge(options);
    if (!filter) return pass_on(filter);
    auto state = open_state(dir.root());
    if (!state) return pass_on(state);
    auto const known = look_up(*state, *filter);
    if (!known) return pass_on(known);
    if (known->entries.empty()) {
        return fail(Errc::no_such_release,
                    filter->describe() + " has not been published; `lanyard-seeder release list` shows what has");
    }
    auto const found = ReleaseVerifier(dir, *known, now).verify();
    terminal.out << (json ? to_json(found) : verification_lines(found));
    for (auto const& step : found.steps()) {
        if (step.verdict() != trust::text(Holds::no)) continue;
        return fail(Errc::release_not_believed,
                    filter->describe() + " is not believed: " + step.what() + ": " + step.why());
    }
    return {};
}

}  // namespace lanyard::console
