"""RPM packages, by the real rpm on a machine of the test's own."""
import os

import pytest

from harness import messages, native, payloads

pytestmark = pytest.mark.networks  # and mounts
NAME = "lanyard-shop"


@pytest.fixture
def build(tmp_path):
    return lambda version, **options: native.rpm(tmp_path, version, **options)


@pytest.fixture
def red(machine, tmp_path):
    """A machine whose RPM database knows a shell."""
    shell = native.rpm(tmp_path, "1", name="a-shell", provides="/bin/sh")
    machine.run("rpm", "--force-debian", "-U", shell)
    return machine


def start(seeder, make_node, machine, build, port):
    """A node on the machine that runs 1.0.0."""
    policy = native.service(port, start_seconds=8)
    seeder.publish(build("1.0.0"), "demo", "1.0.0", *policy)
    node = make_node(seeder, network=machine, many_peers_per_address="true")
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")
    return node, daemon, policy


def expect(machine, node, port, version):
    assert machine.rpm_version(NAME) == version
    assert node.installed("demo") == version
    assert payloads.answer(port) == version


def test_an_rpm_is_installed_upgraded_refused_and_rolled_back(red, seeder, make_node, build, free_port):
    node, daemon, policy = start(seeder, make_node, red, build, free_port)
    expect(red, node, free_port, "1.0.0")
    seeder.publish(build("2.0.0"), "demo", "2.0.0", *policy)
    daemon.wait("attempt.committed", "2.0.0")
    expect(red, node, free_port, "2.0.0")

    # Before the files are changed, and after: rpm itself thinks nothing of the second.
    for version, script in (("3.0.0", "pre"), ("4.0.0", "post")):
        broken = build(version, scripts={script: "echo the schema is from another world >&2; exit 3"})
        seeder.publish(broken, "demo", version, *policy)
        event = daemon.wait("attempt.rolled_back", version)
        assert "the schema is from another world" in event.text
        expect(red, node, free_port, "2.0.0")

    seeder.publish(build("5.0.0", unhealthy=True), "demo", "5.0.0", *policy)
    daemon.wait("attempt.rolled_back", "5.0.0")
    expect(red, node, free_port, "2.0.0")

    seeder.publish(build("6.0.0"), "demo", "6.0.0", *policy)
    daemon.wait("attempt.committed", "6.0.0")
    answer = node.call("rollback")
    assert answer.code == 0, answer
    expect(red, node, free_port, "2.0.0")


def test_a_first_rpm_that_fails_leaves_no_trace(red, seeder, make_node, build, free_port):
    seeder.publish(build("1.0.0", scripts={"post": "exit 3"}), "demo", "1.0.0", *native.service(free_port))
    node = make_node(seeder, network=red, many_peers_per_address="true")
    node.run().wait("attempt.rolled_back", "1.0.0")
    assert red.rpm_version(NAME) is None
    assert not red.path(native.PLACE + "/app.py").exists()
    assert node.installed("demo") is None


def test_an_rpm_that_needs_what_is_not_there_disturbs_nobody(red, seeder, make_node, build, free_port):
    node, daemon, policy = start(seeder, make_node, red, build, free_port)
    place = daemon.count()
    seeder.publish(build("2.0.0", requires="lanyard-missing >= 2"), "demo", "2.0.0", *policy)
    event = daemon.wait("attempt.failed", "2.0.0")
    assert "lanyard-missing" in event.text
    assert not [e for e in daemon.events[place:] if e.name in ("phase.drain", "phase.apply")]
    expect(red, node, free_port, "1.0.0")


def test_rpm_goes_on_when_the_node_is_killed_and_the_next_node_takes_up_what_it_did(
        red, seeder, make_node, build, free_port, tmp_path):
    node, daemon, policy = start(seeder, make_node, red, build, free_port)
    begun, go_on = tmp_path / "begun", tmp_path / "go-on"
    os.mkfifo(go_on)
    os.mkfifo(begun)
    slow = build("2.0.0", scripts={"post": f"echo >{begun}; read line <{go_on}"})
    seeder.publish(slow, "demo", "2.0.0", *policy)
    begun.read_text()
    daemon.kill()
    daemon = node.run()
    daemon.wait("attempt.resumed", "2.0.0")
    go_on.write_text("now\n")
    daemon.wait("attempt.committed", "2.0.0")
    expect(red, node, free_port, "2.0.0")


def test_an_rpm_is_held_back_where_there_is_no_rpm(red, seeder, make_node, build, free_port):
    seeder.publish(build("1.0.0"), "demo", "1.0.0", *native.service(free_port))
    red.path("/usr/bin/rpm").unlink()
    node = make_node(seeder, network=red, many_peers_per_address="true")
    node.run()
    offers = node.call("check", "--json").json(messages.status_pb2.CheckResult).offers
    assert "has no rpm" in offers[0].held_back
