#include <filesystem>

#include "tests/conformance/conformance.h"

namespace lanyard {
namespace {

// Repositories that stand in the tree (static/; make_static_repositories.cc), at the time they were made.
void static_repository(conformance& t, std::string const& name) {
    auto const folder = std::filesystem::path(LANYARD_STATIC_REPOSITORIES) / name;
    t.repo.forget_files();
    for (auto const& file : std::filesystem::directory_iterator(folder)) {
        t.repo.put_file(file.path().filename().string(), support::read_file(file.path()));
    }
    t.init_client();
    trust::TimePoint const then{std::chrono::seconds(std::stoll(t.repo.file("faketime").value()))};
    auto const trusted = t.client.refresh(then);
    ASSERT_TRUE(trusted) << trusted.error().detail;
    auto const target = t.client.find_in(*trusted, t.repo.file("targetpath").value());
    ASSERT_TRUE(target) << target.error().detail;
    auto const artifact = t.repo.file("artifact").value();
    EXPECT_EQ(target->length, artifact.size());
    EXPECT_EQ(target->sha256, trust::sha256(artifact));
}

TEST_F(conformance, test_static_repository_sigstore_root_signing_) {
    static_repository(*this, "sigstore-root-signing");
    EXPECT_EQ(version("root"), 9u);
}

TEST_F(conformance, test_static_repository_tuf_on_ci_0_11_) {
    static_repository(*this, "tuf-on-ci-0.11");
    EXPECT_EQ(version("delegatedrole"), 2u);
}

}  // namespace
}  // namespace lanyard
