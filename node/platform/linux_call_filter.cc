#include "node/platform/linux_call_filter.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "node/drain/errc.h"

namespace lanyard::platform {
namespace {

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// Newer than the library that knows the names; the same on every architecture.
constexpr int kFchmodat2 = 452;

// A call whose argument number `mode` may be one of a file.
struct Moded {
    int call;
    unsigned mode;
};
// The same, where it counts only if argument number `flags` asks for a new file.
struct Opening {
    int call;
    unsigned flags;
    unsigned mode;
};

constexpr Moded kModed[] = {
    {SCMP_SYS(chmod), 1}, {SCMP_SYS(fchmod), 1},  {SCMP_SYS(fchmodat), 2}, {SCMP_SYS(creat), 1},
    {SCMP_SYS(mkdir), 1}, {SCMP_SYS(mkdirat), 2}, {SCMP_SYS(mknod), 1},    {SCMP_SYS(mknodat), 2},
};
constexpr Opening kOpening[] = {{SCMP_SYS(open), 1, 2}, {SCMP_SYS(openat), 2, 3}};
// openat2 takes its mode in memory, where no filter sees it; programs fall back to openat.
constexpr int kUnknown[] = {SCMP_SYS(openat2), SCMP_SYS(io_uring_setup), kFchmodat2};

bool has(scmp_filter_ctx filter, unsigned error, int call, std::initializer_list<scmp_arg_cmp> when) {
    return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(error), call, static_cast<unsigned>(when.size()),
                                  when.begin()) == 0;
}

scmp_arg_cmp bits(unsigned argument, scmp_datum_t set) { return {argument, SCMP_CMP_MASKED_EQ, set, set}; }

bool fill(scmp_filter_ctx filter) {
    bool good = has(filter, EPERM, SCMP_SYS(socket), {});
    for (int const call : kUnknown) good = good && has(filter, ENOSYS, call, {});
    for (scmp_datum_t const bit : {S_ISUID, S_ISGID}) {
        for (auto const& [call, mode] : kModed) good = good && has(filter, EPERM, call, {bits(mode, bit)});
        for (auto const& [call, flags, mode] : kOpening) {
            for (scmp_datum_t const makes : {O_CREAT, O_TMPFILE}) {
                good = good && has(filter, EPERM, call, {bits(flags, makes), bits(mode, bit)});
            }
        }
    }
    return good;
}

}  // namespace

Status refuse_dangerous_calls() {
    // Calls of another architecture than the program's own end it.
    Filter const filter(seccomp_init(SCMP_ACT_ALLOW), seccomp_release);
    if (filter && fill(filter.get()) && seccomp_load(filter.get()) == 0) return {};
    return fail(drain::Errc::cannot_run,
                "a script cannot be confined: its system calls cannot be filtered; it needs a "
                "kernel with seccomp");
}

}  // namespace lanyard::platform
