"""A node dies, or is told to stop, in every phase: afterwards the old or the new release stands, whole, and the walk goes
on."""
import fcntl
import shutil

import pytest

from harness import lockstep, payloads, programs

HOLD = "while test -e ../../hold; do sleep 0.02; done; "


class Office:
    """A node that runs version 1 as a service, and version 2 ready to be published."""

    def __init__(self, seeder, make_node, release, port, unhealthy=False):
        self.seeder, self.port = seeder, port
        self.first, self.second = release("1.0.0"), release("2.0.0", data_bytes=3_000_000, unhealthy=unhealthy)
        self.policy = payloads.service(port, probation=2, stop=HOLD + payloads.STOP, start_seconds=4)
        seeder.publish(self.first, "demo", "1.0.0", *self.policy)
        self.node = make_node(seeder)
        self.node.run().wait("attempt.committed", "1.0.0")

    def publish_second(self):
        return self.seeder.publish(self.second, "demo", "2.0.0", *self.policy)

    def hold_after(self, event):
        """Runs the node up to the event that follows this one."""
        state = self.node.state
        command = [programs.BIN / "lanyard-node", "run", "--state", state]
        self.node.daemon = lockstep.Lockstep(command, event, log=state.with_suffix(".log"))

    def kill_and_look(self):
        self.node.daemon.kill()
        self.node.daemon.check()
        tree = payloads.tree_hash(self.node.home("demo") / "current")
        assert tree in (payloads.tree_hash(self.first), payloads.tree_hash(self.second)), "half a release"

    def stop_and_look(self):
        assert self.node.daemon.stop() == 0
        tree = payloads.tree_hash(self.node.home("demo") / "current")
        assert tree in (payloads.tree_hash(self.first), payloads.tree_hash(self.second)), "half a release"

    def settled(self):
        app = self.node.app("demo")
        return not app.HasField("attempt") and app.version

    def finish_with(self, version):
        programs.wait_until(lambda: self.settled() == version, f"{version} is installed and no attempt is under way")
        tree = {"1.0.0": self.first, "2.0.0": self.second}[version]
        assert payloads.tree_hash(self.node.home("demo") / "current") == payloads.tree_hash(tree)
        # The journal may be first: what was started in a roll back need not have become healthy in time.
        programs.wait_until(lambda: payloads.answer(self.port) == version, f"{version} answers")
        assert list((self.node.home("demo") / "staging").glob("*")) == []


@pytest.fixture
def make_office(seeder, make_node, release, free_port):
    def make(**options):
        return Office(seeder, make_node, release, free_port, **options)

    return make


def test_killed_while_fetching_it_fetches_the_rest(make_office):
    office = make_office()
    office.node.daemon.stop()
    office.node.configure(download_kib_per_second=1000)
    daemon = office.node.run()
    office.publish_second()
    daemon.wait("phase.fetch")
    programs.wait_until(lambda: office.node.app("demo").attempt.bytes_done > 300_000, "some pieces have come")
    office.kill_and_look()
    assert office.node.installed("demo") == "1.0.0"
    office.node.run()
    office.finish_with("2.0.0")


# The event that is told right before a phase begins.
BEFORE = {"fetch": "check.offer", "stage": "phase.fetch", "wait_idle": "phase.stage", "apply": "phase.drain",
          "probe": "phase.apply", "commit": "phase.probe", "roll_back": "probe.failed"}


@pytest.mark.parametrize("phase", BEFORE)
def test_killed_as_a_phase_begins_it_goes_on_from_there(phase, make_office):
    office = make_office(unhealthy=phase == "roll_back")
    office.seeder.daemon.wait("fleet.report", "1.0.0")
    office.node.daemon.stop()
    target = office.publish_second()
    # It is found there, so that the fetch tells nothing.
    shutil.copy(office.seeder.package(target), office.node.state / "packages" / target.sha256.hex())
    office.hold_after(BEFORE[phase])
    office.node.daemon.wait_until_held()
    programs.wait_until(lambda: office.node.journalled_phase() == phase, f"{phase} is written down")
    office.kill_and_look()
    assert office.node.journalled_phase() == phase
    daemon = office.node.run()
    daemon.wait("attempt.resumed", f"in phase {phase}")
    office.finish_with("1.0.0" if phase == "roll_back" else "2.0.0")


def test_killed_while_waiting_for_the_gate_it_waits_again(make_office):
    office = make_office()
    with open(office.node.home("demo") / "busy.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        office.publish_second()
        office.node.daemon.wait("phase.wait_idle", text="2.0.0")
        office.kill_and_look()
        assert payloads.answer(office.port) == "1.0.0"
        daemon = office.node.run()
        daemon.wait("attempt.resumed", "in phase wait_idle")
        daemon.wait("gate.waiting")
        assert payloads.answer(office.port) == "1.0.0"
    office.finish_with("2.0.0")


def test_killed_while_the_application_is_being_stopped_it_stops_and_updates_it(make_office):
    office = make_office()
    hold = office.node.home("demo") / "hold"
    hold.touch()
    office.publish_second()
    office.node.daemon.wait("phase.drain", text="2.0.0")
    office.kill_and_look()
    assert office.node.installed("demo") == "1.0.0"
    hold.unlink()
    office.node.run().wait("attempt.resumed", "in phase drain")
    office.finish_with("2.0.0")


def test_killed_while_rolling_back_it_still_ends_on_the_old_release_and_says_so(make_office):
    office = make_office(unhealthy=True)
    office.publish_second()
    office.node.daemon.wait("phase.roll_back")
    office.kill_and_look()
    office.node.run()
    office.finish_with("1.0.0")
    last = office.node.history()[0]
    assert (last.to_version, last.outcome) == ("2.0.0", 2)  # OUTCOME_ROLLED_BACK


@pytest.mark.parametrize("phase", ["fetch", "stage", "wait_idle", "drain", "apply", "probe", "commit"])
def test_told_to_stop_in_a_phase_it_leaves_the_application_running_and_goes_on(phase, make_office):
    office = make_office()
    office.publish_second()
    office.node.daemon.wait(f"phase.{phase}", text="2.0.0")
    office.stop_and_look()
    programs.wait_until(lambda: payloads.answer(office.port) in ("1.0.0", "2.0.0"), "the application runs again")
    office.node.run()
    office.finish_with("2.0.0")


def test_told_to_stop_in_a_long_probation_it_stops_at_once_and_begins_it_again(make_office):
    office = make_office()
    long = payloads.service(office.port, probation=3600, stop=HOLD + payloads.STOP, start_seconds=4)
    office.seeder.publish(office.second, "demo", "2.0.0", *long)
    for _ in range(4):  # a node that dies in its fourth trial rolls back
        office.node.daemon.wait("phase.probe", text="2.0.0")
        programs.wait_until(lambda: payloads.answer(office.port) == "2.0.0", "the new release runs")
        office.stop_and_look()
        assert payloads.answer(office.port) == "2.0.0"
        daemon = office.node.run()
        daemon.wait("attempt.resumed", "in phase probe")
    assert office.node.app("demo").attempt.phase == "probe"


def test_told_to_stop_while_a_stop_command_hangs_it_does_not_wait_for_it(make_office):
    office = make_office()
    hold = office.node.home("demo") / "hold"
    hold.touch()
    office.publish_second()
    office.node.daemon.wait("phase.drain", text="2.0.0")
    office.stop_and_look()
    assert payloads.answer(office.port) == "1.0.0"
    hold.unlink()
    office.node.run()
    office.finish_with("2.0.0")


def test_told_to_stop_while_rolling_back_it_still_ends_on_the_old_release(make_office):
    office = make_office(unhealthy=True)
    office.publish_second()
    office.node.daemon.wait("phase.roll_back")
    office.stop_and_look()
    office.node.run()
    office.finish_with("1.0.0")
    assert office.node.history()[0].outcome == 2  # OUTCOME_ROLLED_BACK


def test_an_attempt_that_was_interrupted_is_reported_once(make_office):
    office = make_office()
    office.publish_second()
    office.node.daemon.wait("phase.probe", text="2.0.0")
    office.node.daemon.kill()
    daemon = office.node.run()
    daemon.wait("attempt.resumed")
    daemon.wait("attempt.committed", "2.0.0")
    daemon.wait("report.sent")
    assert [report.to_version for report in office.node.history()] == ["2.0.0", "1.0.0"]
    assert len(office.seeder.daemon.told("fleet.report")) == 2
