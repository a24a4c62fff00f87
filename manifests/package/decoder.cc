#include "manifests/package/decoder.h"

#include <archive.h>
#include <archive_entry.h>
#include <zstd.h>

#include <optional>
#include <string>
#include <vector>

#include "manifests/package/archive_handle.h"
#include "manifests/package/errc.h"

namespace lanyard::package {
namespace {

class PlainDecoder final : public Decoder {
public:
    explicit PlainDecoder(Source& source) : source_(source) {}
    Result<std::span<char const>> next() override { return source_.next(); }

private:
    Source& source_;
};

// libarchive would accept windows of up to 128 MiB; this one stops at 8 MiB, as RFC 9659 does.
class ZstdDecoder final : public Decoder {
public:
    explicit ZstdDecoder(Source& source)
        : source_(source), context_(ZSTD_createDCtx(), ZSTD_freeDCtx), out_(ZSTD_DStreamOutSize()) {
        constexpr int kWindowLog = 23;
        ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kWindowLog);
    }

    Result<std::span<char const>> next() override {
        while (true) {
            if (in_.pos == in_.size) {
                auto const more = source_.next();
                if (!more) return pass_on(more);
                in_ = {more->data(), more->size(), 0};
                if (more->empty() && !flushing_) return at_end();
            }
            ZSTD_outBuffer out{out_.data(), out_.size(), 0};
            left_ = ZSTD_decompressStream(context_.get(), &out, &in_);
            if (ZSTD_isError(left_)) {
                return fail(Errc::broken,
                            std::string("the zstd stream cannot be decoded: ") + ZSTD_getErrorName(left_));
            }
            // A full buffer may leave more inside the decoder although all input has been taken.
            flushing_ = out.pos == out.size;
            if (out.pos > 0) return std::span<char const>(out_.data(), out.pos);
        }
    }

private:
    Result<std::span<char const>> at_end() const {
        if (left_ == 0) return std::span<char const>();
        return fail(Errc::broken, "the zstd stream is cut off");
    }

    Source& source_;
    std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_;
    std::vector<char> out_;
    ZSTD_inBuffer in_{nullptr, 0, 0};
    std::size_t left_ = 1;  // of the current frame; 0 between frames
    bool flushing_ = false;
};

// gzip and xz, by libarchive's filters under its "raw" format.
class FilterDecoder final : public Decoder {
public:
    FilterDecoder(Format format, Source& source) : source_(source), out_(kOut) {
        archive_read_support_format_raw(archive_.get());
        if (format == Format::tar_gz) archive_read_support_filter_gzip(archive_.get());
        if (format == Format::tar_xz) archive_read_support_filter_xz(archive_.get());
    }

    Result<std::span<char const>> next() override {
        if (!open_) {
            if (auto const opened = open(); !opened) return pass_on(opened);
        }
        auto const count = archive_read_data(archive_.get(), out_.data(), out_.size());
        if (count < 0)
            return tl::unexpected(input_.error_of(archive_.get(), "the compressed stream cannot be decoded"));
        if (count == 0) return at_end();
        return std::span<char const>(out_.data(), static_cast<std::size_t>(count));
    }

private:
    static constexpr std::size_t kOut = 256 * 1024;

    Status open() {
        archive_entry* entry = nullptr;
        if (input_.open(archive_.get(), false) != ARCHIVE_OK ||
            archive_read_next_header(archive_.get(), &entry) != ARCHIVE_OK) {
            return tl::unexpected(input_.error_of(archive_.get(), "the compressed stream cannot be decoded"));
        }
        open_ = true;
        return {};
    }

    Result<std::span<char const>> at_end() {
        // The gzip filter stops at the first thing that is no gzip member, without a word.
        auto const used = static_cast<std::uint64_t>(archive_filter_bytes(archive_.get(), -1));
        if (used == source_.length()) return std::span<char const>();
        return fail(Errc::broken,
                    "the compressed stream ends at byte " + std::to_string(used) + " and is followed by other data");
    }

    Source& source_;
    ArchiveInput input_{[this] { return source_.next(); }, nullptr};
    ArchiveHandle archive_ = new_archive_reader();
    std::vector<char> out_;
    bool open_ = false;
};

}  // namespace

std::unique_ptr<Decoder> Decoder::make(Format format, Source& source) {
    if (format == Format::tar_zst) return std::make_unique<ZstdDecoder>(source);
    if (format == Format::tar) return std::make_unique<PlainDecoder>(source);
    return std::make_unique<FilterDecoder>(format, source);
}

}  // namespace lanyard::package
