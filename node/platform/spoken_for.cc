#include "node/platform/spoken_for.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <limits>

#include "node/platform/descriptor.h"
#include "node/platform/linux_processes.h"

namespace lanyard::platform {
namespace {

constexpr std::size_t kMostProcesses = 64;
// Until a process that cannot be watched is looked at again.
constexpr std::chrono::seconds kLookAgain{1};

bool has_ended(int pidfd) {
    pollfd ended{pidfd, POLLIN, 0};
    return poll(&ended, 1, 0) == 1;
}

}  // namespace

Result<drain::Contract::Party> SpokenFor::party_of(std::uint64_t pid, uid_t caller) {
    auto const failed = [&](std::string const& why) {
        return fail(std::make_error_code(std::errc::no_such_process), fmt::format("process {} {}", pid, why));
    };
    if (pid > std::numeric_limits<pid_t>::max()) return failed("does not exist");
    int const opened = static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
    if (opened < 0) return failed("does not exist");
    Descriptor pidfd(opened);
    struct stat is {};
    auto process = process_of(pid, "/proc");
    if (!process || stat(("/proc/" + std::to_string(pid)).c_str(), &is) != 0) return failed("does not exist");
    if (caller != 0 && caller != is.st_uid) return failed("belongs to another user");
    if (auto const found = known_.find(pid); found != known_.end()) {
        if (found->second.started == process->started) return found->second.party;
        // It has ended, and its number is another's already.
        contract_.go(found->second.party);
        known_.erase(found);
    }
    if (known_.size() >= kMostProcesses && !makes_room()) {
        return failed("is one too many: 64 are spoken for, and all of them are busy");
    }
    auto watch = std::make_shared<asio::posix::stream_descriptor>(io_);
    boost::system::error_code unwatched;
    watch->assign(pidfd.get(), unwatched);
    if (unwatched) return failed("cannot be watched: " + unwatched.message());
    pidfd.release();
    auto const started = process->started;
    auto const party = contract_.come(app_, std::move(*process), {});
    known_.emplace(pid, Known{party, started, watch});
    auto waiting = wait_for_end(shared_from_this(), pid, std::move(watch));
    asio::co_spawn(io_, std::move(waiting), asio::detached);
    return party;
}

// For one of whom nothing is said any more.
bool SpokenFor::makes_room() {
    for (auto known = known_.begin(); known != known_.end(); ++known) {
        if (contract_.is_busy(known->second.party)) continue;
        boost::system::error_code ignored;
        known->second.watch->cancel(ignored);
        contract_.go(known->second.party);
        known_.erase(known);
        return true;
    }
    return false;
}

asio::awaitable<void> SpokenFor::wait_for_end(std::shared_ptr<SpokenFor> self, std::uint64_t pid, Watch watch) {
    // Asio may wake too early: it hands the place of a closed descriptor on while events of it wait to be told of.
    while (!has_ended(watch->native_handle())) {
        boost::system::error_code failed;
        co_await watch->async_wait(asio::posix::stream_descriptor::wait_read,
                                   asio::redirect_error(asio::use_awaitable, failed));
        if (failed == asio::error::operation_aborted) co_return;
        if (!failed) continue;
        asio::steady_timer pause(self->io_, kLookAgain);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
        if (self->stopped_) co_return;
    }
    auto const found = self->known_.find(pid);
    if (self->stopped_ || found == self->known_.end() || found->second.watch != watch) co_return;
    auto const party = found->second.party;
    self->known_.erase(found);
    self->contract_.go(party);
}

void SpokenFor::stop() {
    stopped_ = true;
    boost::system::error_code ignored;
    for (auto& [pid, known] : known_) known.watch->cancel(ignored);
}

}  // namespace lanyard::platform
