// lanyard-confine DIRECTORY PROGRAM [ARGUMENT...]: runs a program that may write below DIRECTORY only, without a
// network. A program of its own, so that what runs with a script's rights is small. lanyard-node calls it.
#include <cstdio>
#include <cstdlib>

#include "node/platform/linux_confinement.h"

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("usage: lanyard-confine DIRECTORY PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    auto const code = lanyard::platform::run_confined(argv[1], {argv + 2, argv + argc});
    // At once: with its first process gone, the namespace lets nothing be started any more, such as a leak checker.
    if (code) std::_Exit(*code);
    std::fprintf(stderr, "lanyard-confine: %s\n", code.error().detail.c_str());
    return 126;
}
