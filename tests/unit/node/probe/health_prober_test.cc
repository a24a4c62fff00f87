#include "node/probe/health_prober.h"

#include <gtest/gtest.h>

#include <deque>

#include "node/probe/errc.h"
#include "tests/support/fake_processes.h"
#include "tests/support/fake_time.h"
#include "tests/support/loop.h"
#include "tests/support/sample_target.h"

namespace lanyard::probe {
namespace {

using namespace std::chrono_literals;

Status const kHealthy;
Status const kRefused = fail(Errc::no_answer, "refused");

// Plays back what it sees, and goes on seeing the last of it.
class FakeReach final : public Reach {
public:
    std::deque<Status> seen{kHealthy};
    std::vector<std::string> asked;
    std::vector<std::chrono::milliseconds> limits;

    asio::awaitable<Status> tcp(std::uint16_t port, std::chrono::milliseconds limit) override {
        co_return look("tcp " + std::to_string(port), limit);
    }
    asio::awaitable<Status> http(std::string url, std::chrono::milliseconds limit) override {
        co_return look(url, limit);
    }

    void cancel() override { cancelled = true; }
    bool cancelled = false;

private:
    Status look(std::string what, std::chrono::milliseconds limit) {
        asked.push_back(std::move(what));
        limits.push_back(limit);
        auto const now = seen.front();
        if (seen.size() > 1) seen.pop_front();
        return now;
    }
};

class HealthProberTest : public testing::Test {
protected:
    HealthProberTest() {
        install.set_start("./start");
        install.set_start_seconds(10);
        install.mutable_health()->set_probation_seconds(3);
    }

    Status probe() {
        drain::AppRelease const release{support::sample_target(message), "/srv/demo/current"};
        return support::run(prober.probe(release));
    }
    std::string problem() {
        auto const probed = probe();
        if (probed) return "";
        EXPECT_EQ(probed.error().code, Errc::unhealthy);
        return probed.error().detail;
    }

    v1::Target message = support::sample_message("demo", "2.0.0", 2);
    v1::InstallPolicy& install = *message.mutable_install();
    support::FakeTime time;
    support::FakeRunner runner;
    support::FakePorts ports;
    FakeReach reach;
    HealthProber prober{reach, runner, ports, time, time.steady_clock()};
};

TEST_F(HealthProberTest, HasNothingToLookAtWithoutACheckAndWithoutPorts) {
    EXPECT_TRUE(probe());
    EXPECT_EQ(time.passed, 0s);
}

TEST_F(HealthProberTest, LooksEverySecondThroughTheProbation) {
    install.mutable_health()->set_tcp_port(80);
    EXPECT_TRUE(probe());
    EXPECT_EQ(time.passed, 3s);
    EXPECT_EQ(reach.asked, (std::vector<std::string>(4, "tcp 80")));
}

TEST_F(HealthProberTest, LooksEveryHalfSecondUntilTheReleaseIsHealthy) {
    install.mutable_health()->set_http_url("http://localhost:80/ready");
    reach.seen = {kRefused, kRefused, kHealthy};
    EXPECT_TRUE(probe());
    EXPECT_EQ(time.slept, (std::vector<std::chrono::milliseconds>{500ms, 500ms, 1s, 1s, 1s}));
    EXPECT_EQ(reach.asked.front(), "http://localhost:80/ready");
}

TEST_F(HealthProberTest, GivesUpAtTheStartDeadlineAndSaysWhatItSawLast) {
    install.mutable_health()->set_tcp_port(80);
    reach.seen = {kRefused};
    EXPECT_EQ(problem(), "demo 2.0.0 was not healthy within 10 s of its start: refused");
    EXPECT_EQ(time.passed, 10s);
}

TEST_F(HealthProberTest, LooksOnceMoreAtOnceWhenAReleaseInProbationFails) {
    install.mutable_health()->set_tcp_port(80);
    reach.seen = {kHealthy, kRefused, kHealthy};
    EXPECT_TRUE(probe());
    EXPECT_EQ(time.passed, 3s);
    EXPECT_EQ(reach.asked.size(), 5u);
}

TEST_F(HealthProberTest, FailsAReleaseInProbationThatFailsTwice) {
    install.mutable_health()->set_tcp_port(80);
    reach.seen = {kHealthy, kHealthy, kRefused, kRefused, kHealthy};
    EXPECT_EQ(problem(), "demo 2.0.0 was healthy at first, but not 2 s into its probation: refused");
}

TEST_F(HealthProberTest, WaitsForEveryDeclaredPortBeforeItAsksForHealth) {
    install.add_ports(80);
    install.add_ports(443);
    install.mutable_health()->set_tcp_port(80);
    time.on_sleep = [this] {
        if (time.slept.size() == 1) ports.open.insert(80);
        if (time.slept.size() != 2) return;
        EXPECT_TRUE(reach.asked.empty());
        ports.open.insert(443);
    };
    EXPECT_TRUE(probe());
    EXPECT_EQ(time.passed, 200ms + 3s);
}

TEST_F(HealthProberTest, NamesThePortsThatAreMissing) {
    install.add_ports(80);
    install.add_ports(443);
    EXPECT_EQ(problem(), "demo 2.0.0 was not healthy within 10 s of its start: ports 80, 443 are not open");
    ports.open = {443};
    EXPECT_EQ(problem(), "demo 2.0.0 was not healthy within 10 s of its start: port 80 is not open");
}

TEST_F(HealthProberTest, NoticesAPortThatClosesInTheProbation) {
    install.add_ports(80);
    ports.open = {80};
    time.on_sleep = [this] {
        if (time.slept.size() == 3) ports.open.clear();
    };
    EXPECT_EQ(problem(), "demo 2.0.0 was healthy at first, but not 3 s into its probation: port 80 is not open");
}

TEST_F(HealthProberTest, RunsTheHealthCommandInTheRelease) {
    install.mutable_health()->set_command("./healthy");
    EXPECT_TRUE(probe());
    ASSERT_EQ(runner.commands.size(), 4u);
    EXPECT_EQ(runner.commands[0].line, "./healthy");
    EXPECT_EQ(runner.commands[0].directory, "/srv/demo/current");
    EXPECT_EQ(runner.commands[0].environment.at("LANYARD_VERSION"), "2.0.0");
}

TEST_F(HealthProberTest, SaysWhatTheHealthCommandWrote) {
    install.mutable_health()->set_command("./healthy");
    runner.scripts["./healthy"] = [] { return drain::Ending{.exit_code = 1, .output = "no database\n"}; };
    EXPECT_EQ(
        problem(),
        "demo 2.0.0 was not healthy within 10 s of its start: the health command ended with exit code 1: no database");
}

TEST_F(HealthProberTest, GivesUpInTheMiddleOfAStartOrOfAProbation) {
    install.mutable_health()->set_tcp_port(80);
    install.mutable_health()->set_probation_seconds(600);
    for (auto const& first : {kRefused, kHealthy}) {
        HealthProber stopped(reach, runner, ports, time, time.steady_clock());
        reach.seen = {first};
        auto const begin = time.passed;
        time.on_sleep = [&] {
            if (time.passed - begin >= 5s) stopped.give_up();
        };
        drain::AppRelease const release{support::sample_target(message), "/srv/demo/current"};
        auto const probed = support::run(stopped.probe(release));
        ASSERT_FALSE(probed);
        EXPECT_EQ(probed.error().code, Errc::given_up);
        EXPECT_LE(time.passed - begin, 6s);
        EXPECT_TRUE(reach.cancelled);
        EXPECT_EQ(time.wakes, first ? 2 : 1);
    }
}

TEST_F(HealthProberTest, EndsTheTrialThatIsCalledOffAndNotTheNextOne) {
    install.mutable_health()->set_tcp_port(8080);
    install.mutable_health()->set_probation_seconds(60);
    bool once = false;
    time.on_sleep = [&] {
        if (!std::exchange(once, true)) prober.call_off();
    };
    auto const probed = probe();
    ASSERT_FALSE(probed);
    EXPECT_EQ(probed.error().code, Errc::called_off);
    EXPECT_LE(time.passed, 5s);
    EXPECT_TRUE(reach.cancelled);
    EXPECT_EQ(time.wakes, 1);
    EXPECT_TRUE(probe());
}

TEST_F(HealthProberTest, GivesOneLookTenSecondsAndNoMoreThanIsLeftOfTheStart) {
    install.set_start_seconds(12);
    install.mutable_health()->set_command("./healthy");
    runner.scripts["./healthy"] = [this] {
        time.passed += runner.deadlines.back();
        return drain::Ending{.timed_out = true};
    };
    EXPECT_NE(problem().find("did not end within"), std::string::npos);
    EXPECT_EQ(runner.deadlines, (std::vector<std::chrono::milliseconds>{10s, 1500ms}));
}

}  // namespace
}  // namespace lanyard::probe
