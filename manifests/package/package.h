#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "manifests/release/digest.h"
#include "manifests/release/target.h"
#include "proto/outcome/result.h"

namespace lanyard::package {

enum class Format { tar_gz, tar_xz, tar_zst, zip, raw };

// "tar.gz", "tar.xz", "tar.zst", "zip", "bin"
char const* extension(Format format);

// By content, never by name. raw: none of the archives.
Result<Format> sniff(std::filesystem::path const& file);

// What unpacking would give.
struct Contents {
    std::uint64_t unpacked_length = 0;  // sum of the regular files
    std::uint64_t entry_count = 0;
};

// Bytes handled so far of about `total`; called now and then from the working thread. False asks to stop (Errc::stopped).
using OnProgress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

// Packs a directory as tar.zst, the same bytes for the same tree: sorted, no owners, times zero, modes 0644 or 0755.
// Refuses what unpack() would refuse (links out of the tree, devices, odd names), naming the path. Blocking.
Result<Contents> pack(std::filesystem::path const& directory, std::filesystem::path const& file,
                      OnProgress const& on_progress);

// Reads a whole archive under the unpack policy without writing anything. Blocking.
Result<Contents> inspect(std::filesystem::path const& file, OnProgress const& on_progress);

// What the signed target promises; anything beyond is refused while unpacking.
struct Promise {
    release::Digest sha256;  // of the package file, checked again in the same pass
    std::uint64_t length = 0;
    Contents contents;
};

// Unpacks an archive into `directory`, which must not exist; it is made 0700-then-0755 and removed again when anything
// is refused. Policy (research: safe unpacking): regular files, directories and relative links that stay inside; no
// absolute paths, "..", hard links, devices, FIFOs, sockets, setuid/setgid/sticky, ACLs, odd or colliding names
// (case-fold), duplicates, entries through a link; output bounded by the promise; zstd window at most 8 MiB... files get
// 0644 or 0755. Everything is on disk (fsync) when this returns. Blocking.
Status unpack(std::filesystem::path const& file, std::filesystem::path const& directory, Promise const& promise,
              OnProgress const& on_progress);

// A package of type `file`: copied to `directory`/`name` with mode 0755 under the same promise.
Status place_file(std::filesystem::path const& file, std::filesystem::path const& directory, std::string const& name,
                  Promise const& promise, OnProgress const& on_progress);

// SHA-256 while streaming. Blocking.
Result<release::Digest> digest_file(std::filesystem::path const& file, OnProgress const& on_progress);

}  // namespace lanyard::package
