#include "manifests/package/walk.h"

#include <string_view>

#include "manifests/package/binary.h"
#include "manifests/package/decoder.h"
#include "manifests/package/errc.h"
#include "manifests/package/tree_rules.h"

namespace lanyard::package {
namespace {

constexpr std::size_t kDiskImageEnd = 512;

// A disk image has its mark in a block behind everything else.
Result<bool> is_disk_image(Source& source) {
    if (source.length() < kDiskImageEnd) return false;
    source.seek(source.length() - kDiskImageEnd);
    auto const bytes = source.next();
    source.seek(0);
    if (!bytes) return pass_on(bytes);
    return std::string_view(bytes->data(), bytes->size()).starts_with("koly");
}

Format by_magic(std::string_view bytes) {
    if (bytes.starts_with("\x1f\x8b\x08")) return Format::tar_gz;
    if (bytes.starts_with(std::string_view("\xfd"
                                           "7zXZ\0",
                                           6))) {
        return Format::tar_xz;
    }
    if (bytes.starts_with("\x28\xb5\x2f\xfd")) return Format::tar_zst;
    if (bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06")) return Format::zip;
    return Format::tar;
}

// Whether a tar is inside, whatever is around it.
Result<bool> holds_tar(Format format, Source& source) {
    constexpr std::size_t kHeader = 512;
    auto const decoder = Decoder::make(format, source);
    std::string head;
    while (head.size() < kHeader) {
        auto const bytes = decoder->next();
        if (!bytes) return pass_on(bytes);
        if (bytes->empty()) break;
        head.append(bytes->data(), bytes->size());
    }
    return is_tar(head);
}

Status file_content(ArchiveReader& reader, Node const& node, TreeSink& sink) {
    if (auto const begun = sink.begin_file(node.path); !begun) return begun;
    while (true) {
        auto const bytes = reader.content();
        if (!bytes) return pass_on(bytes, node.path);
        if (bytes->empty()) return sink.end_file(node.executable);
        if (auto const written = sink.write(*bytes); !written) return written;
    }
}

Status place(ArchiveReader& reader, Node const& node, TreeRules& rules, TreeSink& sink) {
    auto const missing = rules.admit(node);
    if (!missing) return pass_on(missing);
    for (auto const& parent : missing->parents) {
        if (auto const made = sink.directory(parent); !made) return made;
    }
    switch (node.kind) {
        case NodeKind::directory:
            return missing->itself ? sink.directory(node.path) : Status();
        case NodeKind::link:
            return sink.link(node.path, node.target);
        case NodeKind::file:
            break;
    }
    return file_content(reader, node, sink);
}

}  // namespace

Format native_by_magic(std::string_view bytes) {
    if (bytes.starts_with("!<arch>\ndebian-binary")) return Format::deb;
    if (bytes.starts_with("\xed\xab\xee\xdb")) return Format::rpm;
    if (bytes.starts_with("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) return Format::msi;
    if (bytes.starts_with("xar!")) return Format::pkg;
    auto const binary = binary_of(bytes);
    return binary && binary->os == "windows" ? Format::exe : Format::raw;
}

Result<Format> format_of(Source& source) {
    auto const bytes = source.next();
    if (!bytes) return pass_on(bytes);
    std::string_view const head(bytes->data(), bytes->size());
    auto const native = native_by_magic(head);
    auto const format = by_magic(head);
    source.seek(0);
    if (native != Format::raw) return native;
    if (format == Format::zip) return format;
    auto const tar = holds_tar(format, source);
    source.seek(0);
    if (!tar) return pass_on(tar);
    if (*tar) return format;
    auto const image = is_disk_image(source);
    if (!image) return pass_on(image);
    return *image ? Format::dmg : Format::raw;
}

Result<Contents> walk(Source& source, Contents const& most, TreeSink& sink) {
    auto const format = format_of(source);
    if (!format) return pass_on(format);
    if (!is_archive(*format)) {
        return fail(Errc::not_an_archive,
                    "the package is no archive; tar.gz, tar.xz, tar.zst, tar and zip can be unpacked");
    }
    ArchiveReader reader(*format, source);
    TreeRules rules(most);
    while (true) {
        auto const node = reader.next();
        if (!node) return pass_on(node);
        if (!*node) break;
        bool const is_root = (*node)->path.empty();
        if (is_root) continue;
        if (auto const placed = place(reader, **node, rules, sink); !placed) return pass_on(placed);
    }
    if (rules.contents().entry_count == 0) return fail(Errc::broken, "the archive is empty");
    return rules.contents();
}

}  // namespace lanyard::package
