#include "node/join.h"

#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <optional>
#include <vector>

#include "manifests/store/metadata_store.h"
#include "node/console/errc.h"
#include "node/console/join.h"
#include "node/enrol/errc.h"
#include "node/node.h"
#include "node/state.h"

namespace lanyard {
namespace {

using console::NodeConfig;
using console::Options;
using console::StateFiles;

// What is told is said to the person who waits here.
class NoEvents final : public events::Events {
public:
    void tell(events::Event const&) override {}
};

bool is_there(std::filesystem::path const& file) {
    std::error_code unreadable;
    return std::filesystem::exists(file, unreadable);
}

Status refuse_joined(StateFiles const& files) {
    if (!is_there(files.config())) return {};
    return fail(console::Errc::joined_already, files.config().string() +
                                                   " is there already: this node has joined; name another state "
                                                   "directory with --state, or remove this one");
}

// A join that was interrupted has left a key, which the seeder may know already.
Result<enrol::Passport> find_passport(StateFiles const& files) {
    auto left = enrol::Passport::load(files.root, platform::write_file);
    if (!left) return pass_on(left);
    if (*left) return std::move(**left);
    return enrol::Passport::fresh(files.root, platform::write_file);
}

// One join, from the options to the files.
class Joining {
public:
    Joining(Options const& options, NodeConfig const& config, console::JoinTerms const& terms, Setup const& setup,
            enrol::Passport& passport)
        : options_(options),
          config_(config),
          terms_(terms),
          files_(options.state),
          passport_(passport),
          local_address_(source_address(config, setup.seeder)),
          registrar_(io_, setup.seeder, terms.ca_digest.to_raw(), local_address_),
          seeder_(io_, setup.seeder, local_address_, {}, trusting(terms)),
          enrolment_(passport, registrar_, config.name, alarm_, events_, utc_now, [] {}) {}

    Status run() {
        auto const root = fetch_root();
        if (!root) return pass_on(root);
        if (auto const made = platform::prepare_directory(options_.state); !made) return made;
        bool const lock_was_there = is_there(files_.lock());
        auto const lock = lock_state(files_);
        if (!lock) return pass_on(lock);
        // Since they were read, another join may have begun or ended here.
        if (auto const free = refuse_joined(files_); !free) return free;
        if (auto const ours = refuse_another_key(); !ours) return ours;
        if (!is_there(files_.key())) made_.push_back(files_.key());
        if (!lock_was_there) made_.push_back(files_.lock());
        // Before it is used: should this process die now, the next one goes on with this key.
        if (auto const saved = passport_.save_key(); !saved) return saved;
        auto const asked = ask();
        bool const pending = !asked && asked.error().code == enrol::Errc::pending;
        if (!asked && !pending) {
            if (asked.error().code == enrol::Errc::refused) tidy_up();
            return asked;
        }
        if (auto const written = write(*root); !written) return written;
        if (pending && !options_.no_wait) wait(asked.error().detail);
        if (pending && options_.no_wait) fmt::print(stderr, "lanyard-node: {}\n", asked.error().detail);
        console::report_joined(options_, config_, passport_.certificate().has_value());
        return {};
    }

private:
    static http::ClientTls trusting(console::JoinTerms const& terms) {
        http::ClientTls tls;
        tls.ca_sha256 = terms.ca_digest.to_raw();
        return tls;
    }

    Result<std::string> fetch_root() {
        Result<std::string> root;
        auto fetching = console::keep_answer(console::fetch_first_root(seeder_, config_, utc_now()), root);
        asio::co_spawn(io_, std::move(fetching), asio::detached);
        io_.run();
        io_.restart();
        return root;
    }

    Status ask() {
        Status asked;
        auto asking = console::keep_answer(enrolment_.ask(terms_.token_secret), asked);
        asio::co_spawn(io_, std::move(asking), asio::detached);
        io_.run();
        io_.restart();
        return asked;
    }

    Status write(std::string const& root) {
        auto database = open_database(files_);
        if (!database) return pass_on(database);
        auto const stored = store::MetadataStore(*database).put_root(1, root);
        if (!stored) return stored;
        // Last: with it the node has joined.
        return platform::write_file(files_.config(), config_.to_toml());
    }

    Status refuse_another_key() const {
        auto const there = enrol::Passport::load(files_.root, platform::write_file);
        if (!there) return pass_on(there);
        if (!*there || (*there)->node_id() == passport_.node_id()) return {};
        return fail(console::Errc::already_running,
                    "another join has begun in " + files_.root.string() +
                        " at the same time: run this one again to go on with its key, or name another --state");
    }

    // What another join has left is not ours to remove.
    void tidy_up() const {
        std::error_code ignored;
        for (auto const& file : made_) std::filesystem::remove(file, ignored);
    }

    void wait(std::string const& why) {
        // Before the words that invite to it.
        asio::signal_set signals(io_, SIGINT, SIGTERM);
        signals.async_wait([this](boost::system::error_code const& cancelled, int) {
            if (!cancelled) enrolment_.stop();
        });
        fmt::print(stderr, "lanyard-node: {}. Ctrl-C ends this waiting only: lanyard-node run goes on with it.\n", why);
        auto const told = [](Error const*) {
            std::fputc('.', stderr);
            std::fflush(stderr);
        };
        asio::co_spawn(io_, enrolment_.until_accepted(told), [&signals](std::exception_ptr) { signals.cancel(); });
        io_.run();
        std::fputc('\n', stderr);
    }

    Options const& options_;
    NodeConfig const& config_;
    console::JoinTerms const& terms_;
    StateFiles files_;
    std::vector<std::filesystem::path> made_;  // by this process, and nobody else
    enrol::Passport& passport_;
    std::optional<std::string> local_address_;
    NoEvents events_;
    asio::io_context io_{1};
    async::SteadyAlarm alarm_{io_};
    enrol::SeederRegistrar registrar_;
    check::SeederClient seeder_;
    enrol::Enrolment enrolment_;
};

Status join_as(Options const& options) {
    StateFiles const files(options.state);
    if (auto const free = refuse_joined(files); !free) return free;
    auto const terms = console::terms_from(options);
    if (!terms) return pass_on(terms);
    auto passport = find_passport(files);
    if (!passport) return pass_on(passport);
    auto const config = console::config_from(options, *terms, passport->node_id(), platform::host_name());
    if (!config) return pass_on(config);
    auto const setup = Setup::of(*config);
    if (!setup) return pass_on(setup);
    return Joining(options, *config, *terms, *setup, *passport).run();
}

}  // namespace

int join(Options const& options) {
    auto const joined = join_as(options);
    return joined ? 0 : console::complain(joined.error());
}

}  // namespace lanyard
