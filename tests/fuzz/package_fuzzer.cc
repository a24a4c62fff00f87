// A package as it comes out of the swarm, unpacked into memory under the rules for hostile archives: tar, plain and in
// gzip, xz or zstd, and zip.
#include <sys/mman.h>
#include <unistd.h>

#include <set>
#include <string>

#include "manifests/package/names.h"
#include "manifests/package/walk.h"
#include "tests/fuzz/fuzz.h"

using namespace lanyard;
using fuzz::must;

namespace {

// So little that a bomb costs no time.
constexpr package::Contents kMost{.unpacked_length = 64 * 1024, .entry_count = 64};

std::string parent_of(std::string const& path) {
    auto const slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

// A directory that only exists here, and believes nothing.
class MemoryTree final : public package::TreeSink {
public:
    Status directory(std::string const& path) override {
        enter(path);
        directories_.insert(path);
        return {};
    }
    Status link(std::string const& path, std::string const& target) override {
        enter(path);
        must(package::check_link(path, target).has_value(), "a link stays in the tree");
        return {};
    }
    Status begin_file(std::string const& path) override {
        enter(path);
        must(!open_, "files come one after the other");
        open_ = true;
        return {};
    }
    Status write(std::span<char const> bytes) override {
        must(open_, "content belongs to a file");
        written_ += bytes.size();
        must(written_ <= kMost.unpacked_length, "no more is written than may be");
        return {};
    }
    Status end_file(bool) override {
        must(open_, "a file ends once");
        open_ = false;
        return {};
    }

    package::Contents contents() const { return {.unpacked_length = written_, .entry_count = keys_.size()}; }

private:
    void enter(std::string const& path) {
        auto const checked = package::checked_path(path);
        must(checked && *checked == path && !path.empty(), "every path is a checked one");
        must(keys_.insert(package::collision_key(path)).second, "no two entries collide on any file system");
        must(keys_.size() <= kMost.entry_count, "no more entries are made than may be");
        auto const parent = parent_of(path);
        must(parent.empty() || directories_.contains(parent), "a parent is a real directory, made before");
    }

    std::set<std::string> directories_;
    std::set<std::string> keys_;
    std::uint64_t written_ = 0;
    bool open_ = false;
};

// The input as a file without a disk.
class MemoryFile {
public:
    MemoryFile() : descriptor_(memfd_create("package", MFD_CLOEXEC)) { must(descriptor_ >= 0, "there is a file"); }
    ~MemoryFile() { close(descriptor_); }
    MemoryFile(MemoryFile const&) = delete;
    MemoryFile& operator=(MemoryFile const&) = delete;

    std::filesystem::path hold(std::uint8_t const* data, std::size_t size) {
        must(ftruncate(descriptor_, static_cast<off_t>(size)) == 0, "the file has the size of the input");
        must(pwrite(descriptor_, data, size, 0) == static_cast<ssize_t>(size), "and its content");
        return "/proc/self/fd/" + std::to_string(descriptor_);
    }

private:
    int descriptor_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static MemoryFile file;
    auto source = package::Source::open(file.hold(data, size), {});
    must(source.has_value(), "a file that is there can be opened");
    MemoryTree tree;
    auto const found = package::walk(*source, kMost, tree);
    if (found) must(*found == tree.contents(), "what was found is what was made");
    return 0;
}
