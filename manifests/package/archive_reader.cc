#include "manifests/package/archive_reader.h"

#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "manifests/package/archive_handle.h"
#include "manifests/package/decoder.h"
#include "manifests/package/errc.h"
#include "manifests/package/names.h"
#include "manifests/package/utf8_names.h"

namespace lanyard::package {
namespace {

constexpr std::size_t kTarBlock = 512;

// What an archive may hold besides the content: nothing of it would be kept, so nothing of it is let pass silently.
char const* odd_attribute(archive_entry* entry, bool is_link) {
    if (!is_link && (archive_entry_perm(entry) & 07000) != 0) return "is setuid, setgid or sticky";
    if (archive_entry_acl_types(entry) != 0) return "has an access control list";
    if (archive_entry_xattr_count(entry) > 0) return "has extended attributes";
    if (archive_entry_sparse_count(entry) > 0) return "is a sparse file; pack it without --sparse";
    if (archive_entry_is_encrypted(entry) != 0) return "is encrypted";
    return nullptr;
}

std::optional<NodeKind> kind_of(archive_entry* entry) {
    switch (archive_entry_filetype(entry)) {
        case AE_IFREG:
            return NodeKind::file;
        case AE_IFDIR:
            return NodeKind::directory;
        case AE_IFLNK:
            return NodeKind::link;
        default:
            return std::nullopt;
    }
}

Result<Node> node_of(archive_entry* entry) {
    auto const* const raw = archive_entry_pathname(entry);
    if (!raw) return fail(Errc::unsafe, "an entry has a name that is not UTF-8");
    auto const path = checked_path(raw);
    if (!path) return pass_on(path);
    auto const refused = [&](char const* why) { return fail(Errc::unsafe, "the entry " + printable(raw) + " " + why); };
    if (archive_entry_hardlink(entry)) return refused("is a hard link; pack it as a file of its own");
    auto const kind = kind_of(entry);
    if (!kind) return refused("is a device, FIFO or socket");
    if (auto const* const why = odd_attribute(entry, *kind == NodeKind::link)) return refused(why);
    if (path->empty() && *kind != NodeKind::directory) return refused("has no name");

    Node node{.path = *path, .kind = *kind, .executable = (archive_entry_perm(entry) & 0100) != 0, .target = ""};
    if (*kind == NodeKind::file) {
        auto const length = archive_entry_size(entry);
        if (!archive_entry_size_is_set(entry) || length < 0) return refused("does not say how long it is");
        node.length = static_cast<std::uint64_t>(length);
    }
    if (*kind == NodeKind::link) {
        auto const* const target = archive_entry_symlink(entry);
        node.target = target ? target : "";
    }
    return node;
}

}  // namespace

struct ArchiveReader::Impl {
    Impl(Format archive_format, Source& file) : format(archive_format), source(file) {
        if (format != Format::zip) decoder = Decoder::make(format, source);
    }

    Result<std::span<char const>> feed();
    Status open();
    Status check_method() const;
    Status check_end();
    Status check_zip_end();

    Format format;
    Source& source;
    std::unique_ptr<Decoder> decoder;
    std::uint64_t fed = 0;        // bytes of the tar stream
    std::uint64_t last_used = 0;  // where its last byte other than zero ends
    ArchiveInput input{[this] { return feed(); }, &source};
    ArchiveHandle archive = new_archive_reader();
    bool is_open = false;
    std::uint64_t announced = 0;
    std::uint64_t delivered = 0;
};

Result<std::span<char const>> ArchiveReader::Impl::feed() {
    auto const bytes = decoder ? decoder->next() : source.next();
    if (!bytes) return bytes;
    auto const last = std::find_if(bytes->rbegin(), bytes->rend(), [](char c) { return c != 0; });
    if (last != bytes->rend()) last_used = fed + static_cast<std::uint64_t>(bytes->rend() - last);
    fed += bytes->size();
    return bytes;
}

Status ArchiveReader::Impl::open() {
    bool const zip = format == Format::zip;
    if (zip) {
        if (auto const whole = check_zip_end(); !whole) return whole;
        archive_read_support_format_zip_seekable(archive.get());
    } else {
        archive_read_support_format_tar(archive.get());
    }
    if (input.open(archive.get(), zip) != ARCHIVE_OK) {
        return tl::unexpected(input.error_of(archive.get(), "the archive cannot be read"));
    }
    is_open = true;
    return {};
}

// The other methods of zip (LZMA, PPMd) take as much memory as the archive asks for.
Status ArchiveReader::Impl::check_method() const {
    if (format != Format::zip) return {};
    auto const* const name = archive_format_name(archive.get());
    std::string_view const method = name ? name : "";
    if (method.ends_with("(deflation)") || method.ends_with("(uncompressed)")) return {};
    return fail(Errc::unsafe, "the zip archive uses a compression other than deflate: " + std::string(method));
}

// APPNOTE 4.3.16: the end of central directory record, and behind it only the comment that it announces.
Status ArchiveReader::Impl::check_zip_end() {
    constexpr std::size_t kRecord = 22;
    constexpr std::size_t kLongest = kRecord + 0xffff;
    auto const length = source.length();
    std::string tail;
    source.seek(length - std::min<std::uint64_t>(length, kLongest));
    while (true) {
        auto const bytes = source.next();
        if (!bytes) return pass_on(bytes);
        if (bytes->empty()) break;
        tail.append(bytes->data(), bytes->size());
    }
    source.seek(0);
    constexpr std::string_view kSignature = "PK\x05\x06";
    auto at = tail.size() < kRecord ? std::string::npos : tail.rfind(kSignature, tail.size() - kRecord);
    for (; at != std::string::npos; at = at == 0 ? at - 1 : tail.rfind(kSignature, at - 1)) {
        auto const low = static_cast<unsigned char>(tail[at + 20]);
        auto const high = static_cast<unsigned char>(tail[at + 21]);
        if (at + kRecord + low + 256u * high == tail.size()) return {};
    }
    return fail(Errc::broken, "the zip archive is cut off, or followed by other data");
}

Status ArchiveReader::Impl::check_end() {
    if (format == Format::zip) return {};
    while (true) {
        auto const bytes = feed();
        if (!bytes) return pass_on(bytes);
        if (bytes->empty()) break;
    }
    if (last_used <= static_cast<std::uint64_t>(archive_filter_bytes(archive.get(), 0))) return {};
    return fail(Errc::broken, "the tar archive is followed by other data");
}

ArchiveReader::ArchiveReader(Format format, Source& source) : impl_(std::make_unique<Impl>(format, source)) {}
ArchiveReader::~ArchiveReader() = default;

Result<std::optional<Node>> ArchiveReader::next() {
    Utf8Names const names;
    if (!impl_->is_open) {
        if (auto const opened = impl_->open(); !opened) return pass_on(opened);
    }
    archive_entry* entry = nullptr;
    auto* const archive = impl_->archive.get();
    auto const found = archive_read_next_header(archive, &entry);
    if (found == ARCHIVE_EOF) {
        if (auto const whole = impl_->check_end(); !whole) return pass_on(whole);
        return std::nullopt;
    }
    if (found == ARCHIVE_WARN) {
        // libarchive has made something up for what it could not read.
        auto error = impl_->input.error_of(archive, "an entry cannot be read as it was meant");
        return fail(Errc::unsafe, std::move(error.detail));
    }
    if (found != ARCHIVE_OK) return tl::unexpected(impl_->input.error_of(archive, "the archive cannot be read"));
    if (auto const known = impl_->check_method(); !known) return pass_on(known);
    auto node = node_of(entry);
    if (!node) return pass_on(node);
    impl_->announced = node->length;
    impl_->delivered = 0;
    return std::optional<Node>(std::move(*node));
}

Result<std::span<char const>> ArchiveReader::content() {
    void const* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    auto* const archive = impl_->archive.get();
    int found = ARCHIVE_OK;
    while (found == ARCHIVE_OK && size == 0) found = archive_read_data_block(archive, &bytes, &size, &offset);
    if (found != ARCHIVE_OK && found != ARCHIVE_EOF) {
        return tl::unexpected(impl_->input.error_of(archive, "the archive cannot be read"));
    }
    bool const at_end = found == ARCHIVE_EOF;
    if (at_end && impl_->delivered == impl_->announced) return std::span<char const>();
    bool const in_order = static_cast<std::uint64_t>(offset) == impl_->delivered;
    if (at_end || !in_order || size > impl_->announced - impl_->delivered) {
        return fail(Errc::broken, "a file in the archive is longer or shorter than announced");
    }
    impl_->delivered += size;
    return std::span<char const>(static_cast<char const*>(bytes), size);
}

bool is_tar(std::span<char const> bytes) {
    constexpr std::size_t kChecksum = 148;
    if (bytes.size() < kTarBlock) return false;
    unsigned sum = 0;
    for (std::size_t i = 0; i < kTarBlock; ++i) {
        bool const in_checksum = i >= kChecksum && i < kChecksum + 8;
        sum += in_checksum ? unsigned{' '} : static_cast<unsigned char>(bytes[i]);
    }
    unsigned written = 0;
    for (auto const c : bytes.subspan(kChecksum, 8)) {
        if (c == ' ' && written == 0) continue;
        if (c < '0' || c > '7') break;
        written = written * 8 + static_cast<unsigned>(c - '0');
    }
    return written == sum;
}

}  // namespace lanyard::package
