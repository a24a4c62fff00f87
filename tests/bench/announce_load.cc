// How many checks the seeder's front answers, plain and over TLS, how many handshakes it does, and what a held check
// costs. The server runs in a child process, so that its memory and processor time are its own.
//   announce_load [clients, default 32] [checks in all, default 50000] [held polls, default 2000]
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <string>

#include "proto/events/log.h"
#include "proto/http/client.h"
#include "proto/http/stream.h"
#include "proto/schema/lanyard/v1/check.pb.h"
#include "seeder/announce/front.h"
#include "tests/support/authority.h"
#include "tests/support/scratch.h"
#include "tests/support/test_fleet.h"

#include <boost/asio/ip/tcp.hpp>

namespace lanyard {
namespace {

using Steady = std::chrono::steady_clock;

class OneRelease final : public announce::Releases {
public:
    std::uint64_t revision() override { return 1; }
    Result<std::optional<v1::AvailableRelease>> find_higher(v1::RunningApp const&, v1::Platform const&) override {
        v1::AvailableRelease release;
        release.set_app("editor");
        release.set_version("1.1.0");
        release.set_target_path("editor/stable/1.1.0/linux-amd64/editor-1.1.0.tar.zst");
        return std::optional(release);
    }
};

// Tells its port through `out`, then serves until it is killed.
[[noreturn]] void serve(std::filesystem::path const& folder, http::ServerTls const& tls, int out) {
    events::Log log(events::Level::warning);
    std::array const migrations = {fleet::fleet_schema(), fleet::sequence_schema()};
    auto database = store::Database::open(folder / "seeder.db", migrations);
    if (!database) std::_Exit(1);
    fleet::Fleet fleet(*database);
    asio::io_context io(1);
    async::DiskPool pool(1);
    OneRelease releases;
    tracker::Tracker tracker;
    auto const now = [] { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); };
    announce::Recorder recorder(io, log, pool, fleet, now);
    announce::FrontSettings settings;
    settings.rate_limit = {1e9, 1e9, 10};
    settings.limits.connections_per_address = settings.limits.connections;
    settings.limits.handshakes = settings.rate_limit;
    support::OpenDoor door;
    announce::Front front(io, log, releases, tracker, recorder, door, settings);
    recorder.start();
    if (!front.use_tls(tls) || !front.listen("127.0.0.1", 0)) std::_Exit(1);
    auto const port = front.port();
    if (write(out, &port, sizeof port) != sizeof port) std::_Exit(1);
    io.run();
    std::_Exit(0);
}

http::ClientRequest check_of(int node, unsigned wait, std::uint64_t last_revision) {
    v1::CheckRequest check;
    check.set_node_id(fmt::format("{:032x}", node));
    check.set_node_name(fmt::format("pc-{}", node));
    check.mutable_platform()->set_os("linux");
    check.mutable_platform()->set_arch("amd64");
    auto& app = *check.add_apps();
    app.set_app("editor");
    app.set_channel("stable");
    app.set_version("1.0.0");
    check.set_wait_seconds(wait);
    check.set_last_revision(last_revision);
    http::ClientRequest request;
    request.method = http::Method::post;
    request.path = "/v1/check";
    request.content_type = http::kProtobufType;
    request.body = check.SerializeAsString();
    request.timeout = std::chrono::seconds(60);
    return request;
}

struct Load {
    int left = 0;
    int failed = 0;
};

asio::awaitable<void> ask(http::Client& client, int node, Load& load) {
    auto const request = check_of(node, 0, 0);
    while (load.left > 0) {
        --load.left;
        auto copy = request;
        auto const answer = co_await client.send(std::move(copy));
        if (!answer || answer->status != 200) ++load.failed;
    }
}

asio::awaitable<void> hold(http::Client& client, int node) {
    auto request = check_of(node, 55, 1);
    co_await client.send(std::move(request));
}

std::size_t resident_bytes(pid_t pid) {
    std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
    std::size_t size = 0;
    std::size_t resident = 0;
    statm >> size >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

double processor_seconds(pid_t pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string word;
    double ticks = 0;
    for (int field = 1; field <= 15 && stat >> word; ++field) {
        if (field >= 14) ticks += std::stod(word);
    }
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

struct Place {
    http::Url url;
    pid_t server;
    http::ClientTls tls;

    char const* name() const { return url.scheme == http::Url::Scheme::https ? "TLS  " : "plain"; }
};

void measure_checks(Place const& place, int clients, int checks) {
    asio::io_context io(1);
    http::Client client(io, place.url, std::nullopt, place.tls);
    auto const server = place.server;
    Load load{checks, 0};
    auto const processor = processor_seconds(server);
    auto const begin = Steady::now();
    for (int node = 0; node < clients; ++node) asio::co_spawn(io, ask(client, node, load), asio::detached);
    io.run();
    auto const seconds = std::chrono::duration<double>(Steady::now() - begin).count();
    auto const spent = processor_seconds(server) - processor;
    fmt::print("{} {:3} at once: {:.0f} checks a second, {:.1f} us of the server's processor each, {} failed\n",
               place.name(), clients, checks / seconds, spent / checks * 1e6, load.failed);
}

void measure_held(Place const& place, int held) {
    asio::io_context io(1);
    http::Client client(io, place.url, std::nullopt, place.tls);
    auto const server = place.server;
    auto const before = resident_bytes(server);
    for (int node = 0; node < held; ++node) asio::co_spawn(io, hold(client, node), asio::detached);
    io.run_for(std::chrono::seconds(10));
    auto const after = resident_bytes(server);
    fmt::print("{} {} held checks: {:.1f} KiB each ({:.1f} MiB before, {:.1f} MiB now)\n", place.name(), held,
               static_cast<double>(after - before) / 1024 / held, static_cast<double>(before) / 1048576,
               static_cast<double>(after) / 1048576);
    client.cancel();
    io.run();
}

// Connects, agrees on TLS, asks once and goes. With one context for all, sessions are resumed.
asio::awaitable<void> shake(asio::io_context& io, Place const& place, std::shared_ptr<http::TlsContext> resuming,
                            Load& load) {
    std::string const request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    std::string answer(1024, '\0');
    std::string_view const nothing;
    while (load.left > 0) {
        --load.left;
        auto const context = resuming ? resuming : http::TlsContext::for_client(place.tls).value();
        http::Stream stream(http::Socket(io.get_executor()));
        boost::system::error_code error;
        stream.socket.connect(asio::ip::tcp::endpoint(asio::ip::make_address(place.url.host), place.url.port), error);
        auto session = context->connect(stream.socket, place.url.host);
        if (!error) co_await stream.handshake(std::move(session), error);
        if (!error) co_await stream.write_some(request, nothing, error);
        auto const space = asio::buffer(answer);
        if (!error) co_await stream.read_some(space, error);
        if (error) ++load.failed;
    }
}

void measure_handshakes(Place const& place, bool resume, int clients, int count) {
    asio::io_context io(1);
    Load load{count, 0};
    auto const context = resume ? http::TlsContext::for_client(place.tls).value() : nullptr;
    auto const processor = processor_seconds(place.server);
    auto const begin = Steady::now();
    for (int i = 0; i < clients; ++i) asio::co_spawn(io, shake(io, place, context, load), asio::detached);
    io.run();
    auto const seconds = std::chrono::duration<double>(Steady::now() - begin).count();
    auto const spent = processor_seconds(place.server) - processor;
    fmt::print("TLS   {} handshakes: {:.0f} a second, {:.0f} us of the server's processor each, {} failed\n",
               resume ? "resumed" : "full", count / seconds, spent / count * 1e6, load.failed);
}

int run(int clients, int checks, int held) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    support::Scratch const scratch;
    support::Authority const authority;
    auto const seeder = authority.issue({"seeder", "IP:127.0.0.1"});
    auto const node = authority.issue({"0123456789abcdef0123456789abcdef", ""});
    http::ServerTls const tls{seeder.certificate_pem + authority.pem(), seeder.private_key_pem, authority.pem()};
    for (auto const scheme : {http::Url::Scheme::https}) {
        // A process of its own each time: what one has freed, the next would take.
        std::array<int, 2> ends{};
        if (pipe(ends.data()) != 0) return 1;
        auto const server = fork();
        if (server == 0) serve(scratch.root(), tls, ends[1]);
        std::uint16_t port = 0;
        if (read(ends[0], &port, sizeof port) != sizeof port) return 1;
        Place const place{
            {"127.0.0.1", port, scheme}, server, {authority.pem(), "", node.certificate_pem, node.private_key_pem}};
        measure_held(place, held);
        measure_checks(place, 1, checks / 4);
        measure_checks(place, clients, checks);
        measure_handshakes(place, false, clients, checks / 10);
        measure_handshakes(place, true, clients, checks / 10);
        kill(server, SIGTERM);
        waitpid(server, nullptr, 0);
    }
    return 0;
}

}  // namespace
}  // namespace lanyard

int main(int count, char** words) {
    auto const number = [&](int at, int otherwise) { return count > at ? std::stoi(words[at]) : otherwise; };
    return lanyard::run(number(1, 32), number(2, 50'000), number(3, 2000));
}
