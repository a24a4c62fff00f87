#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "manifests/release/digest.h"
#include "manifests/release/target.h"
#include "proto/outcome/result.h"

namespace lanyard::package {

enum class Format { tar_gz, tar_xz, tar_zst, tar, zip, deb, rpm, exe, msi, pkg, dmg, raw };

// "tar.gz", "tar.xz", "tar.zst", "tar", "zip", "deb", "rpm", "exe", "msi", "pkg", "dmg", "bin"
char const* extension(Format format);

// What can be unpacked here.
bool is_archive(Format format);

// By content, never by name. exe: any program for Windows. raw: none of the others (a compressed file that is no tar is
// raw, too).
Result<Format> sniff(std::filesystem::path const& file);

// What unpacking would give.
struct Contents {
    std::uint64_t unpacked_length = 0;  // sum of the regular files
    std::uint64_t entry_count = 0;      // files, links and directories, those too that the archive only implies

    friend bool operator==(Contents const&, Contents const&) = default;
};

// No package may be larger than this, promised or not.
inline constexpr Contents kMost{.unpacked_length = std::uint64_t{1} << 40, .entry_count = 500'000};

// Bytes handled so far of about `total`; called now and then from the working thread. False asks to stop
// (Errc::stopped).
using OnProgress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

// Called once, on the finished directory: gives success when it and everything in it would survive a power cut. The
// operating system's side of it is the caller's (node/platform).
using MakeDurable = std::function<Status(std::filesystem::path const& directory)>;

// Packs a directory as tar.zst, the same bytes for the same tree: sorted, no owners, times zero, modes 0644 or 0755.
// Refuses what unpack() would refuse (links out of the tree, devices, odd names), naming the path. `file` appears under
// its name when it is whole, not before; it replaces a file of that name. Blocking.
Result<Contents> pack(std::filesystem::path const& directory, std::filesystem::path const& file,
                      OnProgress const& on_progress);

// What a package is said to be. Its content has to bear that out.
struct Claim {
    release::PackageType type = release::PackageType::file;  // which any content bears out
    std::optional<release::Platform> platform = {};          // for programs and shared libraries; nothing: any
};

// How many packages a bundle may hold.
inline constexpr std::size_t kMostParts = 16;

// Errc::wrong_content: an archive where a Debian package was claimed, a program for another machine, a plugin without a
// shared library, a bundle with anything but packages of its kind. Reads those two to their ends. Blocking.
Status bears_out(std::filesystem::path const& file, Claim const& claim);

// Reads a whole archive under the unpack policy without writing anything. Blocking.
Result<Contents> inspect(std::filesystem::path const& file, OnProgress const& on_progress);

// What the signed target promises; anything beyond is refused while unpacking.
struct Promise {
    release::Digest
        sha256;  // of the package file: checked before any of it is decoded, and of each block again when read
    std::uint64_t length = 0;
    Contents contents;  // exactly
    Claim claim = {};
};

Promise promise_of(release::Target const& target);

// What a package that is not unpacked is called in the directory of its release. Systems go by the ending.
std::string file_name(release::Target const& target);

// Unpacks an archive into `directory`, which must not exist while its parent must; it is made 0700, opened to 0755 at
// the end, and removed again when anything is refused. Policy (docs/explanation: safe unpacking): regular files,
// directories and relative links that stay inside; no absolute paths, "..", hard links, devices, FIFOs, sockets, sparse
// files, setuid/setgid/sticky, ACLs, extended attributes, odd or colliding names (names.h), duplicates, entries through
// a link, encrypted entries, trailing data; output bounded by the promise; zstd window at most 8 MiB. Files get 0644 or
// 0755, directories 0755. `make_durable` has succeeded when this succeeds. Blocking.
Status unpack(std::filesystem::path const& file, std::filesystem::path const& directory, Promise const& promise,
              MakeDurable const& make_durable, OnProgress const& on_progress);

// A package of type `file`: copied to `directory`/`name` with mode 0755 under the same promise and rules.
Status place_file(std::filesystem::path const& file, std::filesystem::path const& directory, std::string const& name,
                  Promise const& promise, MakeDurable const& make_durable, OnProgress const& on_progress);

// SHA-256 while streaming. Blocking.
Result<release::Digest> digest_file(std::filesystem::path const& file, OnProgress const& on_progress);

}  // namespace lanyard::package
