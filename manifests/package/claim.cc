#include "manifests/package/claim.h"

#include "manifests/package/binary.h"
#include "manifests/package/errc.h"

namespace lanyard::package {
namespace {

using release::PackageType;

char const* in_words(Format format) {
    switch (format) {
        case Format::tar_gz:
        case Format::tar_xz:
        case Format::tar_zst:
        case Format::tar:
            return "a tar archive";
        case Format::zip:
            return "a zip archive";
        case Format::deb:
            return "a Debian package";
        case Format::rpm:
            return "an RPM package";
        case Format::exe:
            return "a program for Windows";
        case Format::msi:
            return "a package of the Windows Installer";
        case Format::pkg:
            return "a package of macOS";
        case Format::dmg:
            return "a disk image of macOS";
        case Format::raw:
            break;
    }
    return "neither an archive nor a package that is known here";
}

bool fits(PackageType type, Format format) {
    switch (type) {
        case PackageType::tree:
        case PackageType::plugin:
        case PackageType::debs:
        case PackageType::rpms:
            return is_archive(format);
        case PackageType::file:
            return true;
        default:
            return release::extensions_of(type).front() == extension(format);
    }
}

// A program for another machine would be found out by its probe only, when the old one has been stopped.
Status check_program(Source& source, release::Platform const& platform) {
    auto const head = source.next();
    source.seek(0);
    if (!head) return pass_on(head);
    auto const binary = binary_of(*head);
    if (!binary || runs_on(*binary, platform)) return {};
    return fail(Errc::wrong_content, "the package is said to be for " + platform.text() +
                                         ", and its content is a program for " + binary->os + "/" + binary->arch);
}

// Whether the system would take it for a script (execve(2)).
Status check_script(Source& source) {
    auto const head = source.next();
    source.seek(0);
    if (!head) return pass_on(head);
    if (std::string_view(head->data(), head->size()).starts_with("#!")) return {};
    return fail(Errc::wrong_content, "the package is said to be a script, and does not begin with #!");
}

Status stray(PackageType type, std::string const& path) {
    std::string const part(release::text(release::part_of(type)));
    return fail(Errc::wrong_content, "the package is said to be a bundle (" + std::string(release::text(type)) +
                                         "), and " + path + " in it is no ." + part + " file of such a package");
}

}  // namespace

Status check_content(Source& source, Claim const& claim) {
    if (claim.type == PackageType::script) return check_script(source);
    auto const format = format_of(source);
    if (!format) return pass_on(format);
    if (!fits(claim.type, *format)) {
        return fail(Errc::wrong_content, "the package is said to be a " + std::string(release::text(claim.type)) +
                                             ", and its content is " + in_words(*format));
    }
    if (claim.type != PackageType::file || !claim.platform) return {};
    return check_program(source, *claim.platform);
}

Status TreeSearch::directory(std::string const& path) {
    if (release::is_bundle(claim_.type)) return stray(claim_.type, path);
    return next_.directory(path);
}

Status TreeSearch::link(std::string const& path, std::string const& target) {
    if (release::is_bundle(claim_.type)) return stray(claim_.type, path);
    return next_.link(path, target);
}

Status TreeSearch::begin_file(std::string const& path) {
    path_ = path;
    head_.clear();
    return next_.begin_file(path);
}

Status TreeSearch::write(std::span<char const> bytes) {
    if (head_.size() < kBinaryHead) head_.append(bytes.data(), std::min(bytes.size(), kBinaryHead - head_.size()));
    return next_.write(bytes);
}

Status TreeSearch::end_file(bool executable) {
    if (release::is_bundle(claim_.type)) {
        auto const part = release::part_of(claim_.type);
        // The tool is given all files with that ending.
        bool const named = path_.ends_with("." + std::string(release::text(part)));
        if (!named || !fits(part, native_by_magic(head_))) return stray(claim_.type, path_);
        ++packages_;
    }
    auto const binary = binary_of(head_);
    has_library_ =
        has_library_ || (binary && binary->library && (!claim_.platform || runs_on(*binary, *claim_.platform)));
    return next_.end_file(executable);
}

Status TreeSearch::found() const {
    if (claim_.type == PackageType::plugin && !has_library_) {
        return fail(Errc::wrong_content, "the package is said to be a plugin, and holds no shared library" +
                                             (claim_.platform ? " for " + claim_.platform->text() : std::string()));
    }
    if (release::is_bundle(claim_.type) && packages_ > kMostParts) {
        return fail(Errc::wrong_content, "the bundle holds " + std::to_string(packages_) + " packages, at most " +
                                             std::to_string(kMostParts) + " go together");
    }
    return {};
}

}  // namespace lanyard::package
