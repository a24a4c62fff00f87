// Makes the repositories in tests/conformance/static, which the tests read as they are: what was signed years ago must
// still be believed at its time. Run once, and again only when the format has a new version.
//
//   make_static_repositories DIRECTORY

#include <filesystem>
#include <iostream>

#include "tests/support/other_keys.h"
#include "tests/support/repository_simulator.h"
#include "tests/support/scratch.h"

namespace lanyard {
namespace {

using support::RepositorySimulator;
using trust::RoleName;

constexpr trust::TimePoint kThen{std::chrono::seconds(1'767'225'600)};  // 2026-01-01T00:00:00Z

RepositorySimulator::Keys fixed_keys(unsigned char first, unsigned char count) {
    RepositorySimulator::Keys keys;
    for (unsigned char i = 0; i < count; ++i) {
        keys.push_back(support::fixed_key(static_cast<unsigned char>(first + i)));
    }
    return keys;
}

void use_fixed_keys(RepositorySimulator& repo) {
    repo.set_keys(RoleName::snapshot, fixed_keys(10, 1), 1);
    repo.set_keys(RoleName::timestamp, fixed_keys(11, 1), 1);
}

v1::Target artifact_target(std::string const& content) {
    return support::make_target({.app = "shop", .length = content.size(), .sha256 = trust::sha256(content)});
}

void save(RepositorySimulator const& repo, std::filesystem::path const& folder, std::string const& content) {
    std::filesystem::create_directories(folder);
    for (auto const& [name, bytes] : repo.files()) support::write_file(folder / name, bytes);
    support::write_file(folder / "artifact", content);
    support::write_file(folder / "targetpath", artifact_target(content).path());
    support::write_file(folder / "faketime", std::to_string(kThen.time_since_epoch().count()));
}

// Many roots, each by three of five people, one of whom is replaced now and then; one key lies in a hardware token that
// knows P-256 only; npm has a role of its own.
void make_sigstore_root_signing(std::filesystem::path const& folder) {
    RepositorySimulator repo(kThen);
    use_fixed_keys(repo);
    auto people = fixed_keys(20, 4);
    people.push_back(support::generate_p256_key());
    repo.set_keys(RoleName::root, people, 3);
    repo.set_keys(RoleName::targets, people, 3);
    repo.root.set_version(0);
    repo.forget_files();
    repo.publish_root();
    for (unsigned char i = 0; i < 4; ++i) {
        people[i % 4] = support::fixed_key(static_cast<unsigned char>(30 + i));
        repo.set_keys(RoleName::root, people, 3);
        repo.set_keys(RoleName::targets, people, 3);
        repo.publish_root();
        repo.publish_root();
    }
    repo.delegate("targets", "registry.npmjs.org", {"npm/*/*/*/*"});
    repo.publish_role("registry.npmjs.org");
    std::string const content = "what stands for the trusted root of a signing service";
    *repo.targets.add_targets() = artifact_target(content);
    repo.publish();
    save(repo, folder, content);
}

// One root, and the target in a delegated role.
void make_tuf_on_ci(std::filesystem::path const& folder) {
    RepositorySimulator repo(kThen);
    use_fixed_keys(repo);
    repo.set_keys(RoleName::root, fixed_keys(1, 2), 2);
    repo.set_keys(RoleName::targets, fixed_keys(3, 2), 2);
    repo.root.set_version(0);
    repo.forget_files();
    repo.publish_root();
    repo.delegate("targets", "delegatedrole", {"shop/*/*/*/*"});
    std::string const content = "an artifact that a delegated role names";
    *repo.role("delegatedrole").add_targets() = artifact_target(content);
    repo.publish_role("delegatedrole");
    repo.publish_role("delegatedrole");
    repo.publish();
    save(repo, folder, content);
}

}  // namespace
}  // namespace lanyard

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: make_static_repositories DIRECTORY\n";
        return 2;
    }
    std::filesystem::path const folder = argv[1];
    lanyard::make_sigstore_root_signing(folder / "sigstore-root-signing");
    lanyard::make_tuf_on_ci(folder / "tuf-on-ci-0.11");
    return 0;
}
