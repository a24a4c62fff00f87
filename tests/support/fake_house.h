#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/apply/applier.h"
#include "node/apply/errc.h"
#include "node/drain/app_control.h"
#include "node/drain/errc.h"
#include "node/fetch/fetcher.h"
#include "node/gate/gate.h"
#include "node/journal/errc.h"
#include "node/journal/journal.h"
#include "node/probe/prober.h"
#include "node/stage/stager.h"

namespace lanyard::support {

// Thrown where the node is killed.
struct Killed {};

// All rooms of a walk in one, with one application on one imaginary disk. Each thing a room does is a step with a name
// ("fetch", "stop 1.0.0", "enter drain"). A step can be told to fail, or to be the last one before the node is killed;
// what is on the disk and what runs outlives that, and nothing that happens while the dead node is taken apart counts.
class FakeHouse final : public fetch::Fetcher,
                        public stage::Stager,
                        public gate::Gate,
                        public drain::AppControl,
                        public apply::Applier,
                        public probe::Prober,
                        public journal::Journal {
public:
    // The disk and the machine.
    std::optional<std::string> on_disk;  // the version that `current` names
    std::optional<std::string> runs;
    std::set<std::string> versions;  // in versions/
    bool fetched = false;
    bool staged = false;
    std::optional<journal::Attempt> under_way;
    std::optional<release::Target> kept;  // the previous release
    std::vector<v1::Report> reports;

    // What the test wants.
    std::set<std::string> failing;
    std::set<std::string> unhealthy;  // versions
    std::set<std::string> refusing;   // versions whose "switch to" fails because the installer refuses them
    std::function<void()> on_settle = [] {};
    std::function<void(std::string const&)> on_step = [](auto const&) {};
    std::vector<Status> unwilling;  // what it answers when it is asked to be stopped, one after the other
    std::function<void()> on_prepared = [] {};
    std::optional<std::size_t> killed_at;  // the step (counted from 0) that is not done any more
    bool gate_open = true;
    bool last_word = false;

    // What happened.
    std::vector<std::string> steps;
    std::vector<std::string> abandoned;
    std::vector<std::string> turned_away;
    std::vector<std::string> taken_back;
    std::vector<std::string> launched;
    std::vector<std::string> settled;
    std::vector<std::string> prepared;  // how the application was asked
    bool gate_stopped = false;
    bool hurried = false;
    bool given_up = false;
    bool called_off = false;
    bool dead = false;

    // The steps of the rooms alone, without the journal's.
    std::vector<std::string> walked() const {
        std::vector<std::string> rooms;
        for (auto const& one : steps) {
            bool const written =
                one.starts_with("enter ") || one == "begin" || one.ends_with("count_start") || one == "end";
            if (!written) rooms.push_back(one);
        }
        return rooms;
    }
    // The machine is the same, the node is started again.
    void restart() {
        dead = false;
        steps.clear();
        killed_at.reset();
        gate_stopped = hurried = given_up = false;
    }

    asio::awaitable<Result<fetch::FetchedPackage>> fetch(check::Offer const&) override {
        auto const done = step("fetch");
        if (!done) co_return pass_on(done);
        fetch::FetchedPackage package;
        if (!fetched) {
            v1::SourceBytes source;
            source.set_address("10.0.0.7");
            source.set_bytes(1000);
            package.sources.push_back(source);
        }
        fetched = true;
        co_return package;
    }
    std::optional<fetch::FetchProgress> progress(release::Digest const&) const override {
        fetch::FetchProgress progress;
        progress.bytes_done = 40;
        progress.bytes_total = 100;
        progress.bytes_per_second = 5;
        progress.trouble = "nothing comes";
        return progress;
    }
    void abandon(release::Target const& target) override { abandoned.push_back(target.sha256.to_hex()); }

    asio::awaitable<Result<stage::StagedRelease>> stage(check::Offer const& offer,
                                                        fetch::FetchedPackage const&) override {
        EXPECT_TRUE(fetched) << "staged before it was fetched";
        auto const done = step("stage");
        if (!done) co_return pass_on(done);
        staged = true;
        stage::StagedRelease release;
        release.directory = offer.home / "staging";
        co_return release;
    }
    void discard(check::Offer const&) override {
        if (!dead) staged = false;
    }

    asio::awaitable<std::optional<gate::Passage>> pass(check::Offer const&) override {
        auto const done = step("gate");
        std::optional<gate::Passage> passage;
        if (done && gate_open && !gate_stopped) passage = gate::Passage{{}, "it is midnight", last_word};
        co_return passage;
    }
    void discovered(check::Offer const&) override {}
    asio::awaitable<gate::Explanation> explain(check::Offer) override {
        gate::Explanation const nothing;
        co_return nothing;
    }
    void open_now(release::AppId const&) override {}
    void take_back(release::AppId const& app) override { taken_back.push_back(app.text()); }
    void turn_away(release::AppId const& app) override { turned_away.push_back(app.text()); }
    std::vector<std::string> why(release::AppId const&) const override { return {"it is noon"}; }
    void stop() override { gate_stopped = true; }

    asio::awaitable<Status> prepare(drain::AppRelease, release::Target, bool the_last_word) override {
        if (dead) throw Killed();
        prepared.push_back(the_last_word ? "last word" : "question");
        auto const answer = unwilling.empty() ? Status() : unwilling.front();
        if (!unwilling.empty()) unwilling.erase(unwilling.begin());
        if (answer) on_prepared();
        co_return answer;
    }
    void settle(drain::AppRelease const& release) override {
        if (!dead) settled.push_back(release.target.version.text());
    }
    asio::awaitable<Status> stop(drain::AppRelease const& release) override {
        auto const done = step("stop " + release.target.version.text());
        if (done) runs.reset();
        co_return done;
    }
    // A stop that failed goes on: what runs is gone in the end, unless this step fails.
    asio::awaitable<Status> wait_for_stop(drain::AppRelease const& release) override {
        auto const done = step("wait for stop " + release.target.version.text());
        if (!done) co_return fail(drain::Errc::still_listening, "port 8080 did not close");
        runs.reset();
        co_return done;
    }
    asio::awaitable<Status> start(drain::AppRelease const& release) override {
        auto const done = step("start " + release.target.version.text());
        if (done) begin_to_run(release);
        co_return done;
    }
    void hurry() override { hurried = true; }  // of the application and of the installers
    void launch(drain::AppRelease const& release) noexcept override {
        if (dead) return;
        launched.push_back(release.target.version.text());
        begin_to_run(release);
    }

    // No steps: they change nothing here.
    asio::awaitable<Status> rehearse(check::Offer const&, stage::StagedRelease const&) override {
        if (failing.contains("rehearse")) co_return failure("rehearse");
        co_return Status();
    }
    asio::awaitable<Status> settle(check::Offer const&) override {
        on_settle();
        if (failing.contains("settle")) co_return failure("settle");
        co_return Status();
    }
    asio::awaitable<Status> switch_to(check::Offer const& offer, stage::StagedRelease const&) override {
        auto const& version = offer.target.version.text();
        if (on_disk != version) {
            EXPECT_TRUE(staged) << "switched to what was not staged";
        }
        auto const done = step("switch to " + version);
        if (!done && refusing.contains(version)) {
            co_return fail(apply::Errc::refused_by_installer, "the script of " + version + " failed");
        }
        if (!done && hurried) co_return fail(apply::Errc::under_way, "the installer goes on by itself");
        if (!done) co_return done;
        versions.insert(version);
        staged = false;
        on_disk = version;
        co_return Status();
    }
    asio::awaitable<Status> switch_back(check::Offer const& offer) override {
        auto const done = step("switch back");
        if (!done) co_return done;
        on_disk.reset();
        if (offer.running) on_disk = offer.running->version.text();
        EXPECT_TRUE(!on_disk || versions.contains(*on_disk)) << "switched back to what is not there";
        co_return Status();
    }
    Result<std::optional<std::string>> current(std::filesystem::path const&) const override {
        if (failing.contains("current")) return failure("current");
        return on_disk;
    }
    asio::awaitable<void> keep_only(std::filesystem::path, std::string one, std::string other) override {
        if (dead) throw Killed();
        std::erase_if(versions, [&](auto const& version) { return version != one && version != other; });
        co_return;
    }

    asio::awaitable<Status> probe(drain::AppRelease const& release) override {
        auto const& version = release.target.version.text();
        called_off = false;
        auto const done = step("probe " + version);
        if (!done) co_return done;
        if (called_off) co_return failure("to go on with " + version);
        if (given_up) co_return failure("to wait for " + version);
        if (unhealthy.contains(version) || runs != version) co_return failure("healthy " + version);
        co_return Status();
    }

    void give_up() override { given_up = true; }
    void call_off() override { called_off = true; }

    Result<journal::Attempt> begin(check::Offer const& offer, journal::Phase first) override {
        auto const done = step("begin");
        if (!done) return pass_on(done);
        if (under_way) return fail(journal::Errc::under_way, "an attempt is under way");
        under_way = journal::Attempt{.id = "1f", .offer = offer, .phase = first};
        return *under_way;
    }
    Status enter(journal::Attempt& attempt, journal::Phase phase) override {
        auto const done = step(std::string("enter ") + journal::text(phase));
        if (!done) return done;
        attempt.phase = phase;
        if (phase == journal::Phase::drain) ++attempt.drains;
        under_way = attempt;
        return {};
    }
    Status count_start(journal::Attempt& attempt) override {
        auto const done = step("count_start");
        if (!done) return done;
        ++attempt.starts;
        under_way->starts = attempt.starts;
        return {};
    }
    Status discount_start(journal::Attempt& attempt) override {
        auto const done = step("discount_start");
        if (!done) return done;
        --attempt.starts;
        under_way->starts = attempt.starts;
        return {};
    }
    Status end(journal::Attempt const&, v1::Report report) override {
        auto const done = step("end");
        if (!done) return done;
        EXPECT_TRUE(under_way) << "ended twice";
        under_way.reset();
        reports.push_back(std::move(report));
        return {};
    }
    Result<std::vector<journal::Attempt>> unfinished() override {
        std::vector<journal::Attempt> all;
        if (under_way) all.push_back(*under_way);
        return all;
    }
    Result<std::optional<release::Target>> previous(release::AppId const&) override { return kept; }

private:
    static tl::unexpected<Error> failure(std::string const& what) {
        return fail(std::make_error_code(std::errc::operation_not_permitted), what + " does not work today");
    }

    Status step(std::string const& name) {
        if (dead) throw Killed();
        if (killed_at == steps.size()) {
            dead = true;
            throw Killed();
        }
        steps.push_back(name);
        on_step(name);
        if (failing.contains(name)) return failure(name);
        return {};
    }

    // As a start command does that finds its program in `current`.
    void begin_to_run(drain::AppRelease const& release) {
        if (runs) return;
        EXPECT_EQ(on_disk, release.target.version.text()) << "started what is not current";
        runs = on_disk;
    }
};

}  // namespace lanyard::support
