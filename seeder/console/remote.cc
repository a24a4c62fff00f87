#include "seeder/console/remote.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "manifests/package/package.h"
#include "proto/http/client.h"
#include "proto/http/errc.h"
#include "proto/identity/key.h"
#include "seeder/announce/errc.h"
#include "seeder/console/errc.h"
#include "seeder/console/orders.h"
#include "seeder/console/progress_meter.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t kPiece = 60 * 1024;  // a request has 64 KiB at most
constexpr std::size_t kMostAnswer = 16 * 1024 * 1024;
constexpr std::size_t kMostIdentityBytes = 64 * 1024;
constexpr auto kPatience = 60s;
constexpr auto kLongest = 3600s;  // taking in a large package

// A directory of our own that goes with everything in it.
class ScratchFolder {
public:
    ScratchFolder() {
        std::error_code wrong;
        path_ = fs::temp_directory_path(wrong) / ("lanyard-publish-" + identity::to_hex(identity::random_bytes(8)));
        if (!wrong && fs::create_directory(path_, wrong)) fs::permissions(path_, fs::perms::owner_all, wrong);
    }
    ~ScratchFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    ScratchFolder(ScratchFolder const&) = delete;
    ScratchFolder& operator=(ScratchFolder const&) = delete;
    fs::path const& path() const { return path_; }

private:
    fs::path path_;
};

// The `number`-th block of that kind in a PEM file.
std::string pem_block(std::string const& text, std::string const& kind, int number) {
    auto const head = "-----BEGIN " + kind + "-----";
    auto const foot = "-----END " + kind + "-----\n";
    std::size_t at = 0;
    for (;; --number) {
        auto const begin = text.find(head, at);
        auto const end = text.find(foot, begin == std::string::npos ? at : begin);
        if (begin == std::string::npos || end == std::string::npos) return "";
        at = end + foot.size();
        if (number == 0) return text.substr(begin, at - begin);
    }
}

Result<http::ClientTls> read_identity(fs::path const& file) {
    if (file.empty()) {
        return fail(Errc::wrong_usage,
                    "--remote needs --identity FILE, the file that `lanyard-seeder operator add` has made");
    }
    std::ifstream stream(file, std::ios::binary);
    std::string text(kMostIdentityBytes, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    http::ClientTls tls;
    tls.private_key_pem = pem_block(text, "PRIVATE KEY", 0);
    tls.certificate_pem = pem_block(text, "CERTIFICATE", 0);
    tls.ca_pem = pem_block(text, "CERTIFICATE", 1);
    if (!tls.private_key_pem.empty() && !tls.certificate_pem.empty() && !tls.ca_pem.empty()) return tls;
    return fail(Errc::wrong_usage,
                "--identity '" + file.string() +
                    "' cannot be read, or is not a file that `lanyard-seeder operator add` has made");
}

// A URL has a scheme; "127.0.0.1:8430" without one is a mistake, and no file.
bool is_path(std::string const& text) {
    std::error_code ignored;
    return text.find("://") == std::string::npos && (text.find('/') != std::string::npos || fs::exists(text, ignored));
}

class Remote {
public:
    static Result<Remote> open(asio::io_context& io, Invocation const& invocation) {
        if (is_path(invocation.remote)) {
            constexpr std::size_t kLongestSocket = 107;  // of any Unix socket
            if (invocation.remote.size() > kLongestSocket) {
                return fail(Errc::wrong_usage,
                            "--remote: the path of a socket has 107 bytes at most; name it from nearer by");
            }
            return Remote(io, std::make_unique<http::Client>(io, fs::path(invocation.remote)));
        }
        auto const url = http::Url::parse(invocation.remote);
        if (!url) return pass_on(url, "--remote");
        if (url->scheme != http::Url::Scheme::https) {
            return fail(Errc::wrong_usage, "--remote: operators are heard over https:// or the path of a socket only");
        }
        auto const tls = read_identity(invocation.identity);
        if (!tls) return pass_on(tls);
        return Remote(io, std::make_unique<http::Client>(io, *url, std::nullopt, *tls));
    }

    // The answer's body; refused and network failures are errors. `once`: see http::ClientRequest.
    Result<std::string> send(http::Method method, std::string path, std::string body,
                             std::chrono::milliseconds patience, bool once = false) {
        http::ClientRequest request;
        request.method = method;
        request.path = std::move(path);
        request.body = std::move(body);
        request.content_type = http::kProtobufType;
        request.max_body = kMostAnswer;
        request.timeout = patience;
        request.once = once;
        std::optional<Result<http::ClientResponse>> answer;
        asio::co_spawn(io_, client_->send(std::move(request)),
                       [&](std::exception_ptr bug, Result<http::ClientResponse> given) {
                           if (bug) std::rethrow_exception(bug);
                           answer.emplace(std::move(given));
                       });
        io_.restart();
        while (!answer && io_.run_one() > 0) {
        }
        if (!*answer) return pass_on(*answer);
        auto& response = **answer;
        if (response.status == 200) return std::move(response.body);
        while (!response.body.empty() && response.body.back() == '\n') response.body.pop_back();
        bool const refused = response.status == 401 || response.status == 403;
        auto const code = refused                  ? make_error_code(announce::Errc::not_admitted)
                          : response.status == 503 ? make_error_code(announce::Errc::overloaded)
                          : response.status == 507 ? std::make_error_code(std::errc::no_space_on_device)
                          : response.status == 409 ? make_error_code(Errc::busy)
                                                   : make_error_code(Errc::wrong_usage);
        return fail(code, fmt::format("the seeder refuses: {}", response.body));
    }

private:
    Remote(asio::io_context& io, std::unique_ptr<http::Client> client) : io_(io), client_(std::move(client)) {}

    asio::io_context& io_;
    std::unique_ptr<http::Client> client_;
};

// Goes on behind what has come already.
Status upload(Remote& remote, fs::path const& file, std::string const& name, std::uint64_t length, Terminal& terminal) {
    auto const path = "/v1/admin/upload?name=" + name;
    auto const there = remote.send(http::Method::get, path, "", kPatience);
    if (!there) return pass_on(there);
    auto offset = std::strtoull(there->c_str(), nullptr, 10);
    if (offset > length) offset = 0;
    std::ifstream stream(file, std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(offset));
    std::string piece(kPiece, '\0');
    ProgressMeter meter(terminal);
    while (offset < length) {
        stream.read(piece.data(), static_cast<std::streamsize>(kPiece));
        auto const count = static_cast<std::size_t>(stream.gcount());
        if (count == 0) return fail(Errc::wrong_usage, "'" + file.string() + "' has become shorter: publish it again");
        auto const sent = remote.send(http::Method::post, fmt::format("{}&offset={}", path, offset),
                                      piece.substr(0, count), kPatience);
        if (!sent) return pass_on(sent);
        offset += count;
        meter.tell("uploading", offset, length);
    }
    return {};
}

Status send_payload(Remote& remote, PublishOptions const& options, v1::PublishRelease& message, Terminal& terminal) {
    auto const go_on = [](std::uint64_t, std::uint64_t) { return true; };
    ScratchFolder const scratch;
    auto file = options.source;
    std::error_code wrong;
    if (fs::is_directory(file, wrong)) {
        if (message.type().empty()) message.set_type("tree");
        file = scratch.path() / "package.tar.zst";
        auto const packed = package::pack(options.source, file, go_on);
        if (!packed) return pass_on(packed, "'" + options.source.string() + "' cannot be published");
    }
    auto const length = fs::file_size(file, wrong);
    if (wrong) return fail(Errc::wrong_usage, "'" + file.string() + "' cannot be read: " + wrong.message());
    auto const digest = package::digest_file(file, go_on);
    if (!digest) return pass_on(digest);
    message.set_upload(digest->to_hex());
    message.set_length(length);
    // A release is for the machine it was built on, not for the seeder's.
    message.set_platform(options.platform.value_or(release::Platform::here().text()));
    return upload(remote, file, message.upload(), length, terminal);
}

// The keys are the seeder's, and lie there.
template <class Command>
bool names_passphrase_file(Invocation const& invocation) {
    auto const* command = std::get_if<Command>(&invocation.command);
    return command && command->passphrase_file;
}

Result<v1::AdminRequest> request_of(Invocation const& invocation) {
    if (names_passphrase_file<PublishOptions>(invocation) || names_passphrase_file<WithdrawOptions>(invocation)) {
        return fail(
            Errc::wrong_usage,
            "--passphrase-file: the keys are the seeder's, and one under a passphrase is opened beside its state "
            "directory only; leave the option out with --remote");
    }
    v1::AdminRequest request;
    if (auto const* order = std::get_if<v1::AdminRequest>(&invocation.command)) {
        request = *order;
    } else if (std::holds_alternative<StatusOptions>(invocation.command)) {
        request.mutable_status();
    } else if (auto const* list = std::get_if<ListOptions>(&invocation.command)) {
        request.mutable_list_releases()->set_app(list->app.value_or(""));
    } else if (auto const* show = std::get_if<ShowOptions>(&invocation.command)) {
        *request.mutable_show_release() = to_message(*show);
    } else if (auto const* withdraw = std::get_if<WithdrawOptions>(&invocation.command)) {
        *request.mutable_withdraw_release() = to_message(*withdraw);
    } else if (auto const* publish = std::get_if<PublishOptions>(&invocation.command)) {
        *request.mutable_publish() = to_message(*publish);
    } else {
        return fail(Errc::wrong_usage, "this command works beside the state directory only: leave --remote out");
    }
    request.set_json(invocation.json);
    return request;
}

}  // namespace

Result<int> run_remote(Invocation const& invocation, Terminal& terminal) {
    auto request = request_of(invocation);
    if (!request) return pass_on(request);
    asio::io_context io;
    auto remote = Remote::open(io, invocation);
    if (!remote) return pass_on(remote);
    if (auto const* publish = std::get_if<PublishOptions>(&invocation.command)) {
        auto const sent = send_payload(*remote, *publish, *request->mutable_publish(), terminal);
        if (!sent) return pass_on(sent);
    }
    bool const changes_something = !order_in_words(*request).empty();
    auto const answer = remote->send(http::Method::post, "/v1/admin/command", request->SerializeAsString(), kLongest,
                                     changes_something);
    if (!answer && answer.error().code == http::Errc::no_answer) {
        return pass_on(answer,
                       "it is not known whether the order was carried out, see `lanyard-seeder release list` and "
                       "`audit` before it is given again");
    }
    if (!answer) return pass_on(answer);
    v1::AdminResponse response;
    if (!response.ParseFromString(*answer)) {
        return fail(Errc::wrong_usage, "the answer cannot be read: is the other side a newer seeder?");
    }
    terminal.out << response.out();
    if (response.exit_code() != 0) {
        terminal.err << "lanyard-seeder: " << response.err() << std::endl;
    } else {
        terminal.err << response.err();
    }
    return static_cast<int>(response.exit_code());
}

}  // namespace lanyard::console
