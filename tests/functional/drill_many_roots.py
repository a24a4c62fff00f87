"""docs/how-to/renew-root.md, and again and again: a node that was away all the time walks through every root."""
import time

from harness import drills, messages, programs

# With sanitizers the seeder takes half a second for each.
ROOTS = 256 if programs.THOROUGH else 24


def test_a_node_that_was_away_follows_every_root(make_seeder, make_node, release, tmp_path):
    seeder = make_seeder()
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    seeder.serve()
    node = make_node(seeder)
    drills.accepted(node)

    page = drills.page("renew-root", tmp_path / "page", seeder)
    page.run()
    page.run()
    assert page.finished()
    for version in range(4, ROOTS + 1):
        answer = seeder.call("key", "rotate", "--role", "root", "--json")
        told = answer.json(messages.status_pb2.KeyList)
        assert told.root_version == version
        for retired in told.unused:  # as the page says
            (seeder.state / retired).unlink()
            (seeder.state / retired).with_suffix(".pub").unlink(missing_ok=True)
    assert drills.version(seeder, "root") == ROOTS

    began = time.monotonic()
    drills.accepted(node)
    print(f"{ROOTS} roots followed in {time.monotonic() - began:.2f} s")
    seeder.publish(release("2.0.0"), "demo", "2.0.0")
    node.run().wait("attempt.committed", "2.0.0")
