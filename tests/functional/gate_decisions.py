"""What people and the policy decide about an update: why, postpone, hold, --tonight, --dry-run, policy test."""
import fcntl
import os
import socket
import stat
import time

import pytest

from harness import howto, logind, messages, payloads, programs

WhyResult = messages.status_pb2.WhyResult


def append_policy(node, text):
    """To the one application of this node."""
    file = node.state / "node.toml"
    file.write_text(file.read_text() + "[app.policy]\n" + text)


@pytest.fixture
def office(seeder, make_node, release, free_port):
    """A function: a node that runs version 1 with this policy, and a function that publishes version 2."""
    service = payloads.service(free_port)

    def make(policy="", environment=None):
        seeder.publish(release("1.0.0"), "demo", "1.0.0", *service)
        node = make_node(seeder, "node")
        answer = node.call("update", "--now")
        assert answer.code == 0, answer
        if policy:
            append_policy(node, policy)
        node.run(environment=environment)

        def publish_second(*options):
            seeder.publish(release("2.0.0"), "demo", "2.0.0", *service, *options)
            return node.daemon

        return node, publish_second

    return make


@pytest.fixture
def stand_in():
    stand_in = logind.Logind()
    yield stand_in
    stand_in.stop()


def why(node):
    return node.call("why", "--json").json(WhyResult).apps[0]


def standing(app, name):
    return next(check for check in app.checks if check.name == name)


def test_a_hold_keeps_an_update_away_until_unhold(office):
    node, publish_second = office()
    assert node.call("hold", "--for", "2d").code == 0
    publish_second().wait("gate.waiting", "an operator holds updates back")
    app = why(node)
    assert (app.state, app.to_version) == ("waiting", "2.0.0")
    assert standing(app, "hold").mend == "lanyard-node unhold"
    assert node.installed("demo") == "1.0.0"
    answer = node.call("unhold")
    assert answer.code == 0 and "not held back any more" in answer.out
    node.daemon.wait("attempt.committed", "2.0.0")


def test_a_person_postpones_a_limited_number_of_times_and_agrees_in_the_end(office):
    node, publish_second = office("postponements = 2\n")
    with open(node.home("demo") / "busy.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        publish_second().wait("gate.waiting", "busy")
        assert node.call("postpone", "2h").out.startswith("demo: postponed until")
        assert node.call("postpone", "25h").code == 2
        assert node.call("postpone", "90m", "demo").code == 0
        refused = node.call("postpone", "1h")
        assert refused.code == 4 and "postponed 2 times" in refused.err, refused
    app = why(node)
    assert standing(app, "postponed").standing == "closed" and standing(app, "busy").standing == "fine"
    assert (app.postponements, app.postponements_allowed) == (2, 2)
    text = node.call("why").out
    assert "a person postponed it until" in text and "2 of 2 times" in text, text
    assert node.call("update", "--now").code == 0
    assert node.installed("demo") == "2.0.0"
    assert node.history()[0].passed_because == "a person agreed to it"
    assert "let through at" in node.call("why").out


def test_a_postponement_outlives_the_node(office):
    node, publish_second = office()
    node.call("hold")
    publish_second().wait("gate.waiting")
    node.daemon.stop()
    assert node.call("postpone", "2h").code == 0
    assert "no node is running here" in node.call("why").out
    assert node.call("unhold").code == 0
    node.run().wait("gate.waiting", "a person postponed it")
    assert node.installed("demo") == "1.0.0"


def test_nothing_can_be_postponed_when_nothing_waits(office):
    node, _ = office()
    for command in (["postpone", "1h"], ["update", "--tonight"]):
        answer = node.call(*command)
        assert answer.code == 3 and "nothing waits" in answer.err, answer
    assert node.call("postpone", "soon").code == 2
    assert node.call("why", "nobody").code == 3
    assert "nothing newer is on offer" in node.call("why").out


def test_nobody_but_the_nodes_own_user_may_decide(office):
    node, _ = office()
    assert stat.S_IMODE((node.state / "node.sock").stat().st_mode) == 0o600
    assert stat.S_IMODE(node.state.stat().st_mode) == 0o700


def test_a_dry_run_tells_and_changes_nothing(seeder, make_node, release, free_port):
    seeder.publish(release("1.0.0"), "demo", "1.0.0", *payloads.service(free_port))
    node = make_node(seeder, "node")
    app = node.call("update", "--dry-run", "--json").json(WhyResult).apps[0]
    assert (app.state, app.version, app.to_version) == ("allowed", "", "1.0.0")
    assert node.installed("demo") is None and not node.history()
    assert not list((node.state / "packages").glob("*"))


def test_tonight_is_waited_for_and_not_overslept(office):
    node, publish_second = office()
    assert node.call("hold").code == 0
    publish_second().wait("gate.waiting")
    answer = node.call("update", "--tonight")
    assert answer.code == 0 and "may be updated tonight" in answer.out, answer
    assert standing(why(node), "tonight").standing in ("closed", "fine")  # by the time of day of this test


def test_a_critical_release_does_not_wait_for_the_window_of_the_node(office):
    node, publish_second = office('windows = ["sun 03:00-03:01"]\nzone = "UTC"\n')
    publish_second("--critical").wait("attempt.committed", "2.0.0")
    assert "not busy" in node.history()[0].passed_because


def test_a_machine_that_is_never_forced_lets_a_critical_release_wait(office):
    day = "mon" if time.gmtime().tm_wday > 3 else "sun"
    node, publish_second = office(f'windows = ["{day} 03:00-03:01"]\nzone = "UTC"\nnever_force = true\n')
    publish_second("--critical", "--deadline-hours", "1").wait("gate.waiting", "outside the time window")
    assert why(node).deadline == 0


def test_an_open_connection_is_waited_for(office, free_port):
    node, publish_second = office("connections = 0\n")
    with socket.create_connection(("127.0.0.1", free_port)):
        publish_second().wait("gate.waiting", "1 connection to the application is open")
        assert node.installed("demo") == "1.0.0"
    node.daemon.wait("attempt.committed", "2.0.0")
    assert "0 connections" in node.history()[0].passed_because


def test_a_command_that_the_operator_named_is_waited_for(office, tmp_path):
    node, publish_second = office('commands = ["night-backup"]\n')
    program = tmp_path / "night-backup"
    program.symlink_to("/bin/sleep")
    with programs.subprocess.Popen([program, "1000"]) as backup:
        publish_second().wait("gate.waiting", "night-backup is running")
        backup.kill()
    node.daemon.wait("attempt.committed", "2.0.0")


def test_who_uses_the_machine_is_left_alone(office, stand_in):
    stand_in.somebody_types()
    node, publish_second = office("user_idle_minutes = 10\n", stand_in.environment)
    publish_second().wait("gate.waiting", "somebody is using this machine")
    stand_in.idle_for(5 * 60)
    programs.wait_until(lambda: "5 min ago" in standing(why(node), "user").says, "logind is asked again")
    assert node.installed("demo") == "1.0.0"
    stand_in.idle_for(43 * 60)
    node.call("unhold")  # the gate looks again at once, and not in a minute
    node.daemon.wait("attempt.committed", "2.0.0")
    assert "nobody at the machine for 43 min" in node.history()[0].passed_because


def test_a_machine_nobody_is_logged_in_to_is_idle(office, stand_in):
    stand_in.nobody_is_logged_in()
    node, publish_second = office("user_idle_minutes = 10\n", stand_in.environment)
    publish_second().wait("attempt.committed", "2.0.0")
    assert "nobody is logged in" in node.history()[0].passed_because


def test_a_presentation_is_not_interrupted(office, stand_in):
    node, publish_second = office("inhibitors = true\n", stand_in.environment)
    delay = stand_in.inhibit("sleep", "NetworkManager", "it needs a moment", mode="delay")
    show = stand_in.inhibit("idle", "Impress", "presentation")
    publish_second().wait("gate.waiting", "the machine must stay awake for Impress: presentation")
    os.close(show)
    node.daemon.wait("attempt.committed", "2.0.0")
    os.close(delay)


def test_a_machine_stays_awake_while_its_application_is_stopped(seeder, make_node, release, free_port, stand_in, tmp_path):
    wait = tmp_path / "wait"
    wait.touch()
    stop = f"while test -e {wait}; do sleep 0.02; done; " + payloads.STOP
    service = payloads.service(free_port, stop=stop)
    seeder.publish(release("1.0.0"), "demo", "1.0.0", *service)
    node = make_node(seeder, "node")
    assert node.call("update", "--now").code == 0
    node.run(environment=stand_in.environment)
    assert stand_in.inhibitors() == []
    seeder.publish(release("2.0.0"), "demo", "2.0.0", *service)
    node.daemon.wait("phase.drain", "2.0.0")
    assert stand_in.inhibitors() == [("sleep:shutdown", "Lanyard", "replacing demo 2.0.0", "block")]
    wait.unlink()
    node.daemon.wait("attempt.committed", "2.0.0")
    programs.wait_until(lambda: stand_in.inhibitors() == [], "the machine may sleep again")


def test_a_machine_without_logind_is_not_taken_for_idle(office, tmp_path):
    nowhere = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path}/nowhere"}
    node, publish_second = office("user_idle_minutes = 1\n", nowhere)
    publish_second().wait("gate.waiting", "cannot tell whether somebody uses this machine")
    assert standing(why(node), "user").unknown
    assert node.installed("demo") == "1.0.0"


def test_a_policy_is_tried_out_at_the_nights_that_change_the_clock(tmp_path):
    facts = tmp_path / "facts.toml"
    facts.write_text('connections = 0\n[policy]\nwindows = ["sun 02:15-02:45"]\nzone = "Europe/Berlin"\nconnections = 0\n')

    def at(moment):
        answer = programs.call("lanyard-node", "policy", "test", "--at", moment, "--with", facts, "--json")
        return answer.json(WhyResult).apps[0]

    assert at("2026-10-25 02:30").state == "allowed"
    assert at("2026-10-25T00:30:00Z").state == "allowed"
    assert at("2026-10-25T01:30:00Z").state == "allowed", "the hour comes twice"
    assert at("2026-10-25T02:30:00Z").state == "waiting"
    swallowed = at("2026-03-29 01:00")
    assert swallowed.state == "waiting"
    assert swallowed.earliest == 1775348100, "Sunday 2026-04-05 02:15 in Berlin: on the 29th the hour is not there"


def test_the_page_leads_to_a_policy_that_was_tried_out(seeder, office, tmp_path):
    node, _ = office()
    page = howto.Page("when-updates-come", tmp_path / "page", seeder, node)
    [policy] = page.settings
    file = node.state / "node.toml"
    file.write_text(file.read_text() + policy)
    assert "window mon-fri 20:00-06:00 or sat,sun" in page.run()
    first, later = page.run().split("policy", 2)[1:]
    assert "2 connections to the application are open" in first and "it waits" in first, first
    assert "its deadline and the grace are over" in later and "it may be updated" in later, later
    assert "nothing newer is on offer" in page.run()
    assert "not held back any more" in page.run()
    assert page.finished()


def test_a_policy_is_tried_out_with_facts_that_are_wrong(tmp_path):
    facts = tmp_path / "facts.toml"
    facts.write_text("conections = 0\n")
    answer = programs.call("lanyard-node", "policy", "test", "--with", facts)
    assert answer.code == 2 and "facts.toml:1: unknown key 'conections'" in answer.err, answer
    assert programs.call("lanyard-node", "policy", "test", "--with", tmp_path / "none").code == 3


def test_a_policy_is_explained_with_what_the_sensors_say_now(office):
    node, _ = office('connections = 0\ncpu_percent = 100\nbattery_percent = 1\ncommands = ["no-such-command"]\n')
    app = node.call("policy", "explain", "--json").json(WhyResult).apps[0]
    assert app.version == "1.0.0"
    for name in ("busy", "connections", "commands", "load", "battery"):
        assert standing(app, name).standing == "fine", standing(app, name)
    assert standing(app, "user").standing == "not_asked"
    text = node.call("policy", "explain", "demo").out
    assert "0 connections" in text and "[/proc/net/tcp, tcp6]" in text, text
