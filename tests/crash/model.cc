#include "tests/crash/model.h"

#include <sys/stat.h>

#include <fstream>
#include <functional>
#include <sstream>

namespace lanyard::crash {
namespace {

namespace fs = std::filesystem;
using Kind = Op::Kind;

void mix(std::uint64_t& sum, std::string_view bytes) {
    sum ^= std::hash<std::string_view>()(bytes) + 0x9e3779b97f4a7c15ULL + (sum << 6) + (sum >> 2);
}

bool is_shared_memory(std::string const& name) { return name.ends_with("-shm"); }

bool is_data(Op const& op) { return op.kind == Kind::write || op.kind == Kind::resize || op.kind == Kind::mode; }

bool covers(Op const& sync, Op const& op) {
    switch (sync.kind) {
        case Kind::sync_all:
            return true;
        case Kind::sync_file:
            return is_data(op) && op.inode == sync.inode && !(sync.data_only && op.kind == Kind::mode);
        case Kind::sync_names:
            if (op.kind == Kind::mode) return op.inode == sync.inode;
            return (op.kind == Kind::name || op.kind == Kind::unname) && op.directory == sync.inode;
        default:
            return false;
    }
}

}  // namespace

Model Model::of(fs::path const& directory) {
    Model model;
    struct stat found {};
    ::lstat(directory.c_str(), &found);
    model.root_ = found.st_ino;
    model.add(directory, model.root_);
    return model;
}

void Model::add(fs::path const& path, ino_t inode) {
    struct stat found {};
    ::lstat(path.c_str(), &found);
    auto& here = inodes_[inode];
    here.mode = found.st_mode;
    if (S_ISLNK(found.st_mode)) {
        here.bytes = fs::read_symlink(path).string();
    } else if (S_ISREG(found.st_mode)) {
        std::ifstream in(path, std::ios::binary);
        std::ostringstream bytes;
        bytes << in.rdbuf();
        here.bytes = bytes.str();
    } else {
        for (auto const& entry : fs::directory_iterator(path)) {
            auto const name = entry.path().filename().string();
            if (is_shared_memory(name)) continue;
            ::lstat(entry.path().c_str(), &found);
            here.names[name] = found.st_ino;
            add(entry.path(), found.st_ino);
        }
    }
}

void Model::apply(Op const& op, Arrived arrived) {
    switch (op.kind) {
        case Kind::make:
            inodes_[op.inode] = {op.mode, op.bytes, {}};
            break;
        case Kind::write: {
            auto& bytes = inodes_[op.inode].bytes;
            auto const length = arrived == Arrived::half ? op.bytes.size() / 2 : op.bytes.size();
            if (bytes.size() < op.offset + length) bytes.resize(op.offset + length);
            bytes.replace(op.offset, length,
                          arrived == Arrived::zeros ? std::string(length, '\0') : op.bytes.substr(0, length));
            break;
        }
        case Kind::resize:
            inodes_[op.inode].bytes.resize(op.offset);
            break;
        case Kind::mode:
            inodes_[op.inode].mode = op.mode;
            break;
        case Kind::name:
            inodes_[op.directory].names[op.name] = op.inode;
            break;
        case Kind::unname:
            inodes_[op.directory].names.erase(op.name);
            break;
        case Kind::move: {
            auto& from = inodes_[op.directory].names;
            auto const found = from.find(op.name);
            if (found != from.end() && found->second == op.inode) from.erase(found);
            inodes_[op.to_directory].names[op.to_name] = op.inode;
            break;
        }
        case Kind::sync_file:
        case Kind::sync_names:
        case Kind::sync_all:
            break;
    }
}

std::uint64_t Model::fingerprint() const {
    std::uint64_t sum = 0;
    print(root_, "", sum);
    return sum;
}

void Model::print(ino_t inode, std::string const& path, std::uint64_t& sum) const {
    auto const& here = inodes_.at(inode);
    mix(sum, path);
    mix(sum, std::to_string(here.mode));
    mix(sum, here.bytes);
    for (auto const& [name, child] : here.names) print(child, path + "/" + name, sum);
}

void Model::write_to(fs::path const& directory) const {
    for (auto const& [name, child] : inodes_.at(root_).names) write(child, directory / name);
}

void Model::write(ino_t inode, fs::path const& path) const {
    auto const& here = inodes_.at(inode);
    if (S_ISLNK(here.mode)) return fs::create_symlink(here.bytes, path);
    if (S_ISDIR(here.mode)) {
        fs::create_directory(path);
        for (auto const& [name, child] : here.names) write(child, path / name);
    } else {
        std::ofstream(path, std::ios::binary) << here.bytes;
    }
    ::chmod(path.c_str(), here.mode & 07777U);
}

std::vector<bool> durable(std::vector<Op> const& ops, std::size_t end) {
    std::vector<bool> sure(end, false);
    for (std::size_t i = 0; i < end; ++i) {
        bool from_kept = false;
        bool to_kept = false;
        for (std::size_t later = i + 1; later < end && !sure[i]; ++later) {
            auto const& sync = ops[later];
            if (sync.kind == Kind::sync_names && ops[i].kind == Kind::move) {
                from_kept = from_kept || sync.inode == ops[i].directory;
                to_kept = to_kept || sync.inode == ops[i].to_directory;
            }
            sure[i] = covers(sync, ops[i]) || (from_kept && to_kept);
        }
        // An inode without a name is not seen; a sync is not on the disk.
        if (ops[i].kind == Kind::make || ops[i].kind >= Kind::sync_file) sure[i] = true;
    }
    return sure;
}

}  // namespace lanyard::crash
