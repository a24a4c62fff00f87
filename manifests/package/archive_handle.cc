#include "manifests/package/archive_handle.h"

#include <cerrno>
#include <cstdio>
#include <new>

#include "manifests/package/errc.h"

namespace lanyard::package {

ArchiveHandle new_archive_reader() {
    ArchiveHandle handle(archive_read_new(), &archive_read_free);
    if (!handle) throw std::bad_alloc();
    return handle;
}

int ArchiveInput::open(archive* handle, bool with_seek) {
    archive_read_set_read_callback(handle, &ArchiveInput::read);
    if (with_seek) archive_read_set_seek_callback(handle, &ArchiveInput::seek);
    archive_read_set_callback_data(handle, this);
    return archive_read_open1(handle);
}

// Called by C code: no exception may leave these two.
la_ssize_t ArchiveInput::read(archive* handle, void* self, void const** bytes) {
    auto& input = *static_cast<ArchiveInput*>(self);
    try {
        auto const part = input.next_();
        if (part) {
            *bytes = part->data();
            input.position_ += part->size();
            return static_cast<la_ssize_t>(part->size());
        }
        input.error_ = part.error();
    } catch (std::exception const& e) {
        input.error_ = Error(Errc::broken, e.what());
    }
    archive_set_error(handle, EIO, "%s", input.error_->detail.c_str());
    return ARCHIVE_FATAL;
}

la_int64_t ArchiveInput::seek(archive*, void* self, la_int64_t offset, int whence) {
    auto& input = *static_cast<ArchiveInput*>(self);
    auto const length = static_cast<la_int64_t>(input.seekable_->length());
    auto const from = whence == SEEK_SET ? 0 : whence == SEEK_END ? length : static_cast<la_int64_t>(input.position_);
    la_int64_t to = 0;
    if (__builtin_add_overflow(from, offset, &to) || to < 0 || to > length) return ARCHIVE_FATAL;
    input.seekable_->seek(static_cast<std::uint64_t>(to));
    input.position_ = static_cast<std::uint64_t>(to);
    return to;
}

Error ArchiveInput::error_of(archive* handle, char const* context) const {
    if (error_) return *error_;
    auto const* const why = archive_error_string(handle);
    return Error(Errc::broken, std::string(context) + ": " + (why ? why : "no reason given"));
}

}  // namespace lanyard::package
