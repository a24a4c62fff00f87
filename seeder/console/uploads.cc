#include "seeder/console/uploads.h"

#include "seeder/console/errc.h"
#include "seeder/console/posix_files.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigestDigits = 64;

Status check_name(std::string const& name) {
    if (name.size() == kDigestDigits && name.find_first_not_of("0123456789abcdef") == std::string::npos) return {};
    return fail(Errc::wrong_usage, "an upload is named by its SHA-256: 64 small hex digits");
}

}  // namespace

Result<std::uint64_t> Uploads::size(std::string const& name) const {
    if (auto const fine = check_name(name); !fine) return pass_on(fine);
    std::error_code missing;
    auto const size = fs::file_size(folder_ / name, missing);
    return missing ? 0 : std::uint64_t{size};
}

Status Uploads::make_room(std::string const& name) {
    std::error_code wrong;
    fs::create_directories(folder_, wrong);
    if (!wrong) fs::permissions(folder_, fs::perms::owner_all, wrong);
    if (wrong) return fail(wrong, "the seeder cannot keep uploads: " + wrong.message());
    std::size_t others = 0;
    auto const now = fs::file_time_type::clock::now();
    for (auto const& entry : fs::directory_iterator(folder_, wrong)) {
        if (entry.path().filename() == name) continue;
        std::error_code gone;
        auto const age = now - fs::last_write_time(entry.path(), gone);
        if (!gone && age > kForgetAfter) {
            fs::remove(entry.path(), gone);
        } else {
            ++others;
        }
    }
    if (others < kMost) return {};
    return fail(Errc::busy, "8 other uploads are under way: try again when one of them has ended");
}

Result<std::uint64_t> Uploads::append(std::string const& name, std::uint64_t offset, std::string_view bytes) {
    auto const there = size(name);
    if (!there) return there;
    if (*there != offset) {
        return fail(Errc::busy, "the seeder has " + std::to_string(*there) + " bytes of this upload, not " +
                                    std::to_string(offset) + "; is another upload of the same payload under way?");
    }
    if (offset + bytes.size() > kLargest) return fail(Errc::wrong_usage, "an upload has 16 GiB at most");
    if (offset == 0) {
        if (auto const room = make_room(name); !room) return pass_on(room);
    }
    if (auto const written = write_at(folder_ / name, offset, bytes); !written) {
        // A disk that is full has no room for what cannot become a release.
        remove(name);
        return pass_on(written);
    }
    return offset + bytes.size();
}

Result<fs::path> Uploads::finish(std::string const& name, std::uint64_t length,
                                 package::OnProgress const& on_progress) {
    auto const there = size(name);
    if (!there) return pass_on(there);
    if (*there == 0 || *there != length) {
        return fail(Errc::wrong_usage, "the upload is not complete: " + std::to_string(*there) + " of " +
                                           std::to_string(length) + " bytes have come; publish again to go on");
    }
    auto const file = folder_ / name;
    if (auto const kept = PosixDisk().sync(file); !kept) return pass_on(kept);
    auto const digest = package::digest_file(file, on_progress);
    if (!digest) return pass_on(digest);
    if (digest->to_hex() == name) return file;
    remove(name);
    return fail(Errc::wrong_usage,
                "what was uploaded has another SHA-256 than it was announced with: it is removed; "
                "publish again");
}

void Uploads::remove(std::string const& name) {
    std::error_code gone;
    if (check_name(name)) fs::remove(folder_ / name, gone);
}

}  // namespace lanyard::console
