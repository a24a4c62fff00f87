"""docs/how-to/fast-forward.md, as it stands there."""
from harness import drills, forgery


def test_nodes_recover_from_versions_that_were_driven_to_the_end(make_seeder, make_node, release, tmp_path):
    seeder = make_seeder()
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    seeder.serve()
    node = make_node(seeder, poll_seconds=1)
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")
    thief = forgery.StolenSeeder(seeder, "snapshot", "timestamp")
    honest = thief.newest("timestamp").read_bytes()

    snapshot = thief.snapshot(forgery.LAST_VERSION)
    thief.timestamp(forgery.LAST_VERSION, (forgery.LAST_VERSION, snapshot))
    drills.accepted(node)
    thief.put("timestamp.pb", honest)
    drills.refused(node, "rollback")

    page = drills.page("fast-forward", tmp_path / "page", seeder)
    page.run()
    page.run()
    assert page.finished()
    drills.accepted(node)
    seeder.publish(release("2.0.0"), "demo", "2.0.0")
    daemon.wait("attempt.committed", "2.0.0")


def test_a_seeder_whose_own_folder_was_driven_to_the_end_says_how_to_go_on(make_seeder, make_node, release):
    seeder = make_seeder()
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    thief = forgery.StolenSeeder(seeder, "snapshot", "timestamp")
    snapshot = thief.snapshot(forgery.LAST_VERSION)
    thief.timestamp(forgery.LAST_VERSION, (forgery.LAST_VERSION, snapshot))
    payload = release("2.0.0")
    answer = seeder.call("publish", payload, "--app", "demo", "--version", "2.0.0")
    assert answer.code == 5 and "key rotate --role timestamp --role snapshot" in answer.err, answer
    answer = seeder.call("key", "rotate", "--role", "timestamp", "--role", "snapshot")
    assert answer.code == 0, answer
    seeder.publish(payload, "demo", "2.0.0")
    seeder.serve()
    make_node(seeder).run().wait("attempt.committed", "2.0.0")
