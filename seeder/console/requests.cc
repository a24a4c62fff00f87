#include "seeder/console/requests.h"

#include <fmt/format.h>

#include <fstream>

#include "manifests/trust/opening.h"
#include "seeder/console/errc.h"
#include "seeder/publish/draft.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/manifest_rows.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;

constexpr char const* kEnding = ".request";

std::uint64_t version_of(signing::Item const& item) {
    if (item.role == "root") return trust::parse_root(item.envelope.payload())->version();
    return trust::parse_targets(item.envelope.payload())->version();
}

// The same for every copy of a request, and another for every other.
std::string name_of(signing::Request const& request) {
    std::string all;
    for (auto const& item : request.items()) all += trust::sha256(item.envelope.payload()).to_raw();
    auto const& first = request.items().front();
    return fmt::format("{}-{}-{}{}", first.role, version_of(first), trust::sha256(all).to_hex().substr(0, 8), kEnding);
}

std::vector<fs::path> files_in(StateDir const& dir) {
    std::vector<fs::path> files;
    std::error_code wrong;
    for (auto const& entry : fs::directory_iterator(dir.requests(), wrong)) {
        if (entry.path().extension() == kEnding) files.push_back(entry.path());
    }
    return files;
}

Status put(intake::Disk& disk, fs::path const& file, std::string const& bytes) {
    auto const scratch = fs::path(file) += ".incoming";
    auto done = disk.write(scratch, bytes);
    if (done) done = disk.rename(scratch, file);
    if (!done) static_cast<void>(disk.remove(scratch));
    return done;
}

}  // namespace

Result<signing::Request> read_request(fs::path const& file) {
    std::error_code wrong;
    if (!fs::is_regular_file(file, wrong)) {
        return fail(Errc::no_such_file, "'" + file.string() + "' is no file: name a request that was signed");
    }
    if (fs::file_size(file, wrong) > signing::kMaxRequestBytes) {
        return fail(Errc::wrong_usage, "'" + file.string() + "' is larger than any request: name the right file");
    }
    std::ifstream stream(file, std::ios::binary);
    std::string const bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    auto request = signing::Request::parse(bytes);
    if (!request) return pass_on(request, "'" + file.string() + "'");
    return request;
}

Result<fs::path> store_request(StateDir const& dir, intake::Disk& disk, v1::SigningRequest const& message) {
    auto request = signing::Request::from(message);
    if (!request) return pass_on(request);
    std::error_code wrong;
    fs::create_directories(dir.requests(), wrong);
    auto const file = dir.requests() / name_of(*request);
    if (auto const there = read_request(file)) {
        if (auto const merged = request->merge(*there); !merged) return pass_on(merged);
    }
    if (auto const done = put(disk, file, request->to_proto().SerializeAsString()); !done) return pass_on(done);
    return file;
}

bool is_asked_for(StateDir const& dir, signing::Request const& request) {
    std::error_code wrong;
    return fs::exists(dir.requests() / name_of(request), wrong);
}

std::vector<v1::Target> requested_targets(StateDir const& dir) {
    std::vector<v1::Target> targets;
    for (auto const& file : files_in(dir)) {
        auto const request = read_request(file);
        if (!request) continue;
        for (auto const& item : request->items()) {
            if (item.role == "root") continue;
            auto const payload = trust::parse_targets(item.envelope.payload());
            if (payload) targets.insert(targets.end(), payload->targets().begin(), payload->targets().end());
        }
    }
    return targets;
}

void remove_overtaken(OpenState& state, intake::Disk& disk) {
    auto const manifest = state.database.read(publish::read_manifest);
    if (!manifest) return;
    for (auto const& file : files_in(state.dir)) {
        auto const request = read_request(file);
        if (!request) continue;
        auto const fits = publish::put_in_place(*request, *manifest);
        if (!fits && fits.error().code == publish::Errc::overtaken) static_cast<void>(disk.remove(file));
    }
}

std::string next_steps(signing::Request const& request, fs::path const& file) {
    std::string text = "Not published yet: signatures are missing whose keys are not here.\n";
    for (auto const& sentence : request.missing()) text += "  " + sentence + "\n";
    text += fmt::format(
        "\nCarry {} to those who hold the keys:\n"
        "  lanyard-sign sign {} --key KEY.pem\n"
        "and bring back what it writes:\n"
        "  lanyard-seeder import FILE.signed...\n",
        file.string(), file.filename().string());
    return text;
}

}  // namespace lanyard::console
