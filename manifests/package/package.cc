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
        case Format::raw:
            break;
    }
    return "bin";
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
