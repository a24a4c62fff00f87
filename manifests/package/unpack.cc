#include <algorithm>

#include "manifests/package/claim.h"
#include "manifests/package/errc.h"
#include "manifests/package/file_writer.h"
#include "manifests/package/names.h"
#include "manifests/package/package.h"
#include "manifests/package/walk.h"

namespace lanyard::package {
namespace {

namespace fs = std::filesystem;

constexpr auto kPrivate = fs::perms::owner_all;
constexpr auto kOpen = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec | fs::perms::others_read |
                       fs::perms::others_exec;
constexpr auto kPlain = fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read;

Status set_mode(fs::path const& path, fs::perms mode) {
    std::error_code ec;
    fs::permissions(path, mode, ec);
    if (ec) return tl::unexpected(write_error(path, ec));
    return {};
}

// Fails when something of that name is there.
Status make_directory(fs::path const& path, fs::perms mode) {
    std::error_code ec;
    if (fs::create_directory(path, ec)) return set_mode(path, mode);
    if (ec) return tl::unexpected(write_error(path, ec));
    return fail(Errc::exists, "cannot make " + path.string() + ": it exists already");
}

// A directory that only its owner can enter, and that is gone again unless it was finished.
class NewDirectory {
public:
    explicit NewDirectory(fs::path path) : path_(std::move(path)), made_(make_directory(path_, kPrivate)) {}
    ~NewDirectory() {
        std::error_code ignored;
        if (made_ && !finished_) fs::remove_all(path_, ignored);
    }
    NewDirectory(NewDirectory const&) = delete;
    NewDirectory& operator=(NewDirectory const&) = delete;

    Status const& made() const { return made_; }

    Status finish(MakeDurable const& make_durable) {
        if (auto const opened = set_mode(path_, kOpen); !opened) return opened;
        auto durable = make_durable(path_);
        finished_ = durable.has_value();
        return durable;
    }

private:
    fs::path path_;
    Status made_;
    bool finished_ = false;
};

// Because the directory is new and private, every parent was made by this object, and TreeRules has refused paths
// through links, nothing here can be led elsewhere.
class DirectorySink final : public TreeSink {
public:
    explicit DirectorySink(fs::path root) : root_(std::move(root)) {}

    Status directory(std::string const& path) override { return make_directory(at(path), kOpen); }

    Status link(std::string const& path, std::string const& target) override {
        std::error_code ec;
        fs::create_symlink(from_utf8(target), at(path), ec);
        if (ec) return tl::unexpected(write_error(at(path), ec));
        return {};
    }

    Status begin_file(std::string const& path) override {
        file_ = at(path);
        return writer_.open(file_);
    }

    Status write(std::span<char const> bytes) override { return writer_.write(bytes); }

    Status end_file(bool executable) override {
        if (auto const closed = writer_.close(); !closed) return closed;
        return set_mode(file_, executable ? kOpen : kPlain);
    }

private:
    static fs::path from_utf8(std::string const& text) { return std::u8string(text.begin(), text.end()); }
    fs::path at(std::string const& path) const { return root_ / from_utf8(path); }

    fs::path root_;
    fs::path file_;
    FileWriter writer_;
};

class NoSink final : public TreeSink {
public:
    Status directory(std::string const&) override { return {}; }
    Status link(std::string const&, std::string const&) override { return {}; }
    Status begin_file(std::string const&) override { return {}; }
    Status write(std::span<char const>) override { return {}; }
    Status end_file(bool) override { return {}; }
};

Contents smaller(Contents const& a, Contents const& b) {
    return {.unpacked_length = std::min(a.unpacked_length, b.unpacked_length),
            .entry_count = std::min(a.entry_count, b.entry_count)};
}

Status kept(Promise const& promise, Contents const& found) {
    if (found == promise.contents) return {};
    auto const words = [](Contents const& contents) {
        return std::to_string(contents.unpacked_length) + " bytes in " + std::to_string(contents.entry_count) +
               " entries";
    };
    return fail(Errc::promise_not_kept,
                "the package holds " + words(found) + ", the signed target says " + words(promise.contents));
}

Result<Source> verified(fs::path const& file, Promise const& promise, OnProgress const& on_progress) {
    auto source = Source::open(file, on_progress);
    if (!source) return source;
    if (auto const right = source->verify(promise); !right) return pass_on(right);
    if (auto const right = check_content(*source, promise.claim); !right) return pass_on(right);
    return source;
}

}  // namespace

Result<Contents> inspect(fs::path const& file, OnProgress const& on_progress) {
    auto source = Source::open(file, on_progress);
    if (!source) return pass_on(source);
    NoSink sink;
    return walk(*source, kMost, sink);
}

Status bears_out(fs::path const& file, Claim const& claim) {
    auto source = Source::open(file, nullptr);
    if (!source) return pass_on(source);
    if (auto const right = check_content(*source, claim); !right) return right;
    if (claim.type != release::PackageType::plugin && !release::is_bundle(claim.type)) return {};
    NoSink nowhere;
    TreeSearch search(nowhere, claim);
    auto const read = walk(*source, kMost, search);
    return read ? search.found() : Status(pass_on(read));
}

Status unpack(fs::path const& file, fs::path const& directory, Promise const& promise, MakeDurable const& make_durable,
              OnProgress const& on_progress) {
    auto source = verified(file, promise, on_progress);
    if (!source) return pass_on(source);
    NewDirectory target(directory);
    if (!target.made()) return target.made();
    DirectorySink sink(directory);
    TreeSearch search(sink, promise.claim);
    auto const found = walk(*source, smaller(promise.contents, kMost), search);
    if (!found) return pass_on(found);
    if (auto const right = kept(promise, *found); !right) return right;
    if (auto const right = search.found(); !right) return right;
    return target.finish(make_durable);
}

Status place_file(fs::path const& file, fs::path const& directory, std::string const& name, Promise const& promise,
                  MakeDurable const& make_durable, OnProgress const& on_progress) {
    auto const safe = checked_path(name);
    if (!safe) return pass_on(safe);
    if (*safe != name || safe->empty() || safe->find('/') != std::string::npos) {
        return fail(Errc::unsafe, "the name " + printable(name) + " is no plain file name");
    }
    auto source = verified(file, promise, on_progress);
    if (!source) return pass_on(source);
    if (auto const right = kept(promise, {.unpacked_length = source->length(), .entry_count = 1}); !right) return right;
    NewDirectory target(directory);
    if (!target.made()) return target.made();
    DirectorySink sink(directory);
    if (auto const begun = sink.begin_file(name); !begun) return begun;
    while (true) {
        auto const bytes = source->next();
        if (!bytes) return pass_on(bytes);
        if (bytes->empty()) break;
        if (auto const written = sink.write(*bytes); !written) return written;
    }
    if (auto const ended = sink.end_file(true); !ended) return ended;
    return target.finish(make_durable);
}

}  // namespace lanyard::package
