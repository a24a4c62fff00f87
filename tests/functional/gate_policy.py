"""Nobody is interrupted against the policy."""
import datetime
import fcntl
import time

import pytest

from harness import payloads, programs


@pytest.fixture
def office(seeder, make_node, release, free_port):
    """A function: a node that runs version 1, and version 2 published."""
    policy = payloads.service(free_port)

    def make(*options):
        seeder.publish(release("1.0.0"), "demo", "1.0.0", *policy)
        node = make_node(seeder, "node", *options)
        answer = node.call("update", "--now")
        assert answer.code == 0, answer
        node.run()
        return node, lambda: seeder.publish(release("2.0.0"), "demo", "2.0.0", *policy)

    return make


def window_that_is_closed_now():
    now = datetime.datetime.now()
    begin, end = now + datetime.timedelta(hours=2), now + datetime.timedelta(hours=3)
    return f"{begin:%H:%M}-{end:%H:%M}"


def window_that_is_open_now():
    now = datetime.datetime.now()
    begin, end = now - datetime.timedelta(hours=1), now + datetime.timedelta(hours=1)
    return f"{begin:%H:%M}-{end:%H:%M}"


def test_a_busy_application_is_waited_for_and_status_says_why(office, free_port):
    node, publish_second = office()
    with open(node.home("demo") / "busy.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        publish_second()
        node.daemon.wait("gate.waiting")
        attempt = node.app("demo").attempt
        assert attempt.phase == "wait_idle"
        assert any("busy" in reason for reason in attempt.why), attempt.why
        assert payloads.answer(free_port) == "1.0.0"
    node.daemon.wait("attempt.committed", "2.0.0")
    assert payloads.answer(free_port) == "2.0.0"


def test_outside_its_window_an_application_is_left_alone_until_a_person_agrees(office, free_port):
    window = window_that_is_closed_now()
    node, publish_second = office("--window", window)
    publish_second()
    node.daemon.wait("gate.waiting")
    assert any(window.partition("-")[0] in reason for reason in node.app("demo").attempt.why)
    assert payloads.answer(free_port) == "1.0.0"
    answer = node.call("update", "--now")
    assert answer.code == 0, answer
    assert payloads.answer(free_port) == "2.0.0"


def test_inside_its_window_an_application_is_updated(office):
    node, publish_second = office("--window", window_that_is_open_now())
    publish_second()
    node.daemon.wait("attempt.committed", "2.0.0")


def test_a_person_who_agrees_does_not_override_an_application_that_holds_its_lock_for_other_applications(
        seeder, make_node, release):
    """--app names whom the agreement is for."""
    for app in ("one", "two"):
        seeder.publish(release(f"1.0.0-{app}"), app, "1.0.0")
    node = make_node(seeder, "node", "--app", "one", "--app", "two", app=None)
    answer = node.call("update", "--now")
    assert answer.code == 0, answer
    node.run()
    locks = [open(node.home(app) / "busy.lock", "w", encoding="utf-8") for app in ("one", "two")]
    for lock in locks:
        fcntl.flock(lock, fcntl.LOCK_EX)
    for app in ("one", "two"):
        seeder.publish(release(f"2.0.0-{app}"), app, "2.0.0")
    node.daemon.wait("gate.waiting")
    answer = node.call("update", "--now", "--app", "one")
    assert answer.code == 0, answer
    assert (node.installed("one"), node.installed("two")) == ("2.0.0", "1.0.0")
    for lock in locks:
        lock.close()
    programs.wait_until(lambda: node.installed("two") == "2.0.0", "the other one follows")


def test_a_node_hears_of_a_release_at_once_though_it_polls_once_an_hour(seeder, make_node, release):
    node = make_node(seeder, poll_seconds=3600)
    daemon = node.run()
    programs.wait_until(lambda: seeder.status().nodes, "the node has asked for the first time")
    began = time.monotonic()
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    published = time.monotonic()
    offered = daemon.wait("check.offer")
    assert began < offered.at < published + 5
    daemon.wait("attempt.committed")
