#include "manifests/package/source.h"

#include <algorithm>

#include "manifests/package/errc.h"
#include "manifests/package/sha256.h"

namespace lanyard::package {
namespace {

namespace fs = std::filesystem;

}  // namespace

Result<Source> Source::open(fs::path const& file, OnProgress const& on_progress) {
    std::error_code ec;
    if (!fs::is_regular_file(file, ec)) {
        auto const why = ec ? ec.message() : fs::exists(file, ec) ? "it is no regular file" : "it does not exist";
        return fail(Errc::unreadable, "cannot read " + file.string() + ": " + why);
    }
    Source source;
    source.file_ = file;
    source.on_progress_ = on_progress;
    source.in_.open(file, std::ios::binary);
    source.length_ = fs::file_size(file, ec);
    if (!source.in_ || ec) {
        return fail(Errc::unreadable, "cannot read " + file.string() + "; check its owner and mode");
    }
    return source;
}

Status Source::tell_progress(std::uint64_t bytes) {
    handled_ = std::min(handled_ + bytes, passes_ * length_);
    if (!on_progress_ || on_progress_(handled_, passes_ * length_)) return {};
    return fail(Errc::stopped, "stopped while reading " + file_.string());
}

Status Source::load(std::uint64_t block) {
    auto const begin = block * kBlock;
    loaded_ = kNone;
    buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, length_ - begin)));
    in_.clear();
    in_.seekg(static_cast<std::streamoff>(begin));
    in_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    if (static_cast<std::size_t>(in_.gcount()) != buffer_.size()) {
        return fail(Errc::unreadable, "cannot read " + file_.string() + " to its end; it shrank or its disk failed");
    }
    loaded_ = block;
    return tell_progress(buffer_.size());
}

Result<std::span<char const>> Source::next() {
    if (position_ >= length_) return std::span<char const>();
    auto const block = position_ / kBlock;
    if (block != loaded_) {
        if (auto const read = load(block); !read) return pass_on(read);
        if (!verified_.empty()) {
            Sha256 sha;
            sha.add(buffer_);
            if (sha.finish() != verified_[block]) {
                loaded_ = kNone;
                return fail(Errc::digest_mismatch, file_.string() + " changed while it was being read");
            }
        }
    }
    auto const bytes = std::span<char const>(buffer_).subspan(position_ % kBlock);
    position_ += bytes.size();
    return bytes;
}

Result<release::Digest> Source::digest() {
    Sha256 whole;
    Sha256 one;
    std::vector<release::Digest> blocks;
    for (std::uint64_t block = 0; block * kBlock < length_; ++block) {
        if (auto const read = load(block); !read) return pass_on(read);
        whole.add(buffer_);
        one.add(buffer_);
        blocks.push_back(one.finish());
    }
    verified_ = std::move(blocks);
    position_ = 0;
    loaded_ = kNone;
    return whole.finish();
}

Status Source::verify(Promise const& promise) {
    if (length_ != promise.length) {
        return fail(Errc::digest_mismatch, file_.string() + " has " + std::to_string(length_) +
                                               " bytes, the signed target says " + std::to_string(promise.length));
    }
    passes_ = 2;
    auto const found = digest();
    if (!found) return pass_on(found);
    if (*found != promise.sha256) {
        return fail(Errc::digest_mismatch, file_.string() + " has the SHA-256 " + found->to_hex() +
                                               ", the signed target says " + promise.sha256.to_hex());
    }
    return {};
}

}  // namespace lanyard::package
