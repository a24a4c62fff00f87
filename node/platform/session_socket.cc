#include "node/platform/session_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/local/stream_protocol.hpp>
#include <list>
#include <utility>

#include "node/platform/app_frames.h"
#include "node/platform/closer.h"
#include "node/platform/logind.h"
#include "proto/outcome/plain_text.h"

namespace lanyard::platform {
namespace {

using SessionLine = asio::local::stream_protocol;

constexpr std::size_t kMostHelpers = 16;
constexpr std::size_t kMostHelpersOfUser = 4;
constexpr std::uint32_t kLongestWord = 4 * 1024;
constexpr std::size_t kMostUntold = 512 * 1024;
constexpr unsigned kMostChoices = 8;  // under way for one helper
constexpr std::size_t kLongestPresenter = 80;
constexpr std::size_t kLongestSocketPath = 107;
constexpr std::uint64_t kLongestIdle = 10ull * 365 * 24 * 3600;
// Between two messages of one helper.
constexpr std::chrono::milliseconds kBreath{50};
constexpr std::chrono::seconds kRefusedFor{1};

gate::SessionWord word_of(v1::SessionState const& state) {
    gate::SessionWord word;
    if (state.measures_idle()) word.idle = std::chrono::seconds(std::min(state.idle_seconds(), kLongestIdle));
    word.presents = as_plain(state.presents().substr(0, kLongestPresenter));
    return word;
}

}  // namespace

struct SessionSocket::Impl : std::enable_shared_from_this<SessionSocket::Impl> {
    explicit Impl(Parts given) : parts(std::move(given)), acceptor(parts.io) {}

    static asio::awaitable<void> accept(std::shared_ptr<Impl> self);
    static asio::awaitable<void> welcome(std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection);
    // Why this user may not speak; empty: it may.
    asio::awaitable<std::string> objection(uid_t user);
    bool full(uid_t user) const;
    // Why that cannot be; empty: it can.
    std::string open_at(std::filesystem::path const& socket);

    // Those that wait to be accepted may have sent something already.
    void stop_accepting();

    Parts parts;
    Closer closer;
    SessionLine::acceptor acceptor;
    std::filesystem::path path;
    std::list<std::shared_ptr<Connection>> open;
    bool stopped = false;  // what `parts` names may be gone
};

// One helper.
class SessionSocket::Connection : public std::enable_shared_from_this<SessionSocket::Connection> {
public:
    Connection(std::shared_ptr<Impl> all, SessionLine::socket socket, uid_t user)
        : all_(std::move(all)), socket_(std::move(socket)), user_(user) {}

    ~Connection() {
        close();
        reader_.refuse_waiting();
        for (auto& descriptor : reader_.refused()) all_->closer.close(std::move(descriptor));
    }
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    uid_t user() const { return user_; }
    bool admitted() const { return id_ != 0; }

    static asio::awaitable<void> serve(std::shared_ptr<Connection> self) {
        auto& all = *self->all_;
        self->id_ = all.parts.sessions.come(self->user_, std::chrono::steady_clock::now());
        all.parts.came();
        asio::steady_timer breath(all.parts.io);
        boost::system::error_code failed;
        while (!failed && self->socket_.is_open()) {
            bool const heard = co_await hear(self);
            if (!heard) break;
            breath.expires_after(kBreath);
            co_await breath.async_wait(asio::redirect_error(asio::use_awaitable, failed));
        }
        self->close();
        if (!all.stopped) all.parts.sessions.go(self->id_);
    }

    // Does not wait. Who does not read is let go.
    void say(v1::SessionNews const& news) {
        auto const bytes = frame_of(news);
        if (untold_.size() + bytes.size() > kMostUntold) return close();
        bool const idle = untold_.empty();
        untold_ += bytes;
        if (!idle || !socket_.is_open()) return;
        auto writing = write(shared_from_this());
        asio::co_spawn(all_->parts.io, std::move(writing), asio::detached);
    }

    void tell(v1::SessionNews const& news) {
        auto bytes = news.SerializeAsString();
        if (!admitted() || bytes == told_) return;
        told_ = std::move(bytes);
        say(news);
    }

    // What the other side sent and nobody has read is closed with the socket.
    void close() {
        if (!socket_.is_open()) return;
        boost::system::error_code failed;
        auto const number = socket_.release(failed);
        if (!failed) all_->closer.close(Descriptor(number));
    }

private:
    // Nobody sends descriptors here. Those that come are closed where that may take its time (Closer).
    static asio::awaitable<bool> hear(std::shared_ptr<Connection> self) {
        auto& closer = self->all_->closer;
        boost::system::error_code failed;
        auto frame = self->reader_.next();
        while (!frame) {
            if (closer.is_full()) co_return false;
            co_await self->socket_.async_wait(SessionLine::socket::wait_read,
                                              asio::redirect_error(asio::use_awaitable, failed));
            if (failed || !self->socket_.is_open()) co_return false;
            bool const goes_on = self->reader_.receive(self->socket_.native_handle(), 0);
            for (auto& descriptor : self->reader_.refused()) closer.close(std::move(descriptor));
            if (!goes_on) co_return false;
            frame = self->reader_.next();
        }
        v1::SessionMessage message;
        bool const fits = frame->bytes.size() <= kLongestWord;
        if (!fits || self->all_->stopped || !message.ParseFromString(frame->bytes)) co_return false;
        if (message.has_state()) {
            self->all_->parts.sessions.hear(self->id_, word_of(message.state()), std::chrono::steady_clock::now());
        } else if (message.has_choice()) {
            auto choosing = choose(self, message.choice());
            asio::co_spawn(self->all_->parts.io, std::move(choosing), asio::detached);
        }
        co_return true;
    }

    static asio::awaitable<void> choose(std::shared_ptr<Connection> self, v1::SessionChoice choice) {
        v1::SessionNews news;
        auto& answer = *news.mutable_answer();
        answer.set_app(choice.app());
        if (self->choosing_ >= kMostChoices) {
            answer.set_message("too much is asked for at once: wait for the answers");
            self->say(news);
            co_return;
        }
        ++self->choosing_;
        auto const objection = co_await self->all_->objection(self->user_);
        answer.set_message(objection);
        if (objection.empty() && !self->all_->stopped) {
            self->all_->parts.events.info(
                "session.choice", fmt::format("user {} chose {} for {}", self->user_,
                                              v1::SessionChoice::Kind_Name(choice.kind()), as_plain(choice.app())));
            auto made = co_await self->all_->parts.choose(std::move(choice));
            answer = std::move(made);
        }
        --self->choosing_;
        self->say(news);
    }

    static asio::awaitable<void> write(std::shared_ptr<Connection> self) {
        auto& untold = self->untold_;
        while (self->socket_.is_open() && !untold.empty()) {
            auto const sent =
                ::send(self->socket_.native_handle(), untold.data(), untold.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent > 0) {
                untold.erase(0, static_cast<std::size_t>(sent));
                continue;
            }
            if (errno == EINTR) continue;
            if (errno != EAGAIN) break;
            boost::system::error_code failed;
            co_await self->socket_.async_wait(SessionLine::socket::wait_write,
                                              asio::redirect_error(asio::use_awaitable, failed));
            if (failed) break;
        }
        if (!untold.empty()) self->close();
    }

    std::shared_ptr<Impl> all_;
    SessionLine::socket socket_;
    uid_t user_;
    FrameReader reader_;
    gate::Sessions::Id id_ = 0;
    std::string untold_;
    std::string told_;
    unsigned choosing_ = 0;
};

asio::awaitable<std::string> SessionSocket::Impl::objection(uid_t user) {
    if (user == 0 || user == geteuid()) co_return std::string();
    auto const list = [] { return logins_by_logind(); };
    auto const logins = co_await parts.pool.run(list);
    if (!logins) co_return "the node cannot tell whether you are at this machine: " + logins.error();
    bool const there = std::any_of(logins->begin(), logins->end(),
                                   [user](auto const& login) { return login.user == user && login.active; });
    if (there) co_return std::string();
    co_return fmt::format("user {} may not decide here: that may root, the node's user, and who has an active session",
                          user);
}

bool SessionSocket::Impl::full(uid_t user) const {
    auto const mine = std::count_if(open.begin(), open.end(), [user](auto const& one) { return one->user() == user; });
    return open.size() >= kMostHelpers || static_cast<std::size_t>(mine) >= kMostHelpersOfUser;
}

asio::awaitable<void> SessionSocket::Impl::welcome(std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection) {
    self->open.push_back(connection);
    auto const objection = co_await self->objection(connection->user());
    if (objection.empty() && !self->stopped) {
        co_await Connection::serve(connection);
    } else {
        v1::SessionNews news;
        news.set_refused(objection);
        connection->say(news);
        // It keeps its place for a moment: who comes again and again asks logind no more often than that.
        asio::steady_timer pause(self->parts.io, kRefusedFor);
        boost::system::error_code ignored;
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        connection->close();
    }
    self->open.remove(connection);
}

asio::awaitable<void> SessionSocket::Impl::accept(std::shared_ptr<Impl> self) {
    auto& acceptor = self->acceptor;
    while (acceptor.is_open()) {
        SessionLine::socket socket(self->parts.io);
        boost::system::error_code failed;
        co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, failed));
        if (!acceptor.is_open()) break;
        ucred peer{};
        socklen_t size = sizeof peer;
        bool const known = !failed && getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
        if (!known || self->full(peer.uid) || self->closer.is_full()) {
            auto const number = failed ? -1 : socket.release(failed);
            if (!failed) self->closer.close(Descriptor(number));
            // Who is let go comes again.
            asio::steady_timer pause(self->parts.io, kBreath);
            boost::system::error_code ignored;
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            continue;
        }
        auto connection = std::make_shared<Connection>(self, std::move(socket), peer.uid);
        auto welcoming = welcome(self, std::move(connection));
        asio::co_spawn(self->parts.io, std::move(welcoming), asio::detached);
    }
}

void SessionSocket::Impl::stop_accepting() {
    boost::system::error_code failed;
    auto const number = acceptor.release(failed);
    if (!failed) closer.close(Descriptor(number));
}

SessionSocket::SessionSocket(Parts parts) : impl_(std::make_shared<Impl>(std::move(parts))) {}

SessionSocket::~SessionSocket() { stop(); }

void SessionSocket::listen(std::filesystem::path const& socket) {
    auto const failure = impl_->open_at(socket);
    if (!failure.empty()) {
        impl_->parts.events.warning(
            "session.failed", fmt::format("lanyard-session cannot reach this node: no socket {}: {}; mend 'socket' of "
                                          "[session] in node.toml, or leave it out",
                                          socket.string(), failure));
        return;
    }
    impl_->path = socket;
    auto accepting = Impl::accept(impl_);
    asio::co_spawn(impl_->parts.io, std::move(accepting), asio::detached);
}

std::string SessionSocket::Impl::open_at(std::filesystem::path const& socket) {
    if (socket.string().size() > kLongestSocketPath) return "its path is longer than 107 characters";
    std::error_code wrong;
    std::filesystem::create_directories(socket.parent_path(), wrong);
    if (wrong) return wrong.message();
    auto const there = std::filesystem::symlink_status(socket, wrong).type();
    if (there == std::filesystem::file_type::socket) std::filesystem::remove(socket, wrong);
    boost::system::error_code failed;
    acceptor.open(SessionLine(), failed);
    if (!failed) acceptor.bind(SessionLine::endpoint(socket.string()), failed);
    // Who speaks is looked at, not who can open it.
    if (!failed && chmod(socket.c_str(), 0666) != 0) failed.assign(errno, boost::system::system_category());
    if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (!failed) return {};
    boost::system::error_code ignored;
    acceptor.close(ignored);
    return failed.message();
}

void SessionSocket::stop() {
    impl_->stopped = true;
    if (!impl_->acceptor.is_open()) return;
    impl_->stop_accepting();
    for (auto const& connection : impl_->open) connection->close();
    std::error_code gone;
    std::filesystem::remove(impl_->path, gone);
}

bool SessionSocket::anybody() const {
    return std::any_of(impl_->open.begin(), impl_->open.end(), [](auto const& one) { return one->admitted(); });
}

void SessionSocket::tell(v1::SessionUpdates const& updates) {
    v1::SessionNews news;
    *news.mutable_waiting() = updates;
    for (auto const& connection : impl_->open) connection->tell(news);
}

}  // namespace lanyard::platform
