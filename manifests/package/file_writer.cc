#include "manifests/package/file_writer.h"

#include <cerrno>

#include "manifests/package/errc.h"

namespace lanyard::package {
namespace {

bool is_full(std::error_code const& why) {
#ifdef EDQUOT
    if (why == std::error_code(EDQUOT, std::generic_category())) return true;
#endif
    return why == std::errc::no_space_on_device || why == std::errc::file_too_large;
}

}  // namespace

Error write_error(std::filesystem::path const& file, std::error_code const& why) {
    if (is_full(why)) {
        return Error(Errc::disk_full, "no space left for " + file.string() + "; free some space on its disk");
    }
    return Error(Errc::unwritable, "cannot write " + file.string() + ": " + why.message());
}

// A stream only says that it failed; errno still tells why.
Status FileWriter::failed() const {
    return tl::unexpected(write_error(file_, std::error_code(errno != 0 ? errno : EIO, std::generic_category())));
}

Status FileWriter::open(std::filesystem::path const& file) {
    file_ = file;
    errno = 0;
    out_.clear();
    out_.open(file, std::ios::binary | std::ios::trunc);
    if (!out_) return failed();
    return {};
}

Status FileWriter::write(std::span<char const> bytes) {
    errno = 0;
    out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out_) return failed();
    return {};
}

Status FileWriter::close() {
    errno = 0;
    out_.close();
    if (!out_) return failed();
    return {};
}

}  // namespace lanyard::package
