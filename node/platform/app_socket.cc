#include "node/platform/app_socket.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <set>

#include "node/platform/socket_access.h"

namespace lanyard::platform {
namespace {

using Local = asio::local::stream_protocol;

constexpr std::size_t kMostConnections = 64;
// Of them, for root and the node's own user: an application that uses up its places locks out nobody who could help.
constexpr std::size_t kReserved = 8;
constexpr std::chrono::seconds kUntilRegistered{10};
constexpr std::size_t kLongestPath = 107;      // sockaddr_un, less its terminator
constexpr std::size_t kMostRefusedUsers = 16;  // that are told of

std::optional<ucred> peer_of(Local::socket& socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
    return peer;
}

std::optional<uid_t> owner_of(std::filesystem::path const& path) {
    struct stat is {};
    if (stat(path.c_str(), &is) != 0) return std::nullopt;
    return is.st_uid;
}

bool is_trusted(uid_t uid) { return uid == 0 || uid == geteuid(); }

}  // namespace

struct AppSocket::Impl : AppTalk, std::enable_shared_from_this<AppSocket::Impl> {
    Impl(Parts const& given, release::AppId name, std::filesystem::path directory, std::optional<uid_t> other)
        : AppTalk(given, std::move(name)), home(std::move(directory)), user(other), acceptor(given.io) {}

    // A coroutine begins later than it is spawned: whom it needs until then is given to it.
    static asio::awaitable<void> accept(std::shared_ptr<Impl> self, std::uint64_t times);
    void welcome(Local::socket socket);
    std::string why_refused(uid_t uid);
    void make_room();
    std::string why_deaf(std::filesystem::path const& path);
    void stop_accepting();
    void tell(std::string const& why);
    bool is_own(uid_t uid) const { return uid == geteuid() || uid == user || uid == owner_of(home); }

    std::filesystem::path home;
    std::optional<uid_t> user;
    Local::acceptor acceptor;
    std::set<uid_t> refused;     // who was told of already
    std::uint64_t listened = 0;  // how many times
    ino_t file = 0;
    std::string told{};  // why it does not listen
};

// Whoever came and does not say who it is holds a place that another may need.
void AppSocket::Impl::make_room() {
    auto const limit = parts.now() - kUntilRegistered;
    std::erase_if(open, [&](auto const& known) {
        auto const one = known.lock();
        if (!one) return true;
        if (one->is_registered() || one->came() > limit) return false;
        one->close();
        return true;
    });
}

std::string AppSocket::Impl::why_refused(uid_t uid) {
    if (!is_trusted(uid) && !is_own(uid)) {
        auto why = fmt::format(
            "user {} may not speak for {}: that may root, the node's user, the owner of {} "
            "and the 'user' of its [[app]] in node.toml",
            uid, app.text(), home.string());
        // Once each: whoever comes again and again fills no log.
        bool const tell = refused.size() < kMostRefusedUsers && refused.insert(uid).second;
        if (tell) parts.events.warning("contract.refused", why);
        return why;
    }
    auto const places = is_trusted(uid) ? kMostConnections : kMostConnections - kReserved;
    if (open.size() < places) return {};
    return fmt::format("{} connections speak for {} already, and no more are served; close those that are not needed",
                       open.size(), app.text());
}

void AppSocket::Impl::welcome(Local::socket socket) {
    auto const peer = peer_of(socket);
    auto connection = std::make_shared<AppConnection>(shared_from_this(), std::move(socket), peer.value_or(ucred{}));
    if (!peer) return;
    make_room();
    if (auto why = why_refused(peer->uid); !why.empty()) return connection->refuse(std::move(why));
    open.push_back(connection);
    auto serving = AppConnection::serve(std::move(connection));
    asio::co_spawn(parts.io, std::move(serving), asio::detached);
}

asio::awaitable<void> AppSocket::Impl::accept(std::shared_ptr<Impl> self, std::uint64_t times) {
    auto& acceptor = self->acceptor;
    while (acceptor.is_open() && times == self->listened) {
        Local::socket socket(self->parts.io);
        boost::system::error_code failed;
        co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, failed));
        // What was accepted is closed where that may take its time.
        if (!failed) self->welcome(std::move(socket));
        if (!acceptor.is_open() || times != self->listened) break;
        if (!failed && !self->closer.is_full()) continue;
        asio::steady_timer pause(self->parts.io, std::chrono::milliseconds(100));
        boost::system::error_code ignored;
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

// Those that wait to be accepted may have sent something already.
void AppSocket::Impl::stop_accepting() {
    if (!acceptor.is_open()) return;
    boost::system::error_code failed;
    auto const number = acceptor.release(failed);
    if (!failed) closer.close(Descriptor(number));
}

// Makes it listen; else why not.
std::string AppSocket::Impl::why_deaf(std::filesystem::path const& path) {
    struct stat is {};
    bool const there = lstat(path.c_str(), &is) == 0;
    if (path.string().size() > kLongestPath)
        return "its path is longer than 107 characters; choose a shorter directory";
    if (there && !S_ISSOCK(is.st_mode)) return "something else has that name; move it away";
    if (there) unlink(path.c_str());
    std::set<uid_t> visitors;
    if (auto const owner = owner_of(home)) visitors.insert(*owner);
    if (user) visitors.insert(*user);
    std::erase_if(visitors, is_trusted);
    boost::system::error_code failed;
    acceptor.open(Local(), failed);
    if (!failed) acceptor.bind(Local::endpoint(path.string()), failed);
    if (!failed) failed.assign(open_to(path, visitors, file), boost::system::system_category());
    if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
    return failed ? failed.message() : "";
}

// Once, until it is another reason.
void AppSocket::Impl::tell(std::string const& why) {
    if (why == told) return;
    told = why;
    if (why.empty()) return;
    parts.events.warning("contract.failed", fmt::format("{} cannot speak for itself: no socket {}: {}", app.text(),
                                                        (home / AppSocket::kName).string(), why));
}

AppSocket::AppSocket(Parts const& parts, release::AppId app, std::filesystem::path home, std::optional<uid_t> user)
    : impl_(std::make_shared<Impl>(parts, std::move(app), std::move(home), user)) {}

AppSocket::~AppSocket() { stop(); }

bool AppSocket::is_own(uid_t uid) const { return impl_->is_own(uid); }

void AppSocket::listen() {
    auto& impl = *impl_;
    if (impl.stopped) return;
    auto const path = impl.home / kName;
    struct stat is {};
    if (impl.acceptor.is_open() && lstat(path.c_str(), &is) == 0 && is.st_ino == impl.file) return;
    std::error_code unseen;
    bool const there = std::filesystem::is_directory(impl.home, unseen);
    bool const unknown =
        unseen && unseen != std::errc::no_such_file_or_directory && unseen != std::errc::not_a_directory;
    if (unknown) return impl.tell("its directory cannot be looked at: " + unseen.message());
    if (!there) return;
    impl.stop_accepting();
    auto const why = impl.why_deaf(path);
    impl.tell(why);
    if (!why.empty()) return impl.stop_accepting();
    auto accepting = Impl::accept(impl_, ++impl.listened);
    asio::co_spawn(impl.parts.io, std::move(accepting), [self = impl_](std::exception_ptr const& broken) {
        try {
            if (broken) std::rethrow_exception(broken);
        } catch (std::exception const& bug) {
            self->tell(std::string(bug.what()) + "; please report this");
            self->stop_accepting();
        }
    });
}

void AppSocket::stop() {
    auto& impl = *impl_;
    impl.stopped = true;
    if (impl.acceptor.is_open()) {
        auto const path = impl.home / kName;
        struct stat is {};
        if (lstat(path.c_str(), &is) == 0 && is.st_ino == impl.file) unlink(path.c_str());
    }
    impl.stop_accepting();
    for (auto const& known : impl.open) {
        if (auto const connection = known.lock()) connection->close();
    }
    impl.others->stop();
}

std::optional<uid_t> user_named(std::string const& name) {
    auto const* const user = getpwnam(name.c_str());
    if (!user) return std::nullopt;
    return user->pw_uid;
}

}  // namespace lanyard::platform
