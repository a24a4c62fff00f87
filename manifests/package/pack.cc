#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <optional>
#include <thread>

#include "manifests/package/errc.h"
#include "manifests/package/file_writer.h"
#include "manifests/package/names.h"
#include "manifests/package/package.h"
#include "manifests/package/tree_rules.h"

namespace lanyard::package {
namespace {

namespace fs = std::filesystem;

std::string utf8(fs::path const& path) {
    auto const text = path.generic_u8string();
    return std::string(text.begin(), text.end());
}

tl::unexpected<Error> unreadable(fs::path const& path, std::error_code const& why) {
    return fail(Errc::unreadable, "cannot read " + path.string() + ": " + why.message());
}

// Everything below `directory`, in the order of its bytes, so that parents come before their children and two runs
// agree.
Result<std::vector<std::string>> listing(fs::path const& directory) {
    std::vector<std::string> paths;
    std::error_code ec;
    for (fs::recursive_directory_iterator entry(directory, ec), end; !ec && entry != end; entry.increment(ec)) {
        paths.push_back(utf8(entry->path().lexically_relative(directory)));
        if (paths.size() > kMost.entry_count) {
            return fail(Errc::unsafe, directory.string() + " holds more than " + std::to_string(kMost.entry_count) +
                                          " files; split the package");
        }
    }
    if (ec) return unreadable(directory, ec);
    std::ranges::sort(paths);
    return paths;
}

Result<Node> node_of(fs::path const& file, std::string const& path) {
    auto const checked = checked_path(path);
    if (!checked) return pass_on(checked);
    std::error_code ec;
    auto const status = fs::symlink_status(file, ec);
    if (ec) return unreadable(file, ec);
    auto const special = fs::perms::set_uid | fs::perms::set_gid | fs::perms::sticky_bit;
    Node node{.path = *checked, .target = ""};
    switch (status.type()) {
        case fs::file_type::regular:
            if ((status.permissions() & special) != fs::perms::none) {
                return fail(Errc::unsafe,
                            "the file " + printable(path) + " is setuid, setgid or sticky; remove the bit");
            }
            node.executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
            node.length = fs::file_size(file, ec);
            break;
        // A directory gets setgid or sticky from where it was made: no part of the release, and not packed.
        case fs::file_type::directory:
            node.kind = NodeKind::directory;
            break;
        case fs::file_type::symlink:
            node.kind = NodeKind::link;
            node.target = utf8(fs::read_symlink(file, ec));
            break;
        default:
            return fail(Errc::unsafe, printable(path) + " is a device, FIFO or socket");
    }
    if (ec) return unreadable(file, ec);
    return node;
}

// Looks at the whole directory before a byte is written.
Result<std::vector<Node>> survey(fs::path const& directory, TreeRules& rules) {
    auto const paths = listing(directory);
    if (!paths) return pass_on(paths);
    if (paths->empty()) return fail(Errc::unsafe, directory.string() + " is empty: nothing to pack");
    std::vector<Node> nodes;
    nodes.reserve(paths->size());
    for (auto const& path : *paths) {
        auto node = node_of(directory / fs::path(std::u8string(path.begin(), path.end())), path);
        if (!node) return pass_on(node);
        if (auto const admitted = rules.admit(*node); !admitted) return pass_on(admitted);
        nodes.push_back(std::move(*node));
    }
    return nodes;
}

// Bytes that are not worth tables larger than they are.
constexpr std::uint64_t kSmall = 2 * 1024 * 1024;
constexpr unsigned kMostThreads = 8;

class Packer {
public:
    Packer(std::uint64_t total, OnProgress const& on_progress)
        : total_(total), on_progress_(on_progress), archive_(archive_write_new(), &archive_write_free) {
        if (!archive_) throw std::bad_alloc();
    }

    Status open(fs::path const& file) {
        if (auto const made = out_.open(file); !made) return made;
        // Any number of workers gives the same bytes; none gives others, and a hundred MB less to set up.
        bool const small = total_ <= kSmall;
        auto const threads =
            std::to_string(small ? 0u : std::clamp(std::thread::hardware_concurrency(), 1u, kMostThreads));
        auto* const a = archive_.get();
        // gnutar keeps the bytes of a name as they are, where pax would ask the locale.
        auto const ready =
            archive_write_set_format_gnutar(a) == ARCHIVE_OK && archive_write_add_filter_zstd(a) == ARCHIVE_OK &&
            archive_write_set_filter_option(a, "zstd", "compression-level", small ? "6" : "9") == ARCHIVE_OK &&
            archive_write_set_filter_option(a, "zstd", "threads", threads.c_str()) == ARCHIVE_OK &&
            archive_write_set_bytes_in_last_block(a, 1) == ARCHIVE_OK &&  // no padding behind zstd
            archive_write_open(a, this, nullptr, &Packer::write, nullptr) == ARCHIVE_OK;
        if (!ready) return tl::unexpected(error());
        return {};
    }

    Status add(fs::path const& file, Node const& node) {
        std::unique_ptr<archive_entry, decltype(&archive_entry_free)> const entry(archive_entry_new(),
                                                                                  &archive_entry_free);
        if (!entry) throw std::bad_alloc();
        auto* const e = entry.get();
        bool const open = node.executable || node.kind == NodeKind::directory;
        archive_entry_copy_pathname(e, node.path.c_str());
        archive_entry_set_perm(e, node.kind == NodeKind::link ? 0777 : open ? 0755 : 0644);
        archive_entry_set_size(e, static_cast<la_int64_t>(node.length));
        archive_entry_set_mtime(e, 0, 0);
        archive_entry_set_filetype(e, node.kind == NodeKind::file        ? AE_IFREG
                                      : node.kind == NodeKind::directory ? AE_IFDIR
                                                                         : AE_IFLNK);
        if (node.kind == NodeKind::link) archive_entry_copy_symlink(e, node.target.c_str());
        if (archive_write_header(archive_.get(), e) != ARCHIVE_OK) return tl::unexpected(error());
        return node.kind == NodeKind::file ? content(file, node.length) : Status();
    }

    Status finish() {
        if (archive_write_close(archive_.get()) != ARCHIVE_OK) return tl::unexpected(error());
        return out_.close();
    }

private:
    static la_ssize_t write(archive* handle, void* self, void const* bytes, std::size_t size) {
        auto& packer = *static_cast<Packer*>(self);
        auto const written = packer.out_.write({static_cast<char const*>(bytes), size});
        if (written) return static_cast<la_ssize_t>(size);
        packer.error_ = written.error();
        archive_set_error(handle, EIO, "%s", packer.error_->detail.c_str());
        return -1;
    }

    Status content(fs::path const& file, std::uint64_t length) {
        std::ifstream in(file, std::ios::binary);
        for (std::uint64_t left = length; left > 0;) {
            auto const want = static_cast<std::streamsize>(std::min<std::uint64_t>(left, buffer_.size()));
            if (!in.read(buffer_.data(), want)) break;
            left -= static_cast<std::uint64_t>(want);
            if (archive_write_data(archive_.get(), buffer_.data(), static_cast<std::size_t>(want)) != want) {
                return tl::unexpected(error());
            }
            done_ += static_cast<std::uint64_t>(want);
            if (on_progress_ && !on_progress_(done_, total_)) return fail(Errc::stopped, "stopped while packing");
        }
        if (in && in.peek() == std::ifstream::traits_type::eof()) return {};
        return fail(Errc::unreadable, "cannot read " + file.string() +
                                          " as long as it was; it is unreadable, or changed "
                                          "while it was being packed");
    }

    Error error() const {
        if (error_) return *error_;
        auto const* const why = archive_error_string(archive_.get());
        return Error(Errc::unwritable,
                     std::string("the package cannot be written: ") + (why ? why : "no reason given"));
    }

    std::uint64_t total_;
    OnProgress const& on_progress_;
    std::uint64_t done_ = 0;
    std::vector<char> buffer_ = std::vector<char>(1 << 18);
    FileWriter out_;
    std::optional<Error> error_;
    // Last, because freeing it may still write.
    std::unique_ptr<archive, decltype(&archive_write_free)> archive_;
};

Status write_package(fs::path const& directory, std::vector<Node> const& nodes, fs::path const& file, Packer& packer) {
    if (auto const opened = packer.open(file); !opened) return opened;
    for (auto const& node : nodes) {
        auto const path = directory / fs::path(std::u8string(node.path.begin(), node.path.end()));
        if (auto const added = packer.add(path, node); !added) return added;
    }
    return packer.finish();
}

}  // namespace

Result<Contents> pack(fs::path const& directory, fs::path const& file, OnProgress const& on_progress) {
    TreeRules rules(kMost);
    auto const nodes = survey(directory, rules);
    if (!nodes) return pass_on(nodes);
    auto partial = file;
    partial += ".partial";
    Packer packer(rules.contents().unpacked_length, on_progress);
    auto const written = write_package(directory, *nodes, partial, packer);
    std::error_code ec;
    if (written) fs::rename(partial, file, ec);
    if (written && !ec) return rules.contents();
    std::error_code ignored;
    fs::remove(partial, ignored);
    if (!written) return pass_on(written);
    return tl::unexpected(write_error(file, ec));
}

}  // namespace lanyard::package
