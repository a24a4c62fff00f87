#pragma once

#include <gtest/gtest.h>

#include <sstream>

#include "proto/identity/token.h"
#include "seeder/authority/members.h"
#include "seeder/console/fleet_ca.h"
#include "seeder/console/gatekeeper.h"
#include "seeder/console/orders.h"
#include "tests/support/loop.h"
#include "tests/support/recorded_events.h"
#include "tests/support/scratch.h"
#include "tests/support/test_fleet.h"

namespace lanyard::console {

inline constexpr trust::TimePoint kNow{std::chrono::seconds(1'800'000'000)};

// An initialised state directory, and a gatekeeper that runs on it.
class HouseTest : public testing::Test {
protected:
    HouseTest() {
        if (auto const begun = gatekeeper.begin(); !begun) throw std::runtime_error(begun.error().detail);
        asio::co_spawn(io, gatekeeper.run(), asio::detached);
    }
    ~HouseTest() override {
        gatekeeper.stop();
        io.restart();
        io.run();
    }

    Status order(v1::AdminRequest const& request) {
        out.str("");
        return obey(
            dir, request, {"user root", "here"}, [this] { return now; }, terminal);
    }
    // The secret of a fresh token.
    std::string token_secret() {
        v1::AdminRequest request;
        request.set_json(true);
        request.mutable_new_token()->set_uses(100);
        request.mutable_new_token()->set_valid_seconds(3600);
        EXPECT_TRUE(order(request));
        auto const text = out.str();
        auto const at = text.find("\"token\":");
        auto const begin = text.find('"', at + 8) + 1;
        return identity::Token::parse(text.substr(begin, text.find('"', begin) - begin))->secret;
    }
    Result<v1::EnrollResponse> enroll(identity::Key const& key, std::string const& secret,
                                      std::string const& address = "10.0.0.7") {
        v1::EnrollRequest request;
        request.set_node_id(identity::node_id_of(key.public_key()));
        request.set_node_name("pc-1");
        request.set_public_key(key.public_key());
        request.set_token_secret(secret);
        v1::SignedEnrollRequest message;
        message.set_request(request.SerializeAsString());
        message.set_signature(*key.sign(identity::Purpose::enrolment, message.request()));
        return support::run_until(io, gatekeeper.enroll(std::move(message), address));
    }
    static http::Caller by_certificate(std::string const& common_name, std::string const& fingerprint = "x") {
        http::Caller caller;
        caller.way = http::Caller::Way::tls;
        caller.certificate = http::Certificate{"", common_name, fingerprint};
        return caller;
    }
    // Runs until the gatekeeper has looked at what another process has written.
    void let_it_look(std::function<bool()> const& seen) {
        io.restart();
        while (!seen()) io.run_one();
    }

    support::Scratch scratch;
    StateDir dir{scratch / "state"};
    std::ostringstream out;
    std::ostringstream err;
    Terminal terminal{out, err};
    trust::TimePoint now = kNow;

    struct Opened {
        explicit Opened(StateDir const& dir)
            : database(support::must(open_database(dir))), ca(support::must(open_ca(dir, kNow))) {}
        store::Database database;
        authority::CertificateAuthority ca;
    };
    StateDir const& initialised() {
        InitOptions options;
        options.url = "https://seeder:8430";
        options.listen = "0.0.0.0";
        options.port = 8430;
        options.swarm_port = 8431;
        options.expect_nodes = 50;
        auto const made = init(dir, options, false, kNow, terminal);
        if (!made) throw std::runtime_error(made.error().detail);
        return dir;
    }
    Opened opened{initialised()};
    asio::io_context io;
    async::DiskPool pool{2};
    support::RecordedEvents events;
    Gatekeeper gatekeeper{
        io, events, pool, opened.database, opened.ca, *http::Networks::parse({"10.9.0.0/16", "fd00::/8"}), [this] {
            return now;
        }};
};

}  // namespace lanyard::console
