#include "node/app_command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <charconv>
#include <csignal>

#include "node/console/commands.h"
#include "node/console/errc.h"
#include "node/drain/command.h"
#include "node/gate/calendar.h"
#include "node/platform/descriptor.h"
#include "proto/contract/lanyard_app.hpp"

namespace lanyard {
namespace {

using console::Options;
using console::Verb;
using platform::Descriptor;

constexpr int kNotYet = 75;  // EX_TEMPFAIL of sysexits.h
constexpr int kPauseMs = 1'000;
constexpr std::size_t kMostReason = 200;

Error no_node(Options const& options, std::string const& why) {
    return Error(
        console::Errc::not_running,
        "cannot speak with the node through app.sock in " +
            (options.directory.empty() ? std::string("the directory that LANYARD_DIR names") : options.directory) +
            ": " + why + "; is the node running, and is this the directory that holds `current`?");
}

bool connect(contract::Client& client, Options const& options, bool attends, std::uint64_t pid) {
    return client.connect(options.directory) && client.enroll(attends, "", pid);
}

// Whoever runs this command is who it speaks for: it ends at once itself.
std::uint64_t speaker(Options const& options) {
    return options.pid != 0 ? options.pid : static_cast<std::uint64_t>(getppid());
}

int say(Options const& options) {
    auto limit = std::chrono::seconds(0);
    if (!options.busy_for.empty()) {
        auto const span = gate::parse_span(options.busy_for);
        if (!span) return console::complain(span.error());
        limit = *span;
    }
    contract::Client client;
    if (!connect(client, options, false, speaker(options))) {
        return console::complain(no_node(options, client.refusal()));
    }
    bool const said = options.verb == Verb::app_busy ? client.busy(options.reason, limit) : client.idle();
    if (said) return 0;
    return console::complain(Error(console::Errc::wrong_usage, "the node did not note it: " + client.refusal()));
}

int become(std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::signal(SIGPIPE, SIG_DFL);
    execvp(arguments.front(), arguments.data());
    return console::complain(
        Error(console::Errc::wrong_usage, "cannot run " + words.front() + ": " + std::strerror(errno)));
}

// The lease is that of this process, which the command becomes.
int run(Options const& options) {
    std::string reason = options.reason;
    if (reason.empty()) reason = drain::last_words(options.words.front(), kMostReason);
    contract::Client client;
    bool const said = connect(client, options, false, static_cast<std::uint64_t>(getpid()));
    if (!said || !client.busy(reason)) return console::complain(no_node(options, client.refusal()));
    return become(options.words);
}

// LISTEN_PID can only be set by the process that it names.
int exec(Options const& options) {
    if (std::getenv("LISTEN_FDS")) setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    return become(options.words);
}

struct Hooked {
    int code = 0;
    std::string output;
};

// Runs a line of the shell with this on its stdin; gives what it printed, up to the size of a token.
Hooked run_hook(std::string const& line, std::string const& input) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (pipe2(in.data(), O_CLOEXEC) != 0) return {1, "no pipe"};
    Descriptor const in_read(in[0]);
    Descriptor in_write(in[1]);
    if (pipe2(out.data(), O_CLOEXEC) != 0) return {1, "no pipe"};
    Descriptor const out_read(out[0]);
    Descriptor out_write(out[1]);
    // As large as a token, so that to write it never waits for the reader.
    fcntl(in_write.get(), F_SETPIPE_SZ, LANYARD_MOST_TOKEN);
    pid_t const child = fork();
    if (child < 0) return {1, "no process"};
    if (child == 0) {
        dup2(in_read.get(), STDIN_FILENO);
        dup2(out_write.get(), STDOUT_FILENO);
        std::signal(SIGPIPE, SIG_DFL);
        execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
        _exit(127);
    }
    out_write = Descriptor();
    if (!input.empty() && write(in_write.get(), input.data(), input.size()) < 0) in_write = Descriptor();
    in_write = Descriptor();
    Hooked hooked;
    std::array<char, 4096> block{};
    for (;;) {
        auto const got = read(out_read.get(), block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        // One byte too many is enough to be refused.
        auto const room = LANYARD_MOST_TOKEN + 1 - hooked.output.size();
        hooked.output.append(block.data(), std::min(static_cast<std::size_t>(got), room));
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    hooked.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return hooked;
}

void answer_stop(contract::Client& client, Options const& options, contract::PrepareStop const& asked) {
    setenv("LANYARD_STOP_SECONDS", std::to_string(asked.limit.count()).c_str(), 1);
    setenv("LANYARD_TO_VERSION", asked.to_version.c_str(), 1);
    auto const hooked = options.on_stop.empty() ? Hooked() : run_hook(options.on_stop, "");
    auto const words = drain::last_words(hooked.output, kMostReason);
    if (hooked.code == 0) {
        std::optional<contract::Token> token;
        if (!hooked.output.empty()) token = contract::Token{0, hooked.output};
        if (client.ready(token) || !client.connected()) return;
        client.veto(drain::last_words(client.refusal(), kMostReason));
    } else if (hooked.code == kNotYet) {
        unsigned seconds = 0;
        auto const [rest, wrong] = std::from_chars(words.data(), words.data() + words.size(), seconds);
        auto const reason = wrong == std::errc() ? std::string(rest, words.data() + words.size()) : words;
        client.not_yet(std::chrono::seconds(seconds), drain::last_words(reason, kMostReason));
    } else {
        client.veto(words.empty() ? "its script ended with exit code " + std::to_string(hooked.code) : words);
    }
}

void answer_resume(contract::Client& client, Options const& options, contract::Resume const& resume) {
    setenv("LANYARD_FROM_VERSION", resume.from_version.c_str(), 1);
    auto const hooked = options.on_resume.empty() ? Hooked() : run_hook(options.on_resume, resume.token.bytes);
    client.resumed(hooked.code == 0, drain::last_words(hooked.output, kMostReason));
}

void obey(contract::Client& client, Options const& options, contract::Event const& event) {
    if (auto const* stop = std::get_if<contract::PrepareStop>(&event)) answer_stop(client, options, *stop);
    if (auto const* resume = std::get_if<contract::Resume>(&event)) answer_resume(client, options, *resume);
}

// Until the process that it speaks for has ended. A node that is restarted is found again.
int attend(Options const& options) {
    auto const pid = static_cast<pid_t>(speaker(options));
    Descriptor const process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!process) {
        return console::complain(Error(console::Errc::wrong_usage, "there is no process " + std::to_string(pid)));
    }
    contract::Client client;
    bool told = false;
    for (;;) {
        if (!client.connected() && !connect(client, options, true, 0)) {
            if (!std::exchange(told, true)) console::complain(no_node(options, client.refusal()));
            client.close();
        }
        while (client.connected()) {
            auto const event = client.next(std::chrono::milliseconds(0));
            if (!event) break;
            obey(client, options, *event);
        }
        std::array<pollfd, 2> waiting{{{process.get(), POLLIN, 0}, {client.descriptor(), POLLIN, 0}}};
        if (poll(waiting.data(), waiting.size(), client.connected() ? -1 : kPauseMs) < 0 && errno != EINTR) return 1;
        if (waiting[0].revents != 0) return 0;
    }
}

}  // namespace

bool is_app_command(Verb verb) {
    return verb == Verb::app_busy || verb == Verb::app_idle || verb == Verb::app_run || verb == Verb::app_attend ||
           verb == Verb::app_exec;
}

int app_command(Options const& options) {
    if (options.verb == Verb::app_run) return run(options);
    if (options.verb == Verb::app_exec) return exec(options);
    if (options.verb == Verb::app_attend) return attend(options);
    return say(options);
}

}  // namespace lanyard
