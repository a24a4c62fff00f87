#include "node/policy_trial.h"

#include "node/console/commands.h"
#include "node/console/errc.h"
#include "node/console/policy_config.h"
#include "node/console/policy_test_file.h"
#include "node/console/why.h"
#include "node/gate/sqlite_memory.h"
#include "node/gate/wait.h"
#include "node/platform/linux_busy_lock.h"
#include "node/platform/linux_senses.h"
#include "node/state.h"
#include "proto/async/disk_pool.h"

namespace lanyard {
namespace {

using console::NodeConfig;
using console::Options;
using console::StateFiles;

int show(Options const& options, v1::AppWhy const& why) {
    v1::LocalResponse response;
    response.mutable_why()->set_schema(1);
    *response.mutable_why()->add_apps() = why;
    return console::show(options, response);
}

gate::Readings look(gate::Wanted const& wanted) {
    asio::io_context io(1);
    async::DiskPool pool(1);
    platform::LinuxBusyLock lock;
    platform::LinuxSenses senses(pool, lock);
    gate::Readings readings;
    auto reading = console::keep_answer(senses.read(wanted), readings);
    asio::co_spawn(io, std::move(reading), asio::detached);
    io.run();
    return readings;
}

// What is on offer is not known here, only what was noted when the node last heard of it; one look knows of no quiet
// stretch.
Result<v1::AppWhy> explain(console::AppConfig const& entry, gate::Rules const& rules, journal::Records& records,
                           gate::Memory& memory) {
    auto const& name = entry.app.name;
    auto const& policy = rules.of(name);
    auto const installed = records.installed(name);
    if (!installed) return pass_on(installed);
    auto const wait = memory.wait(name);
    if (!wait) return pass_on(wait);
    gate::Explanation explanation;
    auto& facts = explanation.facts;
    facts.running = installed->current.has_value();
    // Nothing waits: as if a release were heard of at this moment.
    auto const hypothetical = gate::noticed(*wait, facts.urgency, "the next one", wait->running, utc_now());
    facts.wait = wait->package.empty() ? hypothetical : *wait;
    auto const ports = facts.running ? installed->current->install.ports : std::vector<std::uint16_t>();
    facts.readings = look(gate::wanted_of(policy, facts.urgency, entry.app.home, ports));
    explanation.at = utc_now();
    gate::pick_slot(memory, rules, name, explanation.at, facts);
    explanation.decision = gate::decide(policy, facts, explanation.at);
    v1::AppWhy why;
    why.set_app(name.text());
    if (facts.running) why.set_version(installed->current->version.text());
    console::describe(explanation, policy, why);
    why.clear_next_look();
    return why;
}

Result<gate::Policy> policy_for(Options const& options) {
    auto const config = NodeConfig::load(StateFiles(options.state).config());
    if (!config) return pass_on(config);
    auto const apps = console::apps_named(*config, options.app);
    if (!apps) return pass_on(apps);
    if (apps->size() != 1) {
        return fail(console::Errc::wrong_usage, "this node cares for several applications, or none: name one");
    }
    auto const rules = console::rules_of(*config);
    if (!rules) return pass_on(rules);
    return rules->of(apps->front().app.name);
}

}  // namespace

int policy_explain(Options const& options, NodeConfig const& config) {
    auto const apps = console::apps_named(config, options.app);
    if (!apps) return console::complain(apps.error());
    auto const rules = console::rules_of(config);
    if (!rules) return console::complain(rules.error());
    auto database = open_database(StateFiles(options.state));
    if (!database) return console::complain(database.error());
    journal::Records records(*database, std::chrono::system_clock::now);
    gate::SqliteMemory memory(*database);
    v1::LocalResponse response;
    response.mutable_why()->set_schema(1);
    for (auto const& entry : *apps) {
        auto const why = explain(entry, *rules, records, memory);
        if (!why) return console::complain(why.error());
        *response.mutable_why()->add_apps() = *why;
    }
    return console::show(options, response);
}

int policy_test(Options const& options) {
    auto const text = console::read_policy_case(options.facts);
    if (!text) return console::complain(text.error());
    auto const here = gate::Zone::here();
    auto zone = here ? *here : gate::Zone::utc();
    // The policy's own zone decides how times are read; which policy it is, the file may say.
    auto const first = console::parse_policy_case(*text, options.facts, utc_now(), zone);
    if (!first) return console::complain(first.error());
    auto const policy = first->policy ? Result<gate::Policy>(*first->policy) : policy_for(options);
    if (!policy) return console::complain(policy.error());
    auto const now =
        options.at.empty() ? Result<gate::TimePoint>(utc_now()) : gate::parse_time(options.at, policy->zone);
    if (!now) return console::complain(now.error());
    auto const made = console::parse_policy_case(*text, options.facts, *now, policy->zone);
    if (!made) return console::complain(made.error());
    gate::Explanation explanation{.facts = made->facts, .at = *now};
    explanation.decision = gate::decide(*policy, made->facts, *now);
    v1::AppWhy why;
    why.set_app(options.app.empty() ? "policy" : options.app);
    console::describe(explanation, *policy, why);
    why.clear_next_look();
    return show(options, why);
}

}  // namespace lanyard
