// A program of its own: it lets memory run out at any allocation, of ours and of OpenSSL.

#include <openssl/crypto.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <new>

#include "tests/unit/manifests/trust/client.h"

namespace {

// Allocations that still succeed.
long left = std::numeric_limits<long>::max();
bool exhausted = false;  // they did not, although more memory is there by now

bool runs_out() { return left-- <= 0; }

}  // namespace

void* operator new(std::size_t size) {
    if (runs_out()) throw std::bad_alloc();
    if (auto* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

void* openssl_allocate(std::size_t size, char const*, int) { return runs_out() ? nullptr : std::malloc(size); }
void* openssl_resize(void* memory, std::size_t size, char const*, int) {
    return runs_out() ? nullptr : std::realloc(memory, size);
}
void openssl_free(void* memory, char const*, int) { std::free(memory); }

// Before OpenSSL has allocated anything.
int const installed = CRYPTO_set_mem_functions(openssl_allocate, openssl_resize, openssl_free);

}  // namespace

namespace lanyard::trust {
namespace {

enum Ending : int { refused, accepted, broken };

// What `work` gives in a process of its own; `refused` when it was the end of that: an exception on its way through a
// function that must not throw ends a node, which then has believed nothing. `ran_out`: there was too little memory.
template <class Work>
Ending in_child(long allocations, Work work, bool& ran_out) {
    constexpr int kRanOut = 16;
    auto const child = fork();
    if (child == 0) {
        if (!std::freopen("/dev/null", "w", stderr)) _exit(broken);
        left = allocations;
        int ending = refused;
        try {
            ending = work();
        } catch (std::exception const&) {
        }
        _exit(ending | (left < 0 || exhausted ? kRanOut : 0));
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    ran_out = !WIFEXITED(status) || (WEXITSTATUS(status) & kRanOut) != 0;
    return WIFEXITED(status) ? static_cast<Ending>(WEXITSTATUS(status) & ~kRanOut) : refused;
}

bool takes(TrustedSet& set, RoleName role, std::string const& bytes) {
    try {
        return update(set, role, bytes).has_value();
    } catch (std::exception const&) {
        return false;
    }
}

struct Step {
    RoleName before;  // the last role that has been taken
    RoleName role;
};
constexpr Step kSteps[] = {{RoleName::root, RoleName::timestamp},
                           {RoleName::timestamp, RoleName::snapshot},
                           {RoleName::snapshot, RoleName::targets}};

class OutOfMemory : public testing::Test {
protected:
    OutOfMemory() {
        *repo_.targets.add_targets() = support::make_target({});
        repo_.publish();
    }

    TrustedSet at(RoleName last) const {
        auto set = at_root(repo_);
        if (last == RoleName::root) return set;
        EXPECT_TRUE(walk(set, repo_, last));
        return set;
    }

    RepositorySimulator repo_{kNow};
};

TEST_F(OutOfMemory, IsNeverTakenForAValidSignature) {
    ASSERT_EQ(installed, 1);
    for (auto const& step : kSteps) {
        auto set = at(step.before);
        auto forged = repo_.newest(step.role);
        forged.back() = static_cast<char>(forged.back() ^ 1);  // in the signature
        auto const work = [&] { return takes(set, step.role, forged) ? accepted : refused; };
        bool ran_out = true;
        for (long allocations = 0; ran_out; ++allocations) {
            ASSERT_EQ(in_child(allocations, work, ran_out), refused) << text(step.role) << " after " << allocations;
        }
    }
}

TEST_F(OutOfMemory, LeavesASetThatGoesOnWithGoodFilesOnly) {
    for (auto const& step : kSteps) {
        auto set = at(step.before);
        auto const good = repo_.newest(step.role);
        auto forged = good;
        forged.back() = static_cast<char>(forged.back() ^ 1);
        auto const work = [&] {
            if (takes(set, step.role, good)) return accepted;
            exhausted = true;
            left = std::numeric_limits<long>::max();
            return !takes(set, step.role, forged) && takes(set, step.role, good) ? refused : broken;
        };
        bool ran_out = true;
        auto ending = refused;
        for (long allocations = 0; ran_out; ++allocations) {
            ending = in_child(allocations, work, ran_out);
            ASSERT_NE(ending, broken) << text(step.role) << " after " << allocations;
        }
        EXPECT_EQ(ending, accepted);
    }
}

}  // namespace
}  // namespace lanyard::trust
