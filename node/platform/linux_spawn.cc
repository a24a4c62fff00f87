#include "node/platform/linux_spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "node/drain/errc.h"
#include "node/platform/descriptor.h"

namespace lanyard::platform {
namespace {

constexpr int kFirstSocket = 3;  // SD_LISTEN_FDS_START
// Above whatever the sockets are put at, so that none is overwritten before it has been copied.
constexpr int kOutOfTheWay = 200;

void must(int error) {
    if (error != 0) throw std::system_error(error, std::generic_category(), "posix_spawn");
}

class Actions {
public:
    Actions() { must(posix_spawn_file_actions_init(&actions_)); }
    ~Actions() { posix_spawn_file_actions_destroy(&actions_); }
    Actions(Actions const&) = delete;
    Actions& operator=(Actions const&) = delete;
    posix_spawn_file_actions_t* get() { return &actions_; }

private:
    posix_spawn_file_actions_t actions_;
};

class Attributes {
public:
    Attributes() { must(posix_spawnattr_init(&attributes_)); }
    ~Attributes() { posix_spawnattr_destroy(&attributes_); }
    Attributes(Attributes const&) = delete;
    Attributes& operator=(Attributes const&) = delete;
    posix_spawnattr_t* get() { return &attributes_; }

private:
    posix_spawnattr_t attributes_;
};

// The output comes first: in a program that was started without descriptors it may itself be number 0.
void set_up(Actions& actions, drain::Command const& command, int output, std::vector<Descriptor> const& sockets) {
    must(posix_spawn_file_actions_adddup2(actions.get(), output, STDOUT_FILENO));
    must(posix_spawn_file_actions_adddup2(actions.get(), STDOUT_FILENO, STDERR_FILENO));
    must(posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0));
    int next = kFirstSocket;
    for (auto const& socket : sockets) must(posix_spawn_file_actions_adddup2(actions.get(), socket.get(), next++));
    must(posix_spawn_file_actions_addclosefrom_np(actions.get(), next));
    must(posix_spawn_file_actions_addchdir_np(actions.get(), command.directory.c_str()));
}

void set_up(Attributes& attributes) {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    must(posix_spawnattr_setsigmask(attributes.get(), &none));
    must(posix_spawnattr_setsigdefault(attributes.get(), &all));
    must(posix_spawnattr_setflags(attributes.get(),
                                  POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (auto& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

std::vector<Descriptor> out_of_the_way(drain::HeldSockets const& sockets) {
    std::vector<Descriptor> copies;
    for (auto const& socket : sockets) {
        Descriptor copy(fcntl(*socket.descriptor, F_DUPFD_CLOEXEC, kOutOfTheWay));
        must(copy ? 0 : errno);
        copies.push_back(std::move(copy));
    }
    return copies;
}

void add_sockets(drain::HeldSockets const& sockets, std::vector<std::string>& environment) {
    std::string names;
    for (auto const& socket : sockets) names += (names.empty() ? "" : ":") + socket.name;
    environment.push_back("LISTEN_FDS=" + std::to_string(sockets.size()));
    environment.push_back("LISTEN_FDNAMES=" + names);
}

std::string this_program() {
    std::error_code failed;
    auto const path = std::filesystem::read_symlink("/proc/self/exe", failed);
    return failed ? "lanyard-node" : path.string();
}

}  // namespace

Result<pid_t> spawn(drain::Command const& command, int output, std::string const& search_path,
                    std::uint64_t open_files) {
    std::string const limit = open_files == 0 ? "" : "ulimit -S -n " + std::to_string(open_files) + "\n";
    // Only the shell knows its number.
    std::string const whose = command.sockets.empty() ? "" : "LISTEN_PID=$$; export LISTEN_PID\n";
    std::vector<std::string> words{"/bin/sh", "-c", limit + whose + command.line};
    std::vector<std::string> environment{"PATH=" + search_path, "LANYARD_NODE=" + this_program()};
    if (!command.sockets.empty()) add_sockets(command.sockets, environment);
    for (auto const& [name, value] : command.environment) environment.push_back(name + "=" + value);
    auto const arguments = pointers(words);
    auto const variables = pointers(environment);

    Actions actions;
    Attributes attributes;
    auto const sockets = out_of_the_way(command.sockets);
    set_up(actions, command, output, sockets);
    set_up(attributes);
    pid_t pid = 0;
    int const error = posix_spawn(&pid, "/bin/sh", actions.get(), attributes.get(), arguments.data(), variables.data());
    if (error == 0) return pid;
    return fail(drain::Errc::cannot_run, "/bin/sh cannot be started in " + command.directory.string() + ": " +
                                             std::generic_category().message(error) +
                                             "; check that the directory exists and can be entered");
}

std::uint64_t raise_open_files() {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == files.rlim_max) return 0;
    auto const before = std::exchange(files.rlim_cur, files.rlim_max);
    return setrlimit(RLIMIT_NOFILE, &files) == 0 ? before : 0;
}

int exit_code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

}  // namespace lanyard::platform
