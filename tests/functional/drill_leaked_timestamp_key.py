"""docs/how-to/leaked-timestamp-key.md, as it stands there."""
from harness import drills, forgery


def test_a_leaked_timestamp_key_is_replaced_under_a_serving_seeder(make_seeder, make_node, release, tmp_path):
    seeder = make_seeder()
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    seeder.serve()
    node = make_node(seeder)
    drills.accepted(node)
    thief = forgery.StolenSeeder(seeder, "timestamp")
    honest = thief.newest("timestamp").read_bytes()

    thief.timestamp(1000)
    drills.accepted(node)  # before the rotation the key is good
    thief.put("timestamp.pb", honest)
    drills.refused(node, "rollback")  # and hides what is new

    page = drills.page("leaked-timestamp-key", tmp_path / "page", seeder)
    page.run()
    page.run()
    assert page.finished()
    drills.accepted(node)
    honest = thief.newest("timestamp").read_bytes()
    thief.timestamp(2000)
    drills.refused(node, "timestamp", "arbitrary software")
    thief.put("timestamp.pb", honest)

    # The serving seeder goes on with the new key, and so does the next publish.
    seeder.publish(release("2.0.0"), "demo", "2.0.0")
    daemon = node.run()
    daemon.wait("attempt.committed", "2.0.0")
    seeder.daemon.stop()
    seeder.serve()
    drills.accepted(node)
