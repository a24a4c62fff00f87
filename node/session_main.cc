// lanyard-session [--socket PATH]: run by a desktop session (XDG autostart), with no rights beside those of its user.
#include <google/protobuf/stubs/logging.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "node/session/helper.h"

int main(int argc, char** argv) {
    google::protobuf::SetLogHandler(nullptr);
    std::string socket = "/run/lanyard/session.sock";
    CLI::App program(
        "lanyard-session tells the node of this machine whether somebody is at this desktop, shows which\n"
        "update waits, and passes on what is chosen. Run it in the desktop session, once.",
        "lanyard-session");
    program.footer("Examples:\n  lanyard-session\n  lanyard-session --socket /run/lanyard/session.sock");
    program.set_version_flag("--version", LANYARD_VERSION);
    program.add_option("--socket", socket, "the 'socket' of [session] in node.toml")->capture_default_str();
    try {
        program.parse(argc, argv);
    } catch (CLI::Success const& success) {
        return program.exit(success);
    } catch (CLI::ParseError const& error) {
        std::fprintf(stderr, "lanyard-session: %s; see `lanyard-session --help`\n", error.what());
        return 2;
    }
    // They come through the event loop.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    lanyard::session::Helper helper(socket);
    if (!helper.find_desktop()) {
        std::fputs("lanyard-session: there is no desktop here, and nothing to do\n", stderr);
        return 0;
    }
    return helper.run();
}
