#include "seeder/ceremony/sign_commands.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <memory>

#include "manifests/signing/errc.h"
#include "manifests/signing/request.h"
#include "seeder/ceremony/describe.h"
#include "seeder/ceremony/errc.h"
#include "seeder/ceremony/key_files.h"
#include "seeder/ceremony/seen.h"

namespace lanyard::ceremony {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSignatureBytes = 64;

Result<std::string> read(fs::path const& file, std::size_t most) {
    std::error_code wrong;
    if (!fs::is_regular_file(file, wrong) || fs::file_size(file, wrong) > most) {
        return fail(Errc::no_such_file,
                    "'" + file.string() + "' is no file of at most " + std::to_string(most) + " bytes; check the path");
    }
    std::ifstream stream(file, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

Result<signing::Request> read_request(fs::path const& file) {
    auto const bytes = read(file, signing::kMaxRequestBytes);
    if (!bytes) return pass_on(bytes);
    auto request = signing::Request::parse(*bytes);
    if (!request) return pass_on(request, "'" + file.string() + "'");
    return request;
}

Status write_signed(signing::Request const& request, fs::path const& source, std::optional<fs::path> const& chosen,
                    v1::Key const& key, Desk& desk) {
    auto const usual = fs::path(source).replace_extension("." + signing::short_id(key) + ".signed");
    auto const out = chosen.value_or(usual);
    auto const written = write_new_file(out, request.to_proto().SerializeAsString(), Mode::everybody);
    if (!written) return written;
    desk.out << fmt::format("\nSigned: {}\n", out.string());
    for (auto const& sentence : request.missing()) desk.out << "Still missing: " << sentence << "\n";
    desk.out << fmt::format("Carry it back: lanyard-seeder import {}\n", out.filename().string());
    return {};
}

Status confirm(bool yes, Desk& desk) {
    if (yes) return {};
    desk.out << "\nSign this? Type yes: " << std::flush;
    std::string answer;
    std::getline(desk.in, answer);
    if (answer == "yes") return {};
    return fail(Errc::not_confirmed, "nothing was signed, because the answer was not yes (scripts name --yes)");
}

// What has been looked at before anything is signed.
struct Looked {
    signing::Request request;
    std::optional<Published> published;
    bool vouched_for = false;  // the request founds a repository, or follows from what the keeper knows
};

Result<Looked> look(fs::path const& file, Whose const& whose, trust::TimePoint now, Desk& desk) {
    auto request = read_request(file);
    if (!request) return pass_on(request);
    auto const anchor = anchor_of(whose.keys, whose.root_digest);
    if (!anchor) return pass_on(anchor);
    auto published = find_published(*request, *anchor, now);
    if (!published) return pass_on(published);
    auto const words = describe(*request, *published, now);
    if (!words) return pass_on(words);
    desk.out << *words << (*published ? doubts(**published, *anchor) : "");
    bool const vouched_for = published->has_value() || request->roots().empty();
    return Looked{std::move(*request), std::move(*published), vouched_for};
}

Status check_vouched_for(Looked const& looked) {
    if (looked.vouched_for) return {};
    return fail(Errc::not_anchored,
                "nothing vouches for what the request calls published, so nothing was signed: name --root-digest, the "
                "digest of the first root as you know it, once; a .seen file beside the key remembers it then");
}

// Before the signature leaves the house.
Status remember(std::vector<fs::path> const& keys, Looked const& looked) {
    for (auto const& key : keys) {
        auto const before = read_seen(key);
        if (!before) return pass_on(before);
        auto const done =
            write_seen(key, seen_after(before->value_or(v1::KeeperSeen()), looked.request, looked.published));
        if (!done) return done;
    }
    return {};
}

Status carry_out_one(ShowRequest const& options, trust::TimePoint now, Desk& desk) {
    auto const looked = look(options.request, options.whose, now, desk);
    return looked ? Status() : pass_on(looked);
}

Status carry_out_one(SignRequest const& options, trust::TimePoint now, Desk& desk) {
    auto looked = look(options.request, options.whose, now, desk);
    if (!looked) return pass_on(looked);
    if (auto const known = check_vouched_for(*looked); !known) return known;
    if (auto const agreed = confirm(options.yes, desk); !agreed) return agreed;
    v1::Key last;
    for (auto const& file : options.whose.keys) {
        auto const signer = signing::load_key_file(file, passphrase_from(options.passphrase_file));
        if (!signer) return pass_on(signer);
        last = (*signer)->public_key();
        auto const signatures = looked->request.sign(**signer);
        if (!signatures) return pass_on(signatures);
        if (*signatures > 0) continue;
        return fail(signing::Errc::no_say,
                    "the key in " + file.string() + " (" + signing::short_id(last) +
                        ") has nothing to sign here: none of the roles names it, or it has signed "
                        "already; `lanyard-sign show` names those that have a say");
    }
    if (auto const kept = remember(options.whose.keys, *looked); !kept) return kept;
    return write_signed(looked->request, options.request, options.out, last, desk);
}

Status carry_out_one(GenerateKey const& options, trust::TimePoint, Desk& desk) {
    auto const key = make_key_file(options.file, options.passphrase_file, options.passphrase);
    if (!key) return pass_on(key);
    desk.out << fmt::format("Key {} is in {}; its public half, for the seeder, is in {}\n",
                            trust::key_id(*key).to_hex(), options.file.string(),
                            signing::public_half(options.file).string());
    return {};
}

Status carry_out_one(WritePae const& options, trust::TimePoint now, Desk& desk) {
    auto const looked = look(options.request, options.whose, now, desk);
    if (!looked) return pass_on(looked);
    if (auto const known = check_vouched_for(*looked); !known) return known;
    auto const bytes = looked->request.pae(options.role);
    if (!bytes) return pass_on(bytes);
    if (auto const kept = remember(options.whose.keys, *looked); !kept) return kept;
    if (auto const done = write_new_file(options.out, *bytes, Mode::everybody); !done) return done;
    desk.out << fmt::format("\nTo sign for {}: all bytes of {}, as they are (Ed25519, no digest before)\n",
                            options.role, options.out.string());
    return {};
}

Status carry_out_one(AttachSignature const& options, trust::TimePoint, Desk& desk) {
    auto request = read_request(options.request);
    if (!request) return pass_on(request);
    auto const key = signing::load_public_key_file(options.key);
    if (!key) return pass_on(key);
    auto const signature = read(options.signature, kSignatureBytes);
    if (!signature) return pass_on(signature);
    if (auto const done = request->attach(options.role, *key, *signature); !done) return done;
    return write_signed(*request, options.request, options.out, *key, desk);
}

}  // namespace

Status carry_out(SignCommand const& command, trust::TimePoint now, Desk& desk) {
    return std::visit([&](auto const& options) { return carry_out_one(options, now, desk); }, command);
}

}  // namespace lanyard::ceremony
