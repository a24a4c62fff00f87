#include "manifests/package/decoder.h"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>
#include <zstd.h>

#include <new>
#include <optional>
#include <string>
#include <vector>

#include "manifests/package/archive_handle.h"
#include "manifests/package/errc.h"

namespace lanyard::package {
namespace {

constexpr std::size_t kOut = 256 * 1024;

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

// By zlib, because libarchive 3.6 does not compare the checksum of a gzip member with its content.
class GzipDecoder final : public Decoder {
public:
    explicit GzipDecoder(Source& source) : source_(source), out_(kOut) {
        constexpr int kGzipOnly = 16 + MAX_WBITS;
        if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
    }
    ~GzipDecoder() override { inflateEnd(&stream_); }
    GzipDecoder(GzipDecoder const&) = delete;
    GzipDecoder& operator=(GzipDecoder const&) = delete;

    Result<std::span<char const>> next() override {
        while (true) {
            if (stream_.avail_in == 0 && !flushing_) {
                auto const more = source_.next();
                if (!more) return pass_on(more);
                if (more->empty()) return at_end();
                // zlib does not write to its input.
                stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(more->data()));
                stream_.avail_in = static_cast<uInt>(more->size());
            }
            auto const size = decode();
            if (!size) return pass_on(size);
            if (*size > 0) return std::span<char const>(out_.data(), *size);
        }
    }

private:
    Result<std::size_t> decode() {
        stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
        stream_.avail_out = static_cast<uInt>(out_.size());
        auto const result = inflate(&stream_, Z_NO_FLUSH);
        flushing_ = stream_.avail_out == 0;
        // Between members there may be another one; anything else fails as a wrong header.
        in_member_ = result != Z_STREAM_END;
        if (result == Z_STREAM_END) {
            flushing_ = false;
            inflateReset(&stream_);
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            auto const* const why = stream_.msg ? stream_.msg : "it is damaged";
            return fail(Errc::broken, std::string("the gzip stream cannot be decoded: ") + why);
        }
        return out_.size() - stream_.avail_out;
    }

    Result<std::span<char const>> at_end() const {
        if (!in_member_) return std::span<char const>();
        return fail(Errc::broken, "the gzip stream is cut off");
    }

    Source& source_;
    std::vector<char> out_;
    z_stream stream_{};
    bool in_member_ = true;
    bool flushing_ = false;
};

// By libarchive's filter under its "raw" format.
class XzDecoder final : public Decoder {
public:
    explicit XzDecoder(Source& source) : source_(source), out_(kOut) {
        archive_read_support_format_raw(archive_.get());
        archive_read_support_filter_xz(archive_.get());
    }

    Result<std::span<char const>> next() override {
        if (!open_) {
            if (auto const opened = open(); !opened) return pass_on(opened);
        }
        auto const count = archive_read_data(archive_.get(), out_.data(), out_.size());
        if (count < 0) return tl::unexpected(input_.error_of(archive_.get(), "the xz stream cannot be decoded"));
        if (count == 0) return at_end();
        return std::span<char const>(out_.data(), static_cast<std::size_t>(count));
    }

private:
    Status open() {
        archive_entry* entry = nullptr;
        if (input_.open(archive_.get(), false) != ARCHIVE_OK ||
            archive_read_next_header(archive_.get(), &entry) != ARCHIVE_OK) {
            return tl::unexpected(input_.error_of(archive_.get(), "the xz stream cannot be decoded"));
        }
        open_ = true;
        return {};
    }

    Result<std::span<char const>> at_end() {
        auto const used = static_cast<std::uint64_t>(archive_filter_bytes(archive_.get(), -1));
        if (used == source_.length()) return std::span<char const>();
        return fail(Errc::broken,
                    "the xz stream ends at byte " + std::to_string(used) + " and is followed by other data");
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
    if (format == Format::tar_gz) return std::make_unique<GzipDecoder>(source);
    return std::make_unique<XzDecoder>(source);
}

}  // namespace lanyard::package
