#include "proto/http/local_listener.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <boost/asio/local/stream_protocol.hpp>

#include "proto/http/errc.h"

namespace lanyard::http {
namespace {

using boost::system::error_code;
using Local = asio::local::stream_protocol;

constexpr std::size_t kLongestPath = 100;  // of sockaddr_un's 108, with what is put behind it at first

tl::unexpected<Error> unusable(std::filesystem::path const& path, std::string const& why) {
    return fail(Errc::unusable_address, "cannot listen on " + path.string() + ": " + why);
}

Status check_place(asio::io_context& io, std::filesystem::path const& path) {
    if (path.empty() || path.string().size() > kLongestPath) {
        return unusable(path, "the path of a local socket has 1 to 100 bytes; choose a shorter one");
    }
    std::error_code error;
    auto const there = std::filesystem::symlink_status(path, error);
    if (!std::filesystem::exists(there)) return {};
    if (!std::filesystem::is_socket(there)) {
        return unusable(path, "there is something else than a socket; move it away or choose another path");
    }
    Local::socket probe(io);
    error_code silent;
    probe.connect(Local::endpoint(path.string()), silent);
    if (silent) return {};
    return fail(Errc::address_in_use,
                "cannot listen on " + path.string() + ": another process does; stop it or choose another path");
}

ino_t file_at(std::filesystem::path const& path) {
    struct stat file {};
    return lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode) ? file.st_ino : 0;
}

}  // namespace

Result<LocalListener> LocalListener::open(asio::io_context& io, std::filesystem::path const& path, mode_t mode) {
    if (auto const fine = check_place(io, path); !fine) return pass_on(fine);
    // Under its own name only once it has its mode and listens: nobody slips in before, and nobody is turned away.
    auto const made = path.string() + ".new";
    std::error_code failed;
    std::filesystem::remove(made, failed);
    Acceptor acceptor(io.get_executor());
    error_code error;
    acceptor.open(Local(), error);
    if (!error) acceptor.bind(Local::endpoint(made), error);
    if (!error && chmod(made.c_str(), mode) != 0) error.assign(errno, boost::system::system_category());
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return unusable(path, error.message() + "; choose a directory in which this user may write");
    std::filesystem::rename(made, path, failed);
    if (failed) return unusable(path, failed.message());
    return LocalListener(std::move(acceptor), path);
}

LocalListener::LocalListener(Acceptor opened, std::filesystem::path path)
    : acceptor(std::move(opened)), path_(std::move(path)), file_(file_at(path_)) {}

LocalListener::LocalListener(LocalListener&& other) noexcept
    : acceptor(std::move(other.acceptor)), path_(std::exchange(other.path_, {})), file_(other.file_) {}

LocalListener::~LocalListener() { close(); }

void LocalListener::close() {
    error_code ignored_error;
    acceptor.close(ignored_error);
    if (path_.empty() || file_ == 0 || file_at(path_) != file_) return;
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    path_.clear();
}

std::optional<Caller> local_caller(Socket& socket) {
    ucred process{};
    socklen_t size = sizeof process;
    if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &process, &size) != 0) return std::nullopt;
    Caller caller;
    caller.way = Caller::Way::local;
    caller.uid = process.uid;
    caller.gid = process.gid;
    return caller;
}

}  // namespace lanyard::http
