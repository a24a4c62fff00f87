#include "seeder/ceremony/key_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>

#include "manifests/signing/errc.h"
#include "seeder/ceremony/errc.h"

namespace lanyard::ceremony {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostSecret = 1024;

class File {
public:
    File(fs::path const& path, int flags, ::mode_t mode = 0) : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    File(File const&) = delete;
    File& operator=(File const&) = delete;

    explicit operator bool() const { return fd_ >= 0; }
    int fd() const { return fd_; }

private:
    int fd_;
};

char const* remedy(int error) {
    switch (error) {
        case EEXIST:
            return "; it is not replaced: name another file, or move that one away";
        case ENOSPC:
        case EDQUOT:
            return "; free some space there and try again";
        case EACCES:
        case EPERM:
            return "; choose a place that this user may write to, and for a private key one with permissions (not FAT)";
        case EROFS:
            return "; choose a place that is not read-only";
        case ENOENT:
        case ENOTDIR:
            return "; check the path";
        default:
            return "; choose another place";
    }
}

tl::unexpected<Error> refused(std::string const& what, fs::path const& file, int error) {
    std::error_code const code(error, std::generic_category());
    return fail(code, what + " '" + file.string() + "': " + code.message() + remedy(error));
}

// A stick formatted with FAT has no permissions. What anybody may read may lie there; a private key may not.
int set_mode(int fd, Mode mode) {
    bool const secret = mode == Mode::owner_only;
    if (::fchmod(fd, secret ? 0600 : 0644) != 0 && (secret || errno != EPERM)) return errno;
    struct ::stat now {};
    if (::fstat(fd, &now) != 0) return errno;
    return secret && (now.st_mode & (S_IRWXG | S_IRWXO)) != 0 ? EPERM : 0;
}

// 0, or errno.
int fill(int fd, std::string_view bytes, Mode mode) {
    if (int const error = set_mode(fd, mode)) return error;
    while (!bytes.empty()) {
        auto const count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return ::fsync(fd) == 0 ? 0 : errno;
}

// What is typed is not shown while this lives. The keys that interrupt end the line instead of the process, which would
// leave a terminal behind that shows nothing.
class Silence {
public:
    explicit Silence(int fd) : fd_(fd), known_(::tcgetattr(fd, &before_) == 0) {
        auto quiet = before_;
        quiet.c_lflag &= ~static_cast<::tcflag_t>(ECHO | ISIG);
        quiet.c_cc[VEOL] = before_.c_cc[VINTR];
        quiet.c_cc[VEOL2] = before_.c_cc[VQUIT];
        if (known_) ::tcsetattr(fd_, TCSAFLUSH, &quiet);
    }
    ~Silence() {
        if (known_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
    }
    Silence(Silence const&) = delete;
    Silence& operator=(Silence const&) = delete;

    bool interrupts(char c) const {
        auto const typed = static_cast<::cc_t>(c);
        return known_ && typed != 0 && (typed == before_.c_cc[VINTR] || typed == before_.c_cc[VQUIT]);
    }

private:
    int fd_;
    ::termios before_{};
    bool known_;
};

// Nothing, when it was interrupted.
std::optional<std::string> read_line(int fd, Silence const& silence) {
    std::string line;
    char c = 0;
    while (line.size() < kMostSecret && ::read(fd, &c, 1) == 1 && c != '\n') {
        if (silence.interrupts(c)) return std::nullopt;
        line += c;
    }
    return line;
}

Result<std::string> ask_twice(fs::path const& path) {
    auto const first = ask_secret("New passphrase for " + path.string() + ": ");
    if (!first) return first;
    auto const second = ask_secret("The same again: ");
    if (!second) return second;
    if (*first == *second) return first;
    return fail(Errc::no_passphrase, "the two passphrases differ; try again");
}

Status sync_folder_of(fs::path const& file) {
    auto const folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    File const parent(folder, O_RDONLY | O_DIRECTORY);
    if (!parent || ::fsync(parent.fd()) != 0) return refused("cannot write", folder, errno);
    return {};
}

// Beside the file, on disk, and ready to take its name.
Result<fs::path> write_scratch(fs::path const& file, std::string_view bytes, Mode mode) {
    auto scratch = fs::path(file) += ".incoming";
    File const out(scratch, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    if (!out) return refused("cannot write", scratch, errno);
    int const error = fill(out.fd(), bytes, mode);
    if (error == 0) return scratch;
    ::unlink(scratch.c_str());
    return refused("cannot write", scratch, error);
}

// 0, or errno; EEXIST when the name is taken. FAT knows no links, and NFS no such renaming.
int name_new(fs::path const& scratch, fs::path const& file) {
    if (::renameat2(AT_FDCWD, scratch.c_str(), AT_FDCWD, file.c_str(), RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return errno;
    if (::link(scratch.c_str(), file.c_str()) != 0) return errno;
    ::unlink(scratch.c_str());
    return 0;
}

Status conclude(fs::path const& scratch, fs::path const& file, int error) {
    if (error == 0) return sync_folder_of(file);
    ::unlink(scratch.c_str());
    return refused("cannot make", file, error);
}

}  // namespace

Status write_new_file(fs::path const& file, std::string_view bytes, Mode mode) {
    auto const scratch = write_scratch(file, bytes, mode);
    if (!scratch) return pass_on(scratch);
    return conclude(*scratch, file, name_new(*scratch, file));
}

Status replace_file(fs::path const& file, std::string_view bytes) {
    auto const scratch = write_scratch(file, bytes, Mode::everybody);
    if (!scratch) return pass_on(scratch);
    return conclude(*scratch, file, ::rename(scratch->c_str(), file.c_str()) == 0 ? 0 : errno);
}

bool somebody_is_there() {
    File const terminal("/dev/tty", O_RDWR | O_NOCTTY);
    return static_cast<bool>(terminal);
}

Result<std::string> ask_secret(std::string const& question) {
    File const terminal("/dev/tty", O_RDWR | O_NOCTTY);
    if (!terminal) {
        return fail(Errc::no_passphrase,
                    "a passphrase is needed and there is no terminal to ask for it: name a --passphrase-file");
    }
    std::optional<std::string> answer;
    {
        Silence const silence(terminal.fd());
        static_cast<void>(::write(terminal.fd(), question.data(), question.size()) < 0);
        answer = read_line(terminal.fd(), silence);
        static_cast<void>(::write(terminal.fd(), "\n", 1) < 0);
    }
    if (!answer) return fail(Errc::no_passphrase, "interrupted at the passphrase, so nothing was done");
    if (answer->empty()) return fail(Errc::no_passphrase, "no passphrase was typed; try again");
    return std::move(*answer);
}

Result<std::string> read_passphrase_file(fs::path const& file) {
    std::error_code wrong;
    auto const status = fs::status(file, wrong);
    if (!fs::is_regular_file(status)) {
        return fail(Errc::no_passphrase, "'" + file.string() + "' is no file; put the passphrase into its first line");
    }
    if ((status.permissions() & (fs::perms::group_all | fs::perms::others_all)) != fs::perms::none) {
        return fail(Errc::no_passphrase,
                    "'" + file.string() + "' can be read by others than its owner; make it private (chmod 600)");
    }
    std::ifstream stream(file, std::ios::binary);
    std::string line(kMostSecret + 1, '\0');
    stream.read(line.data(), static_cast<std::streamsize>(line.size()));
    line.resize(static_cast<std::size_t>(stream.gcount()));
    line.resize(std::min(line.find_first_of("\r\n"), line.size()));
    if (!line.empty() && line.size() <= kMostSecret) return line;
    return fail(Errc::no_passphrase, "'" + file.string() + "' has no passphrase of 1 to 1024 bytes in its first line");
}

signing::Passphrase passphrase_from(std::optional<fs::path> const& file) {
    return [file](fs::path const& key) -> Result<std::string> {
        return file ? read_passphrase_file(*file) : ask_secret("Passphrase of " + key.string() + ": ");
    };
}

Result<v1::Key> make_key_file(fs::path const& path, std::optional<fs::path> const& file, bool ask) {
    std::error_code wrong;
    if (path.extension() == ".pub" || path.extension() == ".seen") {
        return fail(Errc::wrong_usage, "'" + path.string() + "' would be the private key, and " +
                                           path.extension().string() + " is what lies beside it: name it " +
                                           fs::path(path).replace_extension(".pem").string());
    }
    if (fs::exists(signing::public_half(path), wrong)) {
        return fail(signing::Errc::key_exists,
                    signing::public_half(path).string() + " exists already and is not replaced: choose another name");
    }
    Result<std::string> passphrase = std::string();
    if (file) {
        passphrase = read_passphrase_file(*file);
    } else if (ask) {
        passphrase = ask_twice(path);
    }
    if (!passphrase) return pass_on(passphrase);
    auto const write_private = [](fs::path const& to, std::string_view bytes) {
        return write_new_file(to, bytes, Mode::owner_only);
    };
    auto const signer = signing::generate_key_file(path, write_private, *passphrase);
    if (!signer) return pass_on(signer);
    auto const key = (*signer)->public_key();
    auto const pem = signing::public_key_pem(key);
    if (!pem) return pass_on(pem);
    if (auto const written = write_new_file(signing::public_half(path), *pem, Mode::everybody); !written) {
        return pass_on(written, "the key is in " + path.string() + ", its public half is not");
    }
    return key;
}

}  // namespace lanyard::ceremony
