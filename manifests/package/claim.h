#pragma once

#include "manifests/package/package.h"
#include "manifests/package/source.h"
#include "manifests/package/walk.h"

namespace lanyard::package {

// Whether the content is what `claim` says, as far as its beginning and its end tell. The source stands at its
// beginning before and after. Errc::wrong_content.
Status check_content(Source& source, Claim const& claim);

// Passes a tree on, and sees whether what is in it bears the claim out: a shared library for the platform in a plugin,
// packages of its kind and nothing else in a bundle.
class TreeSearch final : public TreeSink {
public:
    TreeSearch(TreeSink& next, Claim const& claim) : next_(next), claim_(claim) {}

    // At the end of the tree.
    Status found() const;

    Status directory(std::string const& path) override;
    Status link(std::string const& path, std::string const& target) override;
    Status begin_file(std::string const& path) override;
    Status write(std::span<char const> bytes) override;
    Status end_file(bool executable) override;

private:
    TreeSink& next_;
    Claim const& claim_;
    std::string path_;
    std::string head_;
    bool has_library_ = false;
    std::size_t packages_ = 0;
};

}  // namespace lanyard::package
