#pragma once

#include <filesystem>
#include <functional>

#include "node/console/config.h"
#include "node/console/desk.h"
#include "node/console/options.h"
#include "node/journal/records.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/local.pb.h"

namespace lanyard::console {

// Where things stand in a state directory (docs/reference/cli.md).
struct StateFiles {
    explicit StateFiles(std::filesystem::path directory) : root(std::move(directory)) {}

    std::filesystem::path root;
    std::filesystem::path config() const { return root / "node.toml"; }
    std::filesystem::path database() const { return root / "node.db"; }
    std::filesystem::path lock() const { return root / "lock"; }
    std::filesystem::path socket() const { return root / "node.sock"; }
    std::filesystem::path key() const { return root / "key.pem"; }
    std::filesystem::path packages() const { return root / "packages"; }
    std::filesystem::path installer_lock() const { return root / "installers.lock"; }
    std::filesystem::path keepsake(release::AppId const& app) const { return root / "installed" / app.text(); }
};

// One sentence on stderr, the exit code of its kind.
int complain(Error const& error);

// The request that a command for the daemon means; gate::Errc::malformed_time for a length of time that is none.
Result<v1::LocalRequest> request_of(Options const& options);

// Shows an answer of the desk as the command line asked for it; gives the exit code.
int show(Options const& options, v1::LocalResponse const& response);
// Likewise a verification.
int show(Options const& options, v1::Verification const& verification);

// Progress of a long command on stderr: one line in place on a terminal, else a line when the phase or the tenth
// changes.
class ProgressLine {
public:
    ProgressLine();
    ~ProgressLine();
    void show(v1::LocalResponse const& response);
    // For a desk of this very process. This object must outlive it.
    Desk::Say sayer();

private:
    asio::awaitable<bool> show_here(v1::LocalResponse response);

    bool terminal_;
    bool dirty_ = false;
    std::string said_;
};

// Keeps what a coroutine gives, for callers that are none.
template <class T, class Kept>
asio::awaitable<void> keep_answer(asio::awaitable<T> task, Kept& kept) {
    auto answer = co_await std::move(task);
    kept = std::move(answer);
}

void report_joined(Options const& options, NodeConfig const& config, bool accepted);
int show_history(Options const& options, journal::Records& records);

}  // namespace lanyard::console
