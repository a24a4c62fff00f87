#pragma once

#include "manifests/package/package.h"
#include "manifests/package/source.h"
#include "manifests/package/walk.h"

namespace lanyard::package {

// Whether the content is what `claim` says, as far as its beginning and its end tell. The source stands at its
// beginning before and after. Errc::wrong_content.
Status check_content(Source& source, Claim const& claim);

// Passes a tree on, and sees whether there is a shared library for the platform in it.
class LibrarySearch final : public TreeSink {
public:
    LibrarySearch(TreeSink& next, Claim const& claim) : next_(next), claim_(claim) {}

    // Success unless the claim is of a plugin and nothing was found.
    Status found() const;

    Status directory(std::string const& path) override { return next_.directory(path); }
    Status link(std::string const& path, std::string const& target) override { return next_.link(path, target); }
    Status begin_file(std::string const& path) override;
    Status write(std::span<char const> bytes) override;
    Status end_file(bool executable) override;

private:
    TreeSink& next_;
    Claim const& claim_;
    std::string head_;
    bool found_ = false;
};

}  // namespace lanyard::package
