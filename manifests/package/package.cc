#include "manifests/package/package.h"

#include "manifests/package/walk.h"

namespace lanyard::package {

char const* extension(Format format) {
    switch (format) {
        case Format::tar_gz:
            return "tar.gz";
        case Format::tar_xz:
            return "tar.xz";
        case Format::tar_zst:
            return "tar.zst";
        case Format::tar:
            return "tar";
        case Format::zip:
            return "zip";
        case Format::deb:
            return "deb";
        case Format::rpm:
            return "rpm";
        case Format::exe:
            return "exe";
        case Format::msi:
            return "msi";
        case Format::pkg:
            return "pkg";
        case Format::dmg:
            return "dmg";
        case Format::raw:
            break;
    }
    return "bin";
}

bool is_archive(Format format) { return format <= Format::zip; }

Promise promise_of(release::Target const& target) {
    return {.sha256 = target.sha256,
            .length = target.length,
            .contents = {.unpacked_length = target.unpacked_length, .entry_count = target.entry_count},
            .claim = {.type = target.type, .platform = target.platform}};
}

std::string file_name(release::Target const& target) {
    auto const& app = target.app.text();
    if (target.type != release::PackageType::file) return app + "." + std::string(release::text(target.type));
    return target.platform.os() == "windows" ? app + ".exe" : app;
}

Result<Format> sniff(std::filesystem::path const& file) {
    auto source = Source::open(file, nullptr);
    if (!source) return pass_on(source);
    return format_of(*source);
}

Result<release::Digest> digest_file(std::filesystem::path const& file, OnProgress const& on_progress) {
    auto source = Source::open(file, on_progress);
    if (!source) return pass_on(source);
    return source->digest();
}

}  // namespace lanyard::package
