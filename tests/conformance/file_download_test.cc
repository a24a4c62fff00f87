#include <algorithm>
#include <atomic>
#include <filesystem>

#include "manifests/trust/errc.h"
#include "node/fetch/package_files.h"
#include "tests/conformance/conformance.h"

namespace lanyard {
namespace {

// A download as node/fetch makes it, with a plain request in place of the swarm: into a file of another name, which
// gets the package's own only after its length and digests have been checked.
class Downloads {
public:
    explicit Downloads(conformance& t) : t_(t) { t.init_client(); }

    // An artifact of these bytes, as a repository would name it and serve it.
    v1::Target add(std::string const& content, support::TargetSpec spec = {}) {
        spec.length = content.size();
        spec.sha256 = trust::sha256(content);
        auto const target = support::make_target(spec);
        auto& targets = *t_.repo.targets.mutable_targets();
        std::erase_if(targets_, [&](auto const& one) { return one.path() == target.path(); });
        targets_.push_back(target);
        targets.Assign(targets_.begin(), targets_.end());
        served[target.path()] = content;
        return target;
    }

    bool download(std::string const& path) {
        auto const target = t_.client.find(path, t_.kNow);
        if (!target) return false;
        fetch::PackageFiles const files(directory(), target->sha256);
        if (auto const there = fetch::is_package(files.complete(), *target, stop_); !there || !*there) {
            requests.push_back(path);
            support::write_file(files.partial(), served.at(path));
            auto const good = fetch::is_package(files.partial(), *target, stop_);
            if (!good || !*good) {
                files.remove_all();
                return false;
            }
            std::filesystem::rename(files.partial(), files.complete());
        }
        if (auto const known = by_path_.find(path); known != by_path_.end() && known->second != files.complete()) {
            std::filesystem::remove(known->second);
        }
        by_path_[path] = files.complete();
        return true;
    }

    // The contents of everything in the packages' directory, sorted.
    std::vector<std::string> downloaded() const {
        std::vector<std::string> contents;
        if (!std::filesystem::exists(directory())) return contents;
        for (auto const& file : std::filesystem::directory_iterator(directory())) {
            contents.push_back(support::read_file(file.path()));
        }
        std::sort(contents.begin(), contents.end());
        return contents;
    }

    std::map<std::string, std::string> served;  // what the repository's own server answers, by path
    std::vector<std::string> requests;

private:
    std::filesystem::path directory() const { return t_.client.scratch / "packages"; }

    conformance& t_;
    std::vector<v1::Target> targets_;
    std::map<std::string, std::filesystem::path> by_path_;
    std::atomic<bool> stop_ = false;
};

using Contents = std::vector<std::string>;

TEST_F(conformance, test_client_downloads_expected_file) {
    Downloads downloads(*this);
    auto const target = downloads.add("target file contents");
    publish({"targets", "snapshot", "timestamp"});
    EXPECT_TRUE(refresh());
    EXPECT_EQ(downloads.downloaded(), Contents());
    EXPECT_TRUE(downloads.download(target.path()));
    EXPECT_EQ(downloads.downloaded(), Contents{"target file contents"});
}

// Each path of ours has directories; the longest is that of an application with a long name.
TEST_F(conformance, test_client_downloads_expected_file_in_sub_dir) {
    Downloads downloads(*this);
    auto const target = downloads.add("target file contents", {.app = std::string(64, 'a'), .channel = "beta"});
    publish({"targets", "snapshot", "timestamp"});
    EXPECT_TRUE(downloads.download(target.path()));
    EXPECT_EQ(downloads.downloaded(), Contents{"target file contents"});
}

TEST_F(conformance, test_repository_substitutes_target_file) {
    Downloads downloads(*this);
    auto const first = downloads.add("target file contents", {.app = "first"});
    auto const second = downloads.add("content", {.app = "second"});
    publish({"targets", "snapshot", "timestamp"});
    ASSERT_TRUE(downloads.download(first.path()));
    for (auto& [path, content] : downloads.served) content = "malicious data - should not download";
    EXPECT_TRUE(downloads.download(first.path()));
    EXPECT_EQ(downloads.downloaded(), Contents{"target file contents"});
    EXPECT_FALSE(downloads.download(second.path()));
    EXPECT_EQ(downloads.downloaded(), Contents{"target file contents"});
}

TEST_F(conformance, test_multiple_changes_to_target) {
    Downloads downloads(*this);
    auto const target = downloads.add("target file contents");
    publish({"targets", "snapshot", "timestamp"});
    ASSERT_TRUE(downloads.download(target.path()));
    std::string current;
    Contents others;
    auto const expected = [&] {
        Contents all = others;
        all.push_back(current);
        std::sort(all.begin(), all.end());
        return all;
    };
    for (int i = 0; i <= 10; ++i) {
        auto const modified = "modified file contents " + std::to_string(i);
        auto const fresh = "new file contents " + std::to_string(i);
        downloads.add(modified);
        auto const extra = downloads.add(fresh, {.app = "new-target-" + std::to_string(i)});
        publish({"targets", "snapshot", "timestamp"});
        if (i % 5 != 0) continue;  // the client sees every fifth version only
        ASSERT_TRUE(downloads.download(target.path())) << i;
        current = modified;
        ASSERT_TRUE(downloads.download(extra.path())) << i;
        others.push_back(fresh);
        EXPECT_EQ(downloads.downloaded(), expected());
        downloads.served[target.path()] = "malicious contents";
        publish({"targets", "snapshot", "timestamp"});
        downloads.download(target.path());
        EXPECT_EQ(downloads.downloaded(), expected());
    }
}

// The format has two digests of a package, the SHA-256 of the whole and the SHA-256 of each piece, in place of the
// original's SHA-256 and SHA-512. Both, each and neither of them are tried here.
class Digests {
public:
    Digests() {
        for (std::size_t at = 0; at < content.size(); at += kPiece) {
            pieces += trust::sha256(std::string_view(content).substr(at, kPiece)).to_raw();
        }
        message = support::make_target({.length = content.size(), .sha256 = trust::sha256(content)});
        message.mutable_swarm()->set_piece_length(kPiece);
        message.mutable_swarm()->set_piece_list_sha256(trust::sha256(pieces).to_raw());
    }

    void publish(conformance& t) {
        *t.repo.targets.add_targets() = message;
        t.publish({"targets", "snapshot", "timestamp"});
        t.init_client();
    }

    // Whether the file holds, by the digest of the whole and by the pieces.
    std::pair<bool, bool> hold(conformance& t, std::string const& bytes) const {
        auto const target = t.client.find(message.path(), t.kNow);
        if (!target || trust::sha256(pieces) != target->piece_list_sha256) return {false, false};
        auto const file = t.client.scratch / "package";
        support::write_file(file, bytes);
        std::atomic<bool> const stop = false;
        return {fetch::is_package(file, *target, stop).value(),
                fetch::count_wrong_pieces(file, target->piece_length, pieces, stop).value() == 0};
    }

    static constexpr std::uint32_t kPiece = 16 * 1024;
    std::string content = std::string(100'000, 'x') + "the end";
    std::string swapped = std::string(100'000, 'x') + "malware";
    std::string pieces;
    v1::Target message;
};

TEST_F(conformance, test_download_with_hash_algorithms_hashes0_) {
    Digests digests;
    digests.publish(*this);
    EXPECT_TRUE(digests.hold(*this, digests.content).first);
    EXPECT_FALSE(digests.hold(*this, digests.swapped).first);
}

TEST_F(conformance, test_download_with_hash_algorithms_hashes1_) {
    Digests digests;
    digests.publish(*this);
    EXPECT_TRUE(digests.hold(*this, digests.content).second);
    EXPECT_FALSE(digests.hold(*this, digests.swapped).second);
}

TEST_F(conformance, test_download_with_hash_algorithms_hashes2_) {
    Digests digests;
    digests.publish(*this);
    EXPECT_EQ(digests.hold(*this, digests.content), std::pair(true, true));
    EXPECT_EQ(digests.hold(*this, digests.swapped), std::pair(false, false));
}

// A digest of a kind that is not known stands in a field that may be ignored, and no other is there.
TEST_F(conformance, test_download_with_unknown_hash_algorithm) {
    Digests digests;
    digests.message.clear_sha256();
    digests.message.GetReflection()->MutableUnknownFields(&digests.message)->AddLengthDelimited(1000, "unknown-hash");
    digests.publish(*this);
    EXPECT_FALSE(find(digests.message.path()));
    EXPECT_EQ(refused.code, trust::Errc::malformed);
    EXPECT_NE(refused.detail.find("sha256"), std::string::npos) << refused.detail;
}

TEST_F(conformance, test_artifact_cache) {
    Downloads downloads(*this);
    auto const target = downloads.add("target file contents");
    publish({"targets", "snapshot", "timestamp"});
    ASSERT_TRUE(downloads.download(target.path()));
    ASSERT_TRUE(downloads.download(target.path()));
    EXPECT_EQ(downloads.requests, Contents{target.path()});
}

}  // namespace
}  // namespace lanyard
