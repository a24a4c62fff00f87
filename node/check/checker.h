#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "manifests/trust/trusted_set.h"
#include "node/check/judge.h"
#include "node/check/refresher.h"
#include "node/check/seeder_client.h"
#include "proto/async/asio.h"
#include "proto/async/bell.h"
#include "proto/events/events.h"
#include "proto/outcome/result.h"

namespace lanyard::check {

// What one check found for one application.
struct Finding {
    ManagedApp app;
    std::optional<Offer> offer;
    std::optional<release::Target> running;
    std::optional<release::Target> target;  // what the manifest holds, taken or not
    std::string held_back;                  // why there is a target and no offer
};

// An application whose target could not be had, or not be believed.
struct Refusal {
    release::AppId app;
    Error why;
};

struct CheckOutcome {
    bool held = false;              // the seeder kept the question for the whole time
    bool changed = false;           // the catalogue differs from the one seen before: findings are complete
    std::vector<Finding> findings;  // one an application that has something on offer
    std::vector<Refusal> refused;   // harms no other application: each may be another department's

    bool is_refused(release::AppId const& app) const {
        return std::any_of(refused.begin(), refused.end(), [&app](Refusal const& one) { return one.app == app; });
    }
};

// Who this node is.
struct Identity {
    std::string id;    // 32 hex digits
    std::string name;  // for people
    Machine machine;
};

// Asks the seeder, believes the manifest.
class Checker {
public:
    virtual ~Checker() = default;
    // `wait`: how long the seeder may hold the question until something changes; 0: answer at once.
    virtual asio::awaitable<Result<CheckOutcome>> check(std::chrono::seconds wait) = 0;
    // What runs here has changed: the next answer is complete, whether the catalogue has changed or not.
    virtual void look_again() = 0;
    virtual std::optional<std::chrono::seconds> retry_after() const = 0;
    virtual void cancel() = 0;
};

class SeederChecker final : public Checker {
public:
    using Clock = std::function<trust::TimePoint()>;

    SeederChecker(asio::io_context& io, SeederClient& seeder, Refresher& refresher, Installations& installations,
                  Identity identity, std::vector<ManagedApp> apps, Clock clock);

    asio::awaitable<Result<CheckOutcome>> check(std::chrono::seconds wait) override;
    void look_again() override { refreshed_ = {}; }
    std::optional<std::chrono::seconds> retry_after() const override { return seeder_.retry_after(); }
    void cancel() override { seeder_.cancel(); }

private:
    // One at a time.
    asio::awaitable<Result<CheckOutcome>> look(v1::CheckResponse answer, trust::TimePoint now);
    asio::awaitable<Result<CheckOutcome>> refresh_and_find(v1::CheckResponse answer, trust::TimePoint now);
    Result<v1::CheckRequest> question(std::chrono::seconds wait);
    Result<Finding> judged(release::Target const& target, ManagedApp const& app);

    SeederClient& seeder_;
    Refresher& refresher_;
    Installations& installations_;
    Identity identity_;
    std::vector<ManagedApp> apps_;
    Clock clock_;
    async::Bell refreshed_bell_;
    bool refreshing_ = false;
    std::uint64_t revision_ = 0;
    trust::TimePoint refreshed_{};
};

}  // namespace lanyard::check
