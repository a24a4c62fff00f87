#include "seeder/ceremony/key_files.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <iterator>

#include "seeder/ceremony/errc.h"
#include "tests/support/scratch.h"

namespace lanyard::ceremony::key_files_test {
namespace {

namespace fs = std::filesystem;

std::string content_of(fs::path const& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

fs::perms mode_of(fs::path const& file) { return fs::status(file).permissions(); }

// From now on the kernel answers this call of this process with an error, as a file system does that does not know it.
void refuse(unsigned call, unsigned error) {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    sock_fprog const program{4, code};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        ::_exit(99);
    }
}

void refuse_links() {
#ifdef SYS_link
    refuse(SYS_link, EPERM);
#endif
    refuse(SYS_linkat, EPERM);
}

// In a process of its own, which the filter ends with; true when it gives true there.
template <class Body>
bool apart(Body body) {
    auto const child = ::fork();
    if (child == 0) ::_exit(body() ? 0 : 1);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != 99) << "no filter";
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class KeyFilesTest : public testing::Test {
protected:
    support::Scratch scratch_;
    fs::path file_ = scratch_.root() / "targets.signed";
};

TEST_F(KeyFilesTest, ANewFileIsWholeAndHasItsMode) {
    ASSERT_TRUE(write_new_file(file_, "hello", Mode::owner_only));
    EXPECT_EQ(content_of(file_), "hello");
    EXPECT_EQ(mode_of(file_), fs::perms(0600));
    ASSERT_TRUE(write_new_file(scratch_.root() / "public", "hello", Mode::everybody));
    EXPECT_EQ(mode_of(scratch_.root() / "public"), fs::perms(0644));
    EXPECT_EQ(std::distance(fs::directory_iterator(scratch_.root()), fs::directory_iterator()), 2);
}

TEST_F(KeyFilesTest, AFileThatIsThereIsNotReplacedAndTheRemedyIsAnotherName) {
    ASSERT_TRUE(write_new_file(file_, "hello", Mode::everybody));
    auto const again = write_new_file(file_, "other", Mode::everybody);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, std::errc::file_exists);
    EXPECT_NE(again.error().detail.find("name another file"), std::string::npos) << again.error().detail;
    EXPECT_EQ(content_of(file_), "hello");
    EXPECT_EQ(std::distance(fs::directory_iterator(scratch_.root()), fs::directory_iterator()), 1);
}

// A stick that carries requests: FAT has neither links nor permissions.
TEST_F(KeyFilesTest, WhatAnybodyMayReadIsWrittenWhereThereAreNoPermissions) {
    EXPECT_TRUE(apart([&] {
        refuse(SYS_fchmod, EPERM);
        refuse_links();
        return write_new_file(file_, "hello", Mode::everybody).has_value() &&
               !write_new_file(file_, "hello", Mode::everybody) &&
               replace_file(scratch_.root() / "seen", "5").has_value();
    }));
    EXPECT_EQ(content_of(file_), "hello");
    EXPECT_EQ(content_of(scratch_.root() / "seen"), "5");
    EXPECT_FALSE(apart([&] {
        refuse(SYS_fchmod, EPERM);
        return write_new_file(scratch_.root() / "key.pem", "secret", Mode::owner_only).has_value();
    })) << "a private key may not lie there";
    EXPECT_EQ(std::distance(fs::directory_iterator(scratch_.root()), fs::directory_iterator()), 2);
}

// As NFS is.
TEST_F(KeyFilesTest, AFileIsNamedByALinkWhereRenamingWouldReplace) {
    EXPECT_TRUE(apart([&] {
        refuse(SYS_renameat2, EINVAL);
        return write_new_file(file_, "hello", Mode::everybody).has_value() &&
               !write_new_file(file_, "other", Mode::everybody);
    }));
    EXPECT_EQ(content_of(file_), "hello");
    EXPECT_EQ(std::distance(fs::directory_iterator(scratch_.root()), fs::directory_iterator()), 1);
}

TEST_F(KeyFilesTest, APrivateKeyIsNotMadeUnderTheNameOfWhatLiesBesideIt) {
    for (auto const* name : {"key.pub", "key.seen"}) {
        auto const made = make_key_file(scratch_.root() / name, std::nullopt, false);
        ASSERT_FALSE(made) << name;
        EXPECT_EQ(made.error().code, Errc::wrong_usage);
    }
    EXPECT_TRUE(fs::is_empty(scratch_.root()));
}

}  // namespace
}  // namespace lanyard::ceremony::key_files_test
