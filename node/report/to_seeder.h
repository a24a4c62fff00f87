#pragma once

#include "node/check/seeder_client.h"
#include "node/journal/records.h"
#include "node/report/outbox_loop.h"
#include "proto/http/errc.h"

namespace lanyard::report {

class JournalOutbox final : public Outbox {
public:
    explicit JournalOutbox(journal::Records& records) : records_(records) {}
    Result<std::optional<v1::Report>> oldest() override { return records_.outbox_next(); }
    Status done(std::string const& attempt_id) override { return records_.outbox_done(attempt_id); }

private:
    journal::Records& records_;
};

// Puts into each report who this node is and sends it to the seeder.
class SeederRecipient final : public Recipient {
public:
    SeederRecipient(check::SeederClient& seeder, std::string node_id, std::string node_name)
        : seeder_(seeder), node_id_(std::move(node_id)), node_name_(std::move(node_name)) {}

    asio::awaitable<Result<Answer>> deliver(v1::Report report) override {
        report.set_node_id(node_id_);
        report.set_node_name(node_name_);
        auto const sent = co_await seeder_.report(std::move(report));
        if (sent) co_return Answer::taken;
        if (sent.error().code == http::Errc::refused) co_return Answer::refused;
        co_return pass_on(sent);
    }

private:
    check::SeederClient& seeder_;
    std::string node_id_;
    std::string node_name_;
};

}  // namespace lanyard::report
