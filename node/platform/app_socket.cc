#include "node/platform/app_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <list>
#include <set>

#include "node/platform/app_frames.h"
#include "node/platform/linux_processes.h"
#include "node/platform/spoken_for.h"

namespace lanyard::platform {
namespace {

using Local = asio::local::stream_protocol;

constexpr std::size_t kMostConnections = 64;
constexpr std::size_t kLongestPath = 107;  // sockaddr_un, less its terminator
// An application that does not read must not make the node keep what it is told.
constexpr std::size_t kMostUnread = 1024 * 1024;
// Nor must one that never stops to talk keep the node from its work: what is more waits.
constexpr unsigned kMostMessages = 200;  // in kRound, of one application
constexpr std::chrono::seconds kRound{1};
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

// Whoever owns the directory may have put something else in the socket's place since it was made, so that a path is
// nothing to go by.
int open_to_everybody(std::filesystem::path const& path, ino_t& inode) {
    Descriptor const file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat is {};
    if (!file || fstat(file.get(), &is) != 0) return errno;
    if (!S_ISSOCK(is.st_mode) || is.st_nlink != 1 || is.st_uid != geteuid()) return EBUSY;
    inode = is.st_ino;
    return chmod(("/proc/self/fd/" + std::to_string(file.get())).c_str(), 0666) == 0 ? 0 : errno;
}

v1::NodeMessage answer_of(v1::Answer answer) {
    v1::NodeMessage message;
    *message.mutable_answer() = std::move(answer);
    return message;
}

v1::Answer refusal(std::string why) {
    v1::Answer answer;
    answer.set_refused(std::move(why));
    return answer;
}

}  // namespace

struct AppSocket::Impl : std::enable_shared_from_this<AppSocket::Impl> {
    Impl(Parts const& given, release::AppId name, std::filesystem::path directory, std::optional<uid_t> other)
        : parts(given), app(std::move(name)), home(std::move(directory)), user(other), acceptor(given.io) {}

    // A coroutine begins later than it is spawned: whom it needs until then is given to it.
    static asio::awaitable<void> accept(std::shared_ptr<Impl> self, std::uint64_t times);
    void refuse(uid_t uid, Connection& connection);
    bool may_speak(uid_t uid) const { return uid == 0 || uid == geteuid() || uid == user || uid == owner_of(home); }
    // How many descriptors may wait for the rest of their frame here: as many as one frame may bring, for all together.
    std::size_t room_for(Connection const& one) const;
    bool too_fast();

    Parts parts;
    release::AppId app;
    std::filesystem::path home;
    std::optional<uid_t> user;
    Local::acceptor acceptor;
    std::list<std::weak_ptr<Connection>> open;
    std::shared_ptr<SpokenFor> others = std::make_shared<SpokenFor>(parts.io, parts.contract, app);
    std::set<uid_t> refused;  // who was told of already
    unsigned heard = 0;       // messages in this round
    std::chrono::steady_clock::time_point round{};
    std::uint64_t listened = 0;  // how many times
    ino_t file = 0;
    std::string told{};    // why it does not listen
    bool stopped = false;  // the contract may be gone
};

// One process at the other end.
class AppSocket::Connection : public std::enable_shared_from_this<AppSocket::Connection> {
public:
    Connection(std::shared_ptr<Impl> all, Local::socket socket, ucred peer)
        : all_(std::move(all)), socket_(std::move(socket)), peer_(peer) {}
    ~Connection() {
        if (own_ && !all_->stopped) all_->parts.contract.go(*own_);
    }
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    static asio::awaitable<void> serve(std::shared_ptr<Connection> self) {
        auto& socket = self->socket_;
        boost::system::error_code failed;
        while (socket.is_open()) {
            auto frame = self->reader_.next();
            if (frame) {
                asio::steady_timer pause(self->all_->parts.io,
                                         self->all_->too_fast() ? kRound : std::chrono::seconds(0));
                co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
                self->hear(std::move(*frame));
                continue;
            }
            co_await socket.async_wait(Local::socket::wait_read, asio::redirect_error(asio::use_awaitable, failed));
            if (failed || !self->reader_.receive(socket.native_handle(), self->all_->room_for(*self))) break;
        }
        self->close();
    }

    std::size_t descriptors() const { return reader_.waiting(); }

    void close() {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

    // Does not wait.
    void say(v1::NodeMessage const& message) {
        auto bytes = frame_of(message);
        if (unwritten_.size() + bytes.size() > kMostUnread) return close();
        bool const idle = unwritten_.empty();
        unwritten_ += bytes;
        if (!idle || !socket_.is_open()) return;
        auto writing = write(shared_from_this());
        asio::co_spawn(all_->parts.io, std::move(writing), asio::detached);
    }

private:
    static asio::awaitable<void> write(std::shared_ptr<Connection> self) {
        auto& socket = self->socket_;
        auto& unwritten = self->unwritten_;
        while (socket.is_open() && !unwritten.empty()) {
            auto const written =
                ::send(socket.native_handle(), unwritten.data(), unwritten.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (written > 0) {
                unwritten.erase(0, static_cast<std::size_t>(written));
                continue;
            }
            if (errno == EINTR) continue;
            if (errno != EAGAIN) break;
            boost::system::error_code failed;
            co_await socket.async_wait(Local::socket::wait_write, asio::redirect_error(asio::use_awaitable, failed));
            if (failed) break;
        }
        // What cannot be written ends the connection.
        if (!unwritten.empty()) self->close();
    }

    void hear(FrameReader::Frame frame) {
        if (all_->stopped) return close();
        v1::AppMessage message;
        if (!message.ParseFromString(frame.bytes)) {
            say(answer_of(refusal("it is no message of the contract")));
            return;
        }
        if (!party_) {
            if (!message.has_registration()) return say(answer_of(refusal("the first message must be a registration")));
            auto const party = begin(message);
            if (!party) return say(answer_of(refusal(party.error().detail)));
            party_ = *party;
        }
        drain::HeldSockets sockets;
        for (auto& descriptor : frame.descriptors) {
            auto socket = all_->parts.keeper.adopt(std::move(descriptor));
            if (!socket) return say(answer_of(refusal("a descriptor cannot be held: " + socket.error().detail)));
            sockets.push_back(std::move(*socket));
        }
        say(answer_of(all_->parts.contract.hear(*party_, message, std::move(sockets))));
    }

    Result<drain::Contract::Party> begin(v1::AppMessage const& message) {
        auto& contract = all_->parts.contract;
        auto const pid = static_cast<std::uint64_t>(peer_.pid);
        auto const wanted = message.registration().pid();
        if (wanted != 0) return all_->others->party_of(wanted, peer_.uid);
        auto process = process_of(pid, "/proc").value_or(drain::Process{pid, "an application"});
        auto const weak = weak_from_this();
        own_ = contract.come(all_->app, std::move(process), [weak](v1::NodeMessage const& said) {
            if (auto const self = weak.lock()) self->say(said);
        });
        return *own_;
    }

    std::shared_ptr<Impl> all_;
    Local::socket socket_;
    ucred peer_;
    FrameReader reader_;
    std::optional<drain::Contract::Party> party_;
    std::optional<drain::Contract::Party> own_;  // ends with the connection
    std::string unwritten_;
};

std::size_t AppSocket::Impl::room_for(Connection const& one) const {
    std::size_t taken = 0;
    for (auto const& known : open) {
        auto const other = known.lock();
        if (other && other.get() != &one) taken += other->descriptors();
    }
    return kMaxFrameDescriptors - std::min(taken, kMaxFrameDescriptors);
}

bool AppSocket::Impl::too_fast() {
    auto const now = std::chrono::steady_clock::now();
    if (now - round >= kRound) {
        round = now;
        heard = 0;
    }
    return ++heard > kMostMessages;
}

void AppSocket::Impl::refuse(uid_t uid, Connection& connection) {
    auto const why = fmt::format(
        "user {} may not speak for {}: that may root, the node's user, the owner of {} "
        "and the 'user' of its [[app]] in node.toml",
        uid, app.text(), home.string());
    // Once each: whoever comes again and again fills no log.
    bool const tell = refused.size() < kMostRefusedUsers && refused.insert(uid).second;
    if (tell) parts.events.warning("contract.refused", why);
    connection.say(answer_of(refusal(why)));
}

asio::awaitable<void> AppSocket::Impl::accept(std::shared_ptr<Impl> self, std::uint64_t times) {
    auto& acceptor = self->acceptor;
    while (acceptor.is_open() && times == self->listened) {
        Local::socket socket(self->parts.io);
        boost::system::error_code failed;
        co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, failed));
        if (!acceptor.is_open() || times != self->listened) break;
        std::erase_if(self->open, [](auto const& one) { return one.expired(); });
        if (failed || self->open.size() >= kMostConnections) {
            asio::steady_timer pause(self->parts.io, std::chrono::milliseconds(100));
            boost::system::error_code ignored;
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            continue;
        }
        auto const peer = peer_of(socket);
        if (!peer) continue;
        auto connection = std::make_shared<Connection>(self, std::move(socket), *peer);
        if (!self->may_speak(peer->uid)) {
            self->refuse(peer->uid, *connection);
            continue;
        }
        self->open.push_back(connection);
        auto serving = Connection::serve(std::move(connection));
        asio::co_spawn(self->parts.io, std::move(serving), asio::detached);
    }
}

AppSocket::AppSocket(Parts const& parts, release::AppId app, std::filesystem::path home, std::optional<uid_t> user)
    : impl_(std::make_shared<Impl>(parts, std::move(app), std::move(home), user)) {}

AppSocket::~AppSocket() { stop(); }

void AppSocket::listen() {
    auto& impl = *impl_;
    if (impl.stopped) return;
    auto const path = impl.home / kName;
    struct stat is {};
    bool const there = lstat(path.c_str(), &is) == 0;
    if (impl.acceptor.is_open() && there && is.st_ino == impl.file) return;
    if (!std::filesystem::is_directory(impl.home)) return;
    boost::system::error_code failed;
    impl.acceptor.close(failed);
    failed.clear();
    std::string why;
    if (path.string().size() > kLongestPath) why = "its path is longer than 107 characters; choose a shorter directory";
    if (why.empty() && there && !S_ISSOCK(is.st_mode)) why = "something else has that name; move it away";
    if (why.empty() && there) unlink(path.c_str());
    if (why.empty()) {
        impl.acceptor.open(Local(), failed);
        if (!failed) impl.acceptor.bind(Local::endpoint(path.string()), failed);
        if (!failed) failed.assign(open_to_everybody(path, impl.file), boost::system::system_category());
        if (!failed) impl.acceptor.listen(asio::socket_base::max_listen_connections, failed);
        if (failed) why = failed.message();
    }
    if (!why.empty()) {
        boost::system::error_code ignored;
        impl.acceptor.close(ignored);
        if (why != impl.told) {
            impl.parts.events.warning("contract.failed", fmt::format("{} cannot speak for itself: no socket {}: {}",
                                                                     impl.app.text(), path.string(), why));
        }
        impl.told = why;
        return;
    }
    auto accepting = Impl::accept(impl_, ++impl.listened);
    asio::co_spawn(impl.parts.io, std::move(accepting), asio::detached);
}

void AppSocket::stop() {
    auto& impl = *impl_;
    impl.stopped = true;
    boost::system::error_code ignored;
    if (impl.acceptor.is_open()) {
        auto const path = impl.home / kName;
        struct stat is {};
        if (lstat(path.c_str(), &is) == 0 && is.st_ino == impl.file) unlink(path.c_str());
    }
    impl.acceptor.close(ignored);
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
