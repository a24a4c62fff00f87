#pragma once

#include "node/check/seeder_client.h"
#include "node/journal/records.h"
#include "node/report/outbox_loop.h"
#include "proto/http/errc.h"
#include "proto/identity/key.h"

namespace lanyard::report {

class JournalOutbox final : public Outbox {
public:
    explicit JournalOutbox(journal::Records& records) : records_(records) {}
    Result<std::optional<v1::Report>> oldest() override { return records_.outbox_next(); }
    Status done(std::string const& attempt_id) override { return records_.outbox_done(attempt_id); }

private:
    journal::Records& records_;
};

// Puts into each report who this node is, signs it and sends it to the seeder.
class SeederRecipient final : public Recipient {
public:
    SeederRecipient(check::SeederClient& seeder, identity::Key const& key, std::string node_id, std::string node_name)
        : seeder_(seeder), key_(key), node_id_(std::move(node_id)), node_name_(std::move(node_name)) {}

    asio::awaitable<Result<Answer>> deliver(v1::Report report) override {
        report.set_node_id(node_id_);
        report.set_node_name(node_name_);
        v1::SignedReport message;
        message.set_report(report.SerializeAsString());
        auto signature = key_.sign(identity::Purpose::report, message.report());
        if (!signature) co_return pass_on(signature);
        message.set_signature(std::move(*signature));
        auto const sent = co_await seeder_.report(std::move(message));
        if (sent) co_return Answer::taken;
        if (sent.error().code == http::Errc::refused) co_return Answer::refused;
        co_return pass_on(sent);
    }

private:
    check::SeederClient& seeder_;
    identity::Key const& key_;
    std::string node_id_;
    std::string node_name_;
};

}  // namespace lanyard::report
