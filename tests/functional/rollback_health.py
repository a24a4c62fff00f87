"""A release that is not healthy, or not wanted, goes; the one before it comes back."""
import signal
import subprocess

import pytest

from harness import payloads, programs


def start(seeder, make_node, release, port, **second):
    policy = payloads.service(port, start_seconds=4)
    seeder.publish(release("1.0.0"), "demo", "1.0.0", *policy)
    node = make_node(seeder)
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")
    seeder.publish(release("2.0.0", **second), "demo", "2.0.0", *policy)
    return node, daemon, policy


def test_an_unhealthy_release_is_rolled_back_reported_and_not_tried_again(seeder, make_node, release, free_port):
    node, daemon, policy = start(seeder, make_node, release, free_port, unhealthy=True)
    daemon.wait("probe.failed")
    daemon.wait("attempt.rolled_back")
    daemon.wait("release.quarantined")
    assert payloads.answer(free_port) == "1.0.0"
    assert node.installed("demo") == "1.0.0"
    seeder.daemon.wait("fleet.report", "2.0.0")
    summary = next(app for app in seeder.status().nodes[0].apps if app.app == "demo")
    assert summary.last_outcome == 2  # OUTCOME_ROLLED_BACK
    assert summary.last_detail

    place = daemon.count()
    offers = node.call("check", "--json").json(programs.messages.status_pb2.CheckResult).offers
    assert all(offer.held_back for offer in offers)
    assert not [event for event in daemon.events[place:] if event.name.startswith("phase.")]

    seeder.publish(release("3.0.0"), "demo", "3.0.0", *policy)
    daemon.wait("attempt.committed", "3.0.0")
    assert payloads.answer(free_port) == "3.0.0"
    assert [report.to_version for report in node.history()] == ["3.0.0", "2.0.0", "1.0.0"]


def test_a_release_in_quarantine_is_not_tried_again_after_a_restart(seeder, make_node, release, free_port):
    node, daemon, _ = start(seeder, make_node, release, free_port, unhealthy=True)
    daemon.wait("attempt.rolled_back")
    daemon.wait("report.sent", after=daemon.count() - 1 if daemon.told("report.sent") else 0)
    daemon.stop()
    daemon = node.run()
    offers = node.call("check", "--json").json(programs.messages.status_pb2.CheckResult).offers
    assert all(offer.held_back for offer in offers)
    assert not daemon.told("phase.fetch")
    assert node.installed("demo") == "1.0.0"


def test_rollback_goes_to_the_kept_release_and_the_one_left_is_not_tried_again(
        seeder, make_node, release, free_port):
    node, daemon, policy = start(seeder, make_node, release, free_port)
    daemon.wait("attempt.committed", "2.0.0")
    answer = node.call("rollback")
    assert answer.code == 0, answer
    assert node.installed("demo") == "1.0.0"
    assert payloads.answer(free_port) == "1.0.0"
    answer = node.call("check", "--json")
    assert all(offer.held_back for offer in answer.json(programs.messages.status_pb2.CheckResult).offers)
    seeder.publish(release("3.0.0"), "demo", "3.0.0", *policy)
    daemon.wait("attempt.committed", "3.0.0")
    assert payloads.answer(free_port) == "3.0.0"


def on_trial(seeder, node, daemon, release, port, version):
    """That version is in a probation that does not end by itself."""
    seeder.publish(release(version), "demo", version, *payloads.service(port, probation=3600, start_seconds=20))
    daemon.wait("phase.probe", version)
    programs.wait_until(lambda: payloads.answer(port) == version, "it runs")


@pytest.mark.parametrize("before", ["2.0.0", "1.0.0"])
def test_rollback_in_a_trial_ends_the_trial_and_goes_back_no_further(before, seeder, make_node, release, free_port):
    """Whether or not a release is kept for a way back beside the one that was left for the trial."""
    node, daemon, _ = start(seeder, make_node, release, free_port)
    daemon.wait("attempt.committed", "2.0.0")
    if before == "1.0.0":
        node.call("rollback")
        seeder.daemon.wait("fleet.report", "rolled back")
    on_trial(seeder, node, daemon, release, free_port, "3.0.0")
    place = daemon.count()
    answer = node.call("rollback")
    assert answer.code == 0 and "a person asked" in answer.out, answer
    assert node.installed("demo") == before
    assert payloads.answer(free_port) == before
    assert [(report.to_version, report.outcome) for report in node.history()][0] == ("3.0.0", 2)
    node.call("check")
    told = [event.text for event in daemon.events[place:] if event.name == "release.quarantined"]
    assert len(told) == 1 and "3.0.0" in told[0], told
    assert node.app("demo").version == before


def test_rollback_in_the_trial_of_a_first_release_takes_it_away(seeder, make_node, release, free_port):
    node = make_node(seeder)
    daemon = node.run()
    on_trial(seeder, node, daemon, release, free_port, "1.0.0")
    answer = node.call("rollback")
    assert answer.code == 0, answer
    assert node.installed("demo") is None
    programs.wait_until(lambda: payloads.answer(free_port) is None, "it is stopped")


def test_an_update_that_is_interrupted_in_a_trial_says_so_and_status_shows_it(seeder, make_node, release, free_port):
    node, daemon, _ = start(seeder, make_node, release, free_port)
    daemon.wait("attempt.committed", "2.0.0")
    daemon.stop()
    seeder.publish(release("3.0.0"), "demo", "3.0.0", *payloads.service(free_port, probation=3600, start_seconds=20))
    command = [str(programs.BIN / "lanyard-node"), "update", "--now", "--state", str(node.state)]
    update = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    programs.wait_until(lambda: payloads.answer(free_port) == "3.0.0", "the new release runs")
    update.send_signal(signal.SIGINT)
    out, err = update.communicate(timeout=programs.PATIENCE)
    assert update.returncode == 8 and out == "", (out, err)
    assert "demo 3.0.0: interrupted in phase probe, 3.0.0 is current" in err and "goes on with it" in err, err
    app = node.app("demo")
    assert (app.version, app.attempt.to_version, app.attempt.phase) == ("2.0.0", "3.0.0", "probe")
    assert "3.0.0 is current" in app.attempt.why[0]
    assert payloads.answer(free_port) == "3.0.0"
    node.run().wait("attempt.resumed", "in phase probe")


def test_rollback_works_without_a_daemon(seeder, make_node, release, free_port):
    node, daemon, _ = start(seeder, make_node, release, free_port)
    daemon.wait("attempt.committed", "2.0.0")
    daemon.stop()
    answer = node.call("rollback")
    assert answer.code == 0, answer
    assert node.installed("demo") == "1.0.0"
    assert payloads.answer(free_port) == "1.0.0"


def test_the_ports_an_update_closes_are_open_again_at_its_end_and_the_report_says_for_how_long(
        seeder, make_node, release, free_port):
    node, daemon, _ = start(seeder, make_node, release, free_port)
    daemon.wait("attempt.committed", "2.0.0")
    assert payloads.answer(free_port) == "2.0.0"
    report = node.history()[0]
    assert 0 < report.ports_closed_ms < 20_000
    assert [phase.phase for phase in report.phases][:1] == ["fetch"]


def test_a_first_release_that_is_not_healthy_leaves_nothing_running(seeder, make_node, release, free_port):
    seeder.publish(release("1.0.0", unhealthy=True), "demo", "1.0.0", *payloads.service(free_port, start_seconds=3))
    node = make_node(seeder)
    node.run().wait("attempt.rolled_back")
    programs.wait_until(lambda: payloads.answer(free_port) is None, "the unhealthy service is stopped")
    assert node.installed("demo") is None
