#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "manifests/release/target.h"
#include "proto/outcome/result.h"

namespace lanyard::apply {

// A program with its arguments, no shell around it.
struct Call {
    std::vector<std::string> words;
    std::map<std::string, std::string> environment = {};
    std::filesystem::path confined_to = {};  // what it may change; empty: whatever this process may
};

// How a call ended, and the last 4 KiB of what it wrote.
struct Exit {
    std::uint32_t code = 0;
    std::string output = {};
    bool timed_out = false;
};

// The package of a release, as a file on this machine; of a bundle, the directory with its packages.
struct PackageFile {
    release::Target target;
    std::filesystem::path file;

    // versions/<version> of the application, or where it is staged.
    std::filesystem::path directory() const { return release::is_bundle(target.type) ? file : file.parent_path(); }
};

// As what the system knows a package. Of a bundle: the names in order, with blanks between them, and so the versions.
struct Identity {
    std::string name;     // "shop:amd64"
    std::string version;  // "1.2.0-1"

    friend bool operator==(Identity const&, Identity const&) = default;
};

enum class Condition { absent, whole, broken };

// What the system says of an identity's name.
struct Presence {
    Condition condition = Condition::absent;
    std::string version = {};
};

// rehearse: what would happen, without changing anything. go_back: as install, over a newer version. mend: finish or
// clear away what an interrupted run left.
enum class Step { rehearse, install, go_back, remove, mend };

// busy: another installation is under way, it may work later.
enum class Verdict { done, done_after_restart, busy, failed };

// An installer of the operating system, as calls and what their answers mean. Pure: it runs nothing itself.
class Tool {
public:
    virtual ~Tool() = default;

    // Asks a file for its identity; no call where the signed policy tells it.
    virtual std::vector<Call> identify(PackageFile const& package) const = 0;
    virtual Result<Identity> identity(PackageFile const& package, Exit const& exit) const = 0;

    virtual Call query(PackageFile const& package, Identity const& identity) const = 0;
    virtual Presence presence(Exit const& exit) const = 0;

    // One after the other until one is not done. Empty: there is nothing to do.
    virtual std::vector<Call> calls(Step step, PackageFile const& package, Identity const& identity) const = 0;
    virtual Verdict judge(Step step, PackageFile const& package, Identity const& identity, Exit const& exit) const = 0;

    // Whether going back over a newer version takes removing that first.
    virtual bool removes_before_going_back() const { return false; }
};

// What the signed policy of the package says of this end; failed when there was none in time.
std::optional<Verdict> by_signed_code(PackageFile const& package, Exit const& exit);

// One of each of its packages.
std::vector<Identity> parts_of(Identity const& identity);
// Of their names there may be no two the same: Errc::refused_by_installer.
Result<Identity> joined(std::vector<Identity> parts);
// Those parts of `identity` whose names `other` has not.
Identity without(Identity const& identity, Identity const& other);
std::vector<std::string> words_of(std::string const& text);

// The call with the package as its last argument, or each of a bundle's packages.
Call on(PackageFile const& package, Call call);

// Lines of an output that begin with `begin`.
std::vector<std::string> lines_that_begin(std::string const& output, std::string const& begin);

}  // namespace lanyard::apply
