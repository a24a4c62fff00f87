#include <chrono>
#include <exception>
#include <iostream>

#include <google/protobuf/stubs/logging.h>

#include "seeder/ceremony/sign_commands.h"

namespace lanyard {
namespace {

int run(int argc, char const* const* argv) {
    // It would write to stderr by itself what a file has made it say.
    google::protobuf::SetLogHandler(nullptr);
    auto const parsed = ceremony::parse_sign_command(argc, argv);
    auto done = parsed ? Status() : pass_on(parsed);
    if (parsed) {
        if (auto const* help = std::get_if<ceremony::SignHelp>(&*parsed)) {
            std::cout << help->text;
            return 0;
        }
        ceremony::Desk desk{std::cin, std::cout};
        auto const now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        done = ceremony::carry_out(std::get<ceremony::SignCommand>(*parsed), now, desk);
    }
    if (done) return 0;
    std::cerr << "lanyard-sign: " << done.error().detail << std::endl;
    return static_cast<int>(kind_of(done.error().code));
}

}  // namespace
}  // namespace lanyard

int main(int argc, char** argv) {
    try {
        return lanyard::run(argc, argv);
    } catch (std::exception const& bug) {
        std::cerr << "lanyard-sign: internal failure: " << bug.what() << "; please report this\n";
        return static_cast<int>(lanyard::Kind::internal);
    }
}
