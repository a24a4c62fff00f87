#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <map>
#include <string>
#include <vector>

#include "manifests/package/errc.h"
#include "manifests/package/package.h"
#include "tests/support/archives.h"
#include "tests/support/tree.h"

namespace lanyard::package {

// A package file, a folder to unpack in, and files around that nobody may touch.
class PackageTest : public testing::Test {
protected:
    PackageTest() {
        support::write_file(scratch / "outside" / "victim", "untouched");
        std::filesystem::create_directory(scratch / "in");
    }

    void put(std::string const& bytes) { support::write_file(package, bytes); }

    // The true digest and length of the package file, with these contents.
    Promise promise(Contents const& contents) const {
        auto const digest = digest_file(package, nullptr);
        return {.sha256 = digest.value(), .length = std::filesystem::file_size(package), .contents = contents};
    }

    Status unpack_as(Promise const& promised) {
        return unpack(
            package, target, promised, [this](auto const& made) { return durable(made); }, nullptr);
    }

    // Unpacks with the promise that inspect() gives.
    Status unpack_honestly() {
        auto const contents = inspect(package, nullptr);
        if (!contents) return pass_on(contents);
        return unpack_as(promise(*contents));
    }

    Status durable(std::filesystem::path const& directory) {
        made_durable.push_back(directory);
        return durability;
    }

    support::Scratch scratch;
    std::filesystem::path package = scratch / "package";
    std::filesystem::path target = scratch / "in" / "target";
    std::vector<std::filesystem::path> made_durable;
    Status durability;
};

// `bytes` through one of libarchive's compression filters.
inline std::string compressed(std::string const& bytes, int (*add_filter)(archive*)) {
    std::string out(bytes.size() + 65536, '\0');
    std::size_t used = 0;
    auto* const a = archive_write_new();
    archive_write_set_format_raw(a);
    add_filter(a);
    archive_write_set_bytes_per_block(a, 0);
    EXPECT_EQ(archive_write_open_memory(a, out.data(), out.size(), &used), ARCHIVE_OK);
    auto* const entry = archive_entry_new();
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_pathname(entry, "data");
    EXPECT_EQ(archive_write_header(a, entry), ARCHIVE_OK);
    EXPECT_EQ(archive_write_data(a, bytes.data(), bytes.size()), static_cast<la_ssize_t>(bytes.size()));
    EXPECT_EQ(archive_write_close(a), ARCHIVE_OK);
    archive_entry_free(entry);
    archive_write_free(a);
    out.resize(used);
    return out;
}

inline std::string zstd_of(std::string const& bytes, int window_log = 0) {
    auto* const context = ZSTD_createCCtx();
    if (window_log > 0) ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    std::string out(ZSTD_compressBound(bytes.size()), '\0');
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    // Two steps, or zstd would know the size and choose a small window.
    ZSTD_compressStream2(context, &to, &in, ZSTD_e_flush);
    EXPECT_EQ(ZSTD_compressStream2(context, &to, &in, ZSTD_e_end), 0u);
    ZSTD_freeCCtx(context);
    out.resize(to.pos);
    return out;
}

}  // namespace lanyard::package
