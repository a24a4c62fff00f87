#include "node/platform/linux_installer_runner.h"

#include <sys/stat.h>
#include <unistd.h>

#include "node/apply/errc.h"

namespace lanyard::platform {
namespace {

namespace fs = std::filesystem;

// As the application is given when the node is to end.
constexpr std::chrono::milliseconds kHurry{3'000};

// One word for a shell, whatever is in it.
std::string quoted(std::string const& word) {
    std::string text = "'";
    for (char const c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

std::string joined(std::vector<std::string> const& words) {
    std::string line = "exec";
    for (auto const& word : words) line += " " + quoted(word);
    return line;
}

// Empty: nobody but root and this user. Whoever may write a directory may rename what is in it, unless it is sticky.
std::string who_else_writes(fs::path const& directory) {
    struct stat is {};
    if (::stat(directory.c_str(), &is) != 0) return "cannot be looked at";
    if (is.st_uid != 0 && is.st_uid != ::geteuid()) return "belongs to user " + std::to_string(is.st_uid);
    bool const open_to_others = (is.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (is.st_mode & S_ISVTX) == 0;
    return open_to_others ? "may be written by others" : "";
}

apply::Exit exit_of(drain::Ending ending) {
    return {static_cast<std::uint32_t>(ending.exit_code), std::move(ending.output), ending.timed_out};
}

}  // namespace

bool has_systemd() {
    std::error_code failed;
    return std::filesystem::is_directory("/run/systemd/system", failed);
}

Status LinuxInstallerRunner::safe(fs::path const& directory) {
    std::error_code failed;
    for (auto const& at : {directory, directory.parent_path()}) {
        if (!fs::is_symlink(at, failed)) continue;
        return fail(apply::Errc::unusable_home, at.string() + " is a link, and could lead anywhere: remove it");
    }
    auto const whole = fs::canonical(directory, failed);
    if (failed) return fail(apply::Errc::unusable_home, directory.string() + ": " + failed.message());
    for (auto at = whole;; at = at.parent_path()) {
        if (auto const why = who_else_writes(at); !why.empty()) {
            return fail(apply::Errc::unusable_home,
                        at.string() + " " + why +
                            ", who could exchange a package before it is installed: give it to "
                            "the node's user alone (chown, chmod go-w), or keep the application in another directory");
        }
        if (at == at.root_path()) return {};
    }
}

asio::awaitable<Result<apply::Exit>> LinuxInstallerRunner::ask(apply::Call call, std::chrono::milliseconds deadline) {
    drain::Command command{joined(call.words), "/", call.environment};
    auto ending = co_await runner_.run(std::move(command), deadline);
    if (!ending) co_return pass_on(ending);
    co_return exit_of(std::move(*ending));
}

asio::awaitable<Result<apply::Exit>> LinuxInstallerRunner::carry_out(apply::Call call, std::filesystem::path log,
                                                                     std::chrono::milliseconds deadline) {
    std::vector<std::string> words;
    if (has_systemd_) words = {"systemd-run", "--scope", "--quiet", "--collect", "--"};
    for (auto const* word : {"flock", "--close", "--exclusive"}) words.emplace_back(word);
    words.push_back(lock_.string());
    if (!call.confined_to.empty()) {
        words.push_back(confine_.string());
        words.push_back(call.confined_to.string());
    }
    words.insert(words.end(), call.words.begin(), call.words.end());
    drain::Command command{joined(words), "/", call.environment};
    auto ending = co_await runner_.run_detached(std::move(command), std::move(log), deadline);
    if (!ending) co_return pass_on(ending);
    if (ending->left_running != 0 && !hurried_) runner_.end(ending->left_running);
    co_return exit_of(std::move(*ending));
}

asio::awaitable<Status> LinuxInstallerRunner::wait_for_earlier(std::chrono::milliseconds deadline) {
    drain::Command command{joined({"flock", "--exclusive", lock_.string(), "true"}), "/", {}};
    auto const ending = co_await runner_.run(std::move(command), deadline);
    if (!ending) co_return pass_on(ending);
    if (ending->good()) co_return Status();
    co_return fail(apply::Errc::under_way,
                   "an earlier installation is still at work: see which program holds " + lock_.string() + " locked");
}

void LinuxInstallerRunner::hurry() {
    hurried_ = true;
    runner_.hurry(kHurry);
}

}  // namespace lanyard::platform
