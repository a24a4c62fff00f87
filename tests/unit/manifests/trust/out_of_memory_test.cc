// A program of its own: it lets memory run out at any allocation, of ours and of OpenSSL.

#include <openssl/crypto.h>

#include <cstdlib>
#include <limits>
#include <new>

#include "tests/unit/manifests/trust/client.h"

namespace {

// Allocations that still succeed.
long left = std::numeric_limits<long>::max();

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

struct Ending {
    bool accepted = false;
    bool ran_out = false;
};

// One step of a client with memory for `allocations` more.
Ending step_with(long allocations, TrustedSet& set, RoleName role, std::string const& bytes) {
    Ending ending;
    left = allocations;
    try {
        ending.accepted = update(set, role, bytes).has_value();
    } catch (std::exception const&) {
    }
    ending.ran_out = left < 0;
    left = std::numeric_limits<long>::max();
    return ending;
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

    static bool took(TrustedSet const& set, RoleName role) {
        if (role == RoleName::timestamp) return set.timestamp() != nullptr;
        return role == RoleName::snapshot ? set.snapshot() != nullptr : set.targets() != nullptr;
    }

    RepositorySimulator repo_{kNow};
};

TEST_F(OutOfMemory, IsNeverTakenForAValidSignature) {
    ASSERT_EQ(installed, 1);
    for (auto const& step : kSteps) {
        auto const start = at(step.before);
        auto forged = repo_.newest(step.role);
        forged.back() = static_cast<char>(forged.back() ^ 1);  // in the signature
        Ending ending{false, true};
        for (long allocations = 0; ending.ran_out; ++allocations) {
            auto set = start;
            ending = step_with(allocations, set, step.role, forged);
            ASSERT_FALSE(ending.accepted) << text(step.role) << " after " << allocations;
            ASSERT_FALSE(took(set, step.role)) << text(step.role) << " after " << allocations;
        }
    }
}

TEST_F(OutOfMemory, LeavesASetThatGoesOnWithGoodFilesOnly) {
    for (auto const& step : kSteps) {
        auto const start = at(step.before);
        auto const good = repo_.newest(step.role);
        Ending ending{false, true};
        for (long allocations = 0; ending.ran_out; ++allocations) {
            auto set = start;
            ending = step_with(allocations, set, step.role, good);
            if (ending.accepted) continue;
            auto forged = good;
            forged.back() = static_cast<char>(forged.back() ^ 1);
            EXPECT_FALSE(update(set, step.role, forged));
            EXPECT_TRUE(update(set, step.role, good)) << text(step.role) << " after " << allocations;
        }
        EXPECT_TRUE(ending.accepted);
    }
}

}  // namespace
}  // namespace lanyard::trust
